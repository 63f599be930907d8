// SPDX-License-Identifier: MIT

// Package headers reads the headers that a user gives the relay to send, and says who
// else can read them. They come from a file or from the environment, since other users of
// the machine can read a command line. No error holds a value.
package headers

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"

	"golang.org/x/net/http/httpguts"

	"tailscale-mcp/internal/cli"
	"tailscale-mcp/internal/proxy/endpoint"
)

// maxFile is more than servers accept in headers.
const maxFile = 64 << 10

// EnvForm is what --header-env is given, by an example.
const EnvForm = "for example: --header-env Authorization=MY_TOKEN, where MY_TOKEN holds the whole value, such as \"Bearer ...\""

// Instead is what to do instead of giving a header, most likely a secret, as an
// option.
const Instead = "others can read a command line: write the header into a file, as \"Name: value\", and name that with --header-file; or use --header-env"

// Read reads the headers in a file, unless its name is empty, and those that pairs,
// NAME=VARIABLE each, take from the environment, in which lookup finds the value of a
// variable. An error is a wrong command line.
func Read(file string, pairs []string, lookup func(variable string) string) (http.Header, error) {
	h := http.Header{}
	if file != "" {
		if err := readFile(h, file); err != nil {
			return nil, err
		}
	}
	for _, pair := range pairs {
		name, from, err := From(pair)
		if err != nil {
			return nil, err
		}
		value := lookup(from)
		if value == "" {
			return nil, cli.Misused("set it where the client is configured, under \"env\"", "--header-env: the variable named for %s is not set, or empty", printable(name))
		}
		where := "--header-env"
		if httpguts.ValidHeaderFieldName(name) {
			where += " " + name
		}
		if err := add(h, where, name, value); err != nil {
			return nil, err
		}
	}
	return h, nil
}

// From returns the header that a value of --header-env names, and the variable.
func From(pair string) (name, variable string, err error) {
	name, variable, ok := strings.Cut(pair, "=")
	if !ok || variable == "" {
		return "", "", cli.Misused(EnvForm, "--header-env: not NAME=VARIABLE")
	}
	return name, variable, nil
}

// readFile adds the headers in a file.
func readFile(h http.Header, file string) error {
	const form = "it is a text file with lines of \"Name: value\"; empty lines and those that begin with # are left out"
	f, err := os.Open(file)
	if err != nil {
		return cli.Misused("check the path, and that you may read it", "--header-file: %w", err)
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return cli.Misused(form, "--header-file: %w", err)
	}
	if len(text) > maxFile {
		return cli.Misused(form, "--header-file: %s is larger than %d bytes", file, maxFile)
	}
	n := 0
	for line := range bytes.Lines(text) {
		n++
		line = bytes.TrimSpace(line)
		if len(line) == 0 || line[0] == '#' {
			continue
		}
		where := fmt.Sprintf("--header-file: line %d of %s", n, file)
		name, value, ok := strings.Cut(string(line), ":")
		if !ok {
			return cli.Misused(form, "%s has no colon", where)
		}
		if err := add(h, where, name, strings.TrimSpace(value)); err != nil {
			return err
		}
	}
	return nil
}

// printable keeps what cannot be the name of a header out of messages: it may be
// the secret.
func printable(name string) string {
	if !httpguts.ValidHeaderFieldName(name) {
		return "a header"
	}
	return name
}

// add adds a header that may be sent and is not there yet; where is for the error.
func add(h http.Header, where, name, value string) error {
	if err := endpoint.CheckHeader(name, value); err != nil {
		return cli.Misused("leave it out, or correct it", "%s: %w", where, err)
	}
	if h.Get(name) != "" {
		return cli.Misused("leave one of them out", "%s: %s is given twice", where, name)
	}
	h.Set(name, value)
	return nil
}
