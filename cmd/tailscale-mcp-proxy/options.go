// SPDX-License-Identifier: MIT

package main

import (
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"time"

	"tailscale-mcp/internal/proxy"
)

// options is what the command line and the environment say.
type options struct {
	serverURL   string
	server      *url.URL
	socket      string
	maxMessage  int
	drain       time.Duration
	verbose     bool
	debug       bool
	level       slog.Level // by verbose and debug
	showVersion bool
}

// relayFlags are the flags of the relay, which set opt.
func relayFlags(opt *options) *flag.FlagSet {
	flags := newFlags("")
	flags.StringVar(&opt.serverURL, "server", "", "`URL` the server's MCP endpoint (or MCP_SERVER)")
	flags.StringVar(&opt.socket, "tailscaled-socket", "", "`PATH` the local tailscaled's socket, when not the usual one")
	flags.IntVar(&opt.maxMessage, "max-message", proxy.DefaultMaxMessage, "`BYTES` the largest message, either way (default 67108864)")
	flags.DurationVar(&opt.drain, "drain", proxy.DefaultDrain, "`DURATION` how long calls may still take once the client is gone\n(default 2s)")
	for _, name := range []string{"v", "verbose"} {
		flags.BoolVar(&opt.verbose, name, false, "say on stderr what happens")
	}
	for _, name := range []string{"d", "debug"} {
		flags.BoolVar(&opt.debug, name, false, "say more")
	}
	flags.BoolVar(&opt.showVersion, "version", false, "print the version")
	return flags
}

func parse(args, environ []string) (*options, error) {
	opt := &options{level: slog.LevelWarn}
	if err := parseNone(relayFlags(opt), args); err != nil {
		return nil, err
	}
	if opt.showVersion {
		return opt, nil
	}
	switch {
	case opt.debug:
		opt.level = slog.LevelDebug
	case opt.verbose:
		opt.level = slog.LevelInfo
	}
	if opt.maxMessage < 1<<10 {
		return nil, misused("it is a number of bytes, 1024 or more", "--max-message: %d is too small", opt.maxMessage)
	}
	if opt.drain <= 0 {
		opt.drain = -1 // none; the zero value would be the default
	}
	from, server := "--server", opt.serverURL
	if server == "" {
		from = "MCP_SERVER"
		server = lookup(environ, from)
	}
	if server == "" {
		return nil, misused("pass --server http://HOST:8080/mcp, or set MCP_SERVER to it", "no server given")
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
		return nil, misused(fmt.Sprintf("did you mean %s http://%s ?", from, host), "%s: %q has no scheme", from, s)
	case err != nil:
		return nil, misused("give the whole endpoint, for example "+example, "%s: not a URL: %v", from, inner(err))
	case u.Scheme != "http" && u.Scheme != "https":
		return nil, misused("give the whole endpoint, for example "+example, "%s: scheme %q is neither http nor https", from, u.Scheme)
	case u.Hostname() == "":
		return nil, misused("give the whole endpoint, for example "+example, "%s: no host in the URL", from)
	case u.User != nil:
		return nil, misused("tailscale-mcp knows its callers by their tailnet address and needs no password", "%s: a URL with a user or password is refused: other programs can read it", from)
	case u.Fragment != "":
		return nil, misused("leave out what follows the #", "%s: the URL has a fragment", from)
	case u.Path == "":
		with := *u
		with.Path = "/mcp"
		return nil, misused(fmt.Sprintf("the endpoint of tailscale-mcp is /mcp: %s %s", from, with.String()), "%s: the URL has no path", from)
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
