// SPDX-License-Identifier: MIT

package main

import (
	"errors"
	"flag"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"tailscale-mcp/internal/proxy"
	"tailscale-mcp/internal/version"
)

// options is what the command line and the environment say.
type options struct {
	serverURL string
	server    *url.URL

	socket           string
	requireTailscale bool
	identityTo       list
	headerFile       string
	headerEnv        list
	header           http.Header // of headerFile and headerEnv, once they are read

	connectTimeout time.Duration
	maxMessage     int
	drain          time.Duration

	logFile        string
	verbose, debug bool

	showVersion bool
}

// list is a flag that may be given several times, and holds several values
// with commas between them.
type list []string

func (l *list) String() string { return strings.Join(*l, ",") }

func (l *list) Set(s string) error {
	for value := range strings.SplitSeq(s, ",") {
		if value = strings.TrimSpace(value); value == "" {
			return errors.New("an empty value")
		}
		*l = append(*l, value)
	}
	return nil
}

// Repeated implements [completion.Repeated].
func (*list) Repeated() {}

// relayFlags are the flags of the relay, which set opt.
func relayFlags(opt *options) *flag.FlagSet {
	flags := serverFlags("", opt)
	flags.BoolVar(&opt.showVersion, "version", false, "print the version")
	return flags
}

// serverFlags are those of them that the doctor has too: what stands in a
// client's configuration can be given to it as it is.
func serverFlags(command string, opt *options) *flag.FlagSet {
	flags := newFlags(command)
	flags.StringVar(&opt.serverURL, "server", "", "`URL` the server's MCP endpoint (or MCP_SERVER)")
	flags.StringVar(&opt.socket, "tailscaled-socket", "", "`PATH` the local tailscaled's socket, if not in its usual\nplace")
	flags.BoolVar(&opt.requireTailscale, "require-tailscale", false, "send nothing but to a node of the tailnet")
	flags.Var(&opt.identityTo, "identity-to", "`HOST` tell this host who calls although it is no node of\nthe tailnet, as a reverse proxy; may be repeated")
	flags.StringVar(&opt.headerFile, "header-file", "", "`FILE` send these headers: lines of \"Name: value\"")
	flags.Var(&opt.headerEnv, "header-env", "`NAME=VARIABLE` send the header NAME with the value of the\nenvironment variable; may be repeated")
	flags.DurationVar(&opt.connectTimeout, "connect-timeout", proxy.DefaultConnectTimeout, "`DURATION` how long connecting to the server may take\n(default 10s)")
	flags.IntVar(&opt.maxMessage, "max-message", proxy.DefaultMaxMessage, "`BYTES` the largest message, either way (default 67108864)")
	flags.DurationVar(&opt.drain, "drain", proxy.DefaultDrain, "`DURATION` how long calls may still take once the client is\ngone (default 2s)")
	flags.StringVar(&opt.logFile, "log-file", "", "`FILE` append to it what else goes to stderr")
	for _, name := range []string{"v", "verbose"} {
		flags.BoolVar(&opt.verbose, name, false, "log what happens (on stderr, or in the log file)")
	}
	for _, name := range []string{"d", "debug"} {
		flags.BoolVar(&opt.debug, name, false, "log everything, for a report of a defect")
	}
	return flags
}

// parse reads the command line of the relay.
func parse(args, environ []string) (*options, error) {
	opt := &options{}
	return opt, opt.read(relayFlags(opt), args, environ)
}

// read sets opt from flags, which set it, and then from the environment, and
// checks it.
func (opt *options) read(flags *flag.FlagSet, args, environ []string) error {
	if err := parseNone(flags, args); err != nil {
		return err
	}
	if opt.showVersion {
		return nil
	}
	if err := fromEnvironment(flags, environ); err != nil {
		return err
	}
	return opt.check(environ)
}

func (opt *options) check(environ []string) error {
	if opt.maxMessage < 1<<10 {
		return misused("it is a number of bytes, 1024 or more", "--max-message: %d is too small", opt.maxMessage)
	}
	if opt.drain < 0 {
		return misused("it is a time such as 5s, or 0 for none", "--drain: %v is no time to end in", opt.drain)
	}
	if opt.drain == 0 {
		opt.drain = -1 // none; the zero value would be the default
	}
	if opt.connectTimeout <= 0 {
		return misused("it is a time such as 10s", "--connect-timeout: %v is no time to connect in", opt.connectTimeout)
	}
	from, server := "--server", opt.serverURL
	if server == "" {
		from = serverVariable
		server = lookup(environ, from)
	}
	if server == "" {
		return misused("pass --server http://HOST:8080/mcp, or set MCP_SERVER to it", "no server given")
	}
	var err error
	opt.server, err = parseServer(from, server)
	return err
}

// config is what the relay needs to know of opt.
func (opt *options) config(log *slog.Logger) proxy.Config {
	return proxy.Config{
		Server:           opt.server,
		Tailscaled:       proxy.LocalClient(opt.socket),
		RequireTailscale: opt.requireTailscale,
		IdentityTo:       opt.identityTo,
		Header:           opt.header,
		ConnectTimeout:   opt.connectTimeout,
		Agent:            program + "/" + version.String(),
		MaxMessage:       opt.maxMessage,
		Drain:            opt.drain,
		Log:              log,
	}
}
