// SPDX-License-Identifier: MIT

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"tailscale-mcp/internal/credfile"
	"tailscale-mcp/internal/upstream/entry"
	"tailscale-mcp/internal/upstream/npm"
)

const (
	// entryCredential is what the unit calls the entry.
	entryCredential = "server.json"
	// systemdCredentials is where systemd puts credentials of services.
	systemdCredentials = "/run/credentials/"
	// standardPath is where programs are found, unless the entry gives PATH.
	standardPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
)

// handedDown are the variables that the server gets from the unit.
var handedDown = []string{"USER", "LOGNAME", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR", "STATE_DIRECTORY"}

// program is what to start.
type program struct {
	path  string
	argv  []string
	env   []string
	dir   string
	clean func() // removes the home that was made for it

	headers []byte // of a server that runs elsewhere, in place of all that
}

// headers are what the daemon sends to a server that runs elsewhere.
func headers(s entry.Server, credential func(name string) (string, error)) (program, error) {
	filled, err := entry.Fill(s.Headers, credential)
	if err != nil {
		return program{}, fmt.Errorf("server %s: header %w", s.Name, err)
	}
	text, err := json.Marshal(filled)
	return program{headers: text}, err
}

// load reads the entry of the server called name and makes of it what is to be started.
// packages is the folder of what is installed from npm.
func load(name, packages string, getenv func(string) string) (program, error) {
	credentials := getenv("CREDENTIALS_DIRECTORY")
	s, unconfined, err := read(name, credentials, getenv)
	if err != nil {
		return program{}, err
	}
	credential := func(name string) (string, error) { return credential(credentials, name, unconfined) }
	if !s.Stdio() {
		return headers(s, credential)
	}
	// Tests have credentials elsewhere, and no units that cover anything.
	if strings.HasPrefix(credentials, systemdCredentials) {
		if err := errors.Join(uncovered("/", slices.Concat(s.Read, s.Write)), denied(s.Network)); err != nil {
			return program{}, fmt.Errorf("server %s: %w", name, err)
		}
		if !bounded("/tmp", s.Memory) {
			fmt.Fprintln(os.Stderr, "this host does not bound what the server writes to /tmp; what it leaves there goes with it")
		}
	}
	env, err := entry.Fill(s.Env, credential)
	if err != nil {
		return program{}, fmt.Errorf("server %s: %w", name, err)
	}
	if env["PATH"] == "" {
		env["PATH"] = standardPath
	}
	path, argv, err := resolve(s, env["PATH"], filepath.Join(packages, name), unconfined)
	if err != nil {
		return program{}, fmt.Errorf("server %s: %w", name, err)
	}
	if s.Cwd != "" {
		if info, err := os.Stat(s.Cwd); err != nil || !info.IsDir() {
			return program{}, fmt.Errorf("server %s: there is no folder %s for it to run in: list it in \"read\", or leave out \"cwd\"", name, s.Cwd)
		}
	}
	home, clean, err := home(getenv("STATE_DIRECTORY"))
	if err != nil {
		return program{}, fmt.Errorf("server %s has no home: %w", name, err)
	}
	if env["HOME"] == "" {
		env["HOME"] = home
	}
	for _, key := range handedDown {
		if value := getenv(key); value != "" && env[key] == "" {
			env[key] = value
		}
	}
	p := program{path: path, argv: argv, dir: s.Cwd, clean: clean}
	if p.dir == "" {
		p.dir = home
	}
	for key, value := range env {
		p.env = append(p.env, key+"="+value)
	}
	return p, nil
}

// read reads the entry: from its credential, or where nothing confines the server from
// the folder that is named for that, and reports which.
func read(name, credentials string, getenv func(string) string) (s entry.Server, unconfined bool, err error) {
	if credentials != "" {
		path := filepath.Join(credentials, entryCredential)
		text, err := os.ReadFile(path)
		if err == nil {
			s, err = entry.Parse(name, name+".json", text)
			return s, false, err
		}
		if !errors.Is(err, os.ErrNotExist) {
			return entry.Server{}, false, err
		}
	}
	folder := getenv("TAILSCALE_MCP_SERVERS")
	switch {
	case folder == "":
		return entry.Server{}, false, fmt.Errorf("there is no credential %s: the unit of a server gives it; run tailscale-mcp server apply", entryCredential)
	case getenv("TAILSCALE_MCP_SERVERS_UNCONFINED") != "true":
		return entry.Server{}, false, errors.New("TAILSCALE_MCP_SERVERS is set, and nothing confines this server: set TAILSCALE_MCP_SERVERS_UNCONFINED=true if that is meant")
	}
	s, err = entry.Read(filepath.Join(folder, name+".json"))
	return s, true, err
}

// credential reads one credential of the server.
func credential(folder, name string, unconfined bool) (string, error) {
	text, err := credfile.Read(folder, name)
	switch {
	case !errors.Is(err, os.ErrNotExist):
	case unconfined && folder == "":
		return "", fmt.Errorf("the credential %s is missing: where systemd does not run the servers, it is a file of that name in the folder that CREDENTIALS_DIRECTORY names to this launcher", name)
	case unconfined:
		return "", fmt.Errorf("the credential %s is missing: put it into %s", name, folder)
	default:
		return "", fmt.Errorf("the credential %s is missing: put it into /etc/credstore/%s, mode 0600", name, name)
	}
	return text, err
}

// resolve returns the path of what an entry starts, and the words that it is started
// with. Of npx it is the program that npx would run, as it is installed; where nothing
// confines a server, npx itself does what it does.
func resolve(s entry.Server, path, packages string, unconfined bool) (program string, argv []string, err error) {
	run, ok, err := npm.Parse(s.Command, s.Args)
	if ok && err == nil {
		program, err = run.Installed(packages)
	}
	switch {
	case !ok, err != nil && unconfined:
		program, err = find(s.Command, path)
		return program, append([]string{s.Command}, s.Args...), err
	case err != nil:
		return "", nil, err
	}
	return program, append([]string{program}, run.Args...), nil
}

// find returns the path of a program.
func find(command, path string) (string, error) {
	if !strings.Contains(command, "/") {
		for _, dir := range filepath.SplitList(path) {
			candidate := filepath.Join(dir, command)
			if !filepath.IsAbs(candidate) {
				continue
			}
			if found, err := exec.LookPath(candidate); err == nil {
				return found, nil
			}
		}
		return "", fmt.Errorf("%s is not in %s: install it for all users, or give its absolute path", command, path)
	}
	if _, err := exec.LookPath(command); err != nil {
		return "", fmt.Errorf("%s cannot be run: install it, or list its folder in \"read\"", command)
	}
	return command, nil
}

// home returns the folder that a server may write: the one that all of its processes
// share, if there is one, else one that goes with it.
func home(state string) (path string, clean func(), err error) {
	if state != "" {
		return state, func() {}, nil
	}
	path, err = os.MkdirTemp("", "home-")
	return path, func() { _ = os.RemoveAll(path) }, err
}
