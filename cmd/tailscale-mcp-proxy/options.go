// SPDX-License-Identifier: MIT

package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"strings"
	"time"

	"tailscale-mcp/internal/proxy"
)

const usage = `tailscale-mcp-proxy gives an MCP client that speaks stdio the server at a URL.

Usage:
  tailscale-mcp-proxy --server URL [flags]

A client starts it as the command of a server, for example:
  {"mcpServers": {"tailscale": {
    "command": "tailscale-mcp-proxy",
    "args": ["--server", "http://ts-mcp:8080/mcp"]}}}

Flags:
  --server URL              the server's MCP endpoint (or MCP_SERVER)
  --tailscaled-socket PATH  the local tailscaled's socket, when not the usual one
  --max-message BYTES       the largest message, either way (default 67108864)
  --drain DURATION          how long calls may still take once the client is gone
                            (default 2s)
  -v, --verbose             say on stderr what happens
  -d, --debug               say more
  --version                 print the version
  -h, --help                print this

Identity: when the local tailscaled runs and the server is a node of its
tailnet, requests carry X-Tailscale-User, X-Tailscale-Node and X-Tailscale-Tags.
They inform the server, which decides by what its own tailscaled says.

Exit codes:
  0  the client ended the connection, or a signal asked to stop
  1  stdin or stdout failed
  2  the command line or the environment is wrong
`

// options is what the command line and the environment say.
type options struct {
	server      *url.URL
	socket      string
	maxMessage  int
	drain       time.Duration
	level       slog.Level
	showVersion bool
}

var errHelp = flag.ErrHelp

// hintedError is an error with the next step for a person.
type hintedError struct {
	error
	hint string
}

func (e *hintedError) Unwrap() error { return e.error }

func hinted(hint, format string, args ...any) error {
	return &hintedError{error: fmt.Errorf(format, args...), hint: hint}
}

const seeHelp = "see: tailscale-mcp-proxy --help"

func parse(args, environ []string) (*options, error) {
	opt := &options{level: slog.LevelWarn}
	var server string
	var verbose, debug bool
	fs := flag.NewFlagSet("tailscale-mcp-proxy", flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	fs.StringVar(&server, "server", "", "")
	fs.StringVar(&opt.socket, "tailscaled-socket", "", "")
	fs.IntVar(&opt.maxMessage, "max-message", proxy.DefaultMaxMessage, "")
	fs.DurationVar(&opt.drain, "drain", proxy.DefaultDrain, "")
	for _, name := range []string{"v", "verbose"} {
		fs.BoolVar(&verbose, name, false, "")
	}
	for _, name := range []string{"d", "debug"} {
		fs.BoolVar(&debug, name, false, "")
	}
	fs.BoolVar(&opt.showVersion, "version", false, "")
	if err := fs.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return nil, errHelp
		}
		return nil, hinted(seeHelp, "%w", err)
	}
	if opt.showVersion {
		return opt, nil
	}
	switch {
	case debug:
		opt.level = slog.LevelDebug
	case verbose:
		opt.level = slog.LevelInfo
	}
	if fs.NArg() > 0 {
		return nil, hinted("the URL goes behind --server; "+seeHelp, "unexpected argument %q", fs.Arg(0))
	}
	if opt.maxMessage < 1<<10 {
		return nil, hinted("it is a number of bytes, 1024 or more", "--max-message: %d is too small", opt.maxMessage)
	}
	if opt.drain <= 0 {
		opt.drain = -1 // none; the zero value would be the default
	}
	from := "--server"
	if server == "" {
		from = "MCP_SERVER"
		server = lookup(environ, from)
	}
	if server == "" {
		return nil, hinted("pass --server http://HOST:8080/mcp, or set MCP_SERVER to it", "no server given")
	}
	var err error
	opt.server, err = parseServer(from, server)
	return opt, err
}

func lookup(environ []string, name string) string {
	value := ""
	for _, entry := range environ {
		if k, v, ok := strings.Cut(entry, "="); ok && k == name {
			value = v // the last one counts
		}
	}
	return value
}

// parseServer reads the endpoint's URL and refuses what cannot be one, or what
// would only fail later with a message that helps nobody.
func parseServer(from, s string) (*url.URL, error) {
	const example = "http://ts-mcp:8080/mcp"
	u, err := url.Parse(s)
	switch {
	case !strings.Contains(s, "://"):
		host := strings.TrimPrefix(s, "//")
		if !strings.ContainsAny(host, ":/") {
			host += ":8080"
		}
		if !strings.Contains(host, "/") {
			host += "/mcp"
		}
		return nil, hinted(fmt.Sprintf("did you mean %s http://%s ?", from, host), "%s: %q has no scheme", from, s)
	case err != nil:
		return nil, hinted("give the whole endpoint, for example "+example, "%s: not a URL: %v", from, inner(err))
	case u.Scheme != "http" && u.Scheme != "https":
		return nil, hinted("give the whole endpoint, for example "+example, "%s: scheme %q is neither http nor https", from, u.Scheme)
	case u.Hostname() == "":
		return nil, hinted("give the whole endpoint, for example "+example, "%s: no host in the URL", from)
	case u.User != nil:
		return nil, hinted("tailscale-mcp knows its callers by their tailnet address and needs no password", "%s: a URL with a user or password is refused: other programs can read it", from)
	case u.Fragment != "":
		return nil, hinted("leave out what follows the #", "%s: the URL has a fragment", from)
	case u.Path == "":
		with := *u
		with.Path = "/mcp"
		return nil, hinted(fmt.Sprintf("the endpoint of tailscale-mcp is /mcp: %s %s", from, with.String()), "%s: the URL has no path", from)
	}
	return u, nil
}

// inner is a URL error without the URL, which may hold a secret.
func inner(err error) error {
	var e *url.Error
	if errors.As(err, &e) {
		return e.Err
	}
	return err
}
