// SPDX-License-Identifier: MIT

package main

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"

	"tailscale-mcp/internal/cli"
	"tailscale-mcp/internal/proxy/endpoint"
)

// maxHeaderFile is more than servers accept in headers.
const maxHeaderFile = 64 << 10

// headerEnvForm is what --header-env is given, by an example.
const headerEnvForm = "for example: --header-env Authorization=MY_TOKEN, where MY_TOKEN holds the whole value, such as \"Bearer ...\""

// noHeader is what to do instead of giving a header, most likely a secret, as an
// option.
const noHeader = "others can read a command line: write the header into a file, as \"Name: value\", and name that with --header-file; or use --header-env"

// readHeaders reads the user's headers. They come from a file or from the
// environment, since other users of the machine can read a command line. No
// error holds a value.
func (opt *options) readHeaders(environ []string) error {
	h := http.Header{}
	if opt.headerFile != "" {
		if err := readHeaderFile(h, opt.headerFile); err != nil {
			return err
		}
	}
	for _, pair := range opt.headerEnv.list {
		name, from, err := headerFrom(pair)
		if err != nil {
			return err
		}
		value := lookup(environ, from)
		if value == "" {
			return cli.Misused("set it where the client is configured, under \"env\"", "--header-env: the variable named for %s is not set, or empty", printable(name))
		}
		if err := addHeader(h, "--header-env "+printable(name), name, value); err != nil {
			return err
		}
	}
	opt.header = h
	return nil
}

// headerFrom is the header that a value of --header-env names, and the variable.
func headerFrom(pair string) (name, variable string, err error) {
	name, variable, ok := strings.Cut(pair, "=")
	if !ok || variable == "" {
		return "", "", cli.Misused(headerEnvForm, "--header-env: not NAME=VARIABLE")
	}
	return name, variable, nil
}

func readHeaderFile(h http.Header, file string) error {
	const form = "it is a text file with lines of \"Name: value\"; empty lines and those that begin with # are left out"
	f, err := os.Open(file)
	if err != nil {
		return cli.Misused("check the path, and that you may read it", "--header-file: %w", err)
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxHeaderFile+1))
	if err != nil {
		return cli.Misused(form, "--header-file: %w", err)
	}
	if len(text) > maxHeaderFile {
		return cli.Misused(form, "--header-file: %s is larger than %d bytes", file, maxHeaderFile)
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
		if err := addHeader(h, where, name, strings.TrimSpace(value)); err != nil {
			return err
		}
	}
	return nil
}

// printable keeps what cannot be the name of a header out of messages: it may be
// the secret.
func printable(name string) string {
	if endpoint.CheckHeader(name, "x") != nil {
		return "a header"
	}
	return name
}

func addHeader(h http.Header, where, name, value string) error {
	if err := endpoint.CheckHeader(name, value); err != nil {
		return cli.Misused("leave it out, or correct it", "%s: %w", where, err)
	}
	if h.Get(name) != "" {
		return cli.Misused("leave one of them out", "%s: %s is given twice", where, name)
	}
	h.Set(name, value)
	return nil
}
