// SPDX-License-Identifier: MIT

package main

import (
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"tailscale-mcp/internal/cli"
	"tailscale-mcp/internal/localapi/socket"
	"tailscale-mcp/internal/proxy"
	"tailscale-mcp/internal/proxy/headers"
	"tailscale-mcp/internal/proxy/route"
	"tailscale-mcp/internal/proxy/transport"
	"tailscale-mcp/internal/version"
)

// options is what the command line and the environment say.
type options struct {
	host      bool // a URL without a path will do, which then is that of a host
	serverURL string
	server    *url.URL

	transport        transport.Kind
	socket           string
	requireTailscale bool
	identityTo       list
	headerFile       string
	headerEnv        headerList
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

// Type implements [pflag.Value].
func (*list) Type() string { return "list" }

// GetSlice implements [cobra.SliceValue]: a shell offers the option again.
func (l *list) GetSlice() []string { return *l }

// headerList is the list of --header-env, where a secret may stand by mistake.
type headerList struct{ list }

// Form implements [cli.Former].
func (*headerList) Form() string { return headers.EnvForm }

// relayFlags are the flags of the relay, which set opt.
func relayFlags(opt *options) *pflag.FlagSet {
	flags := serverFlags(opt)
	flags.BoolVar(&opt.showVersion, "version", false, "print the version")
	return flags
}

// serverFlags are those of them that the doctor has too: what stands in a
// client's configuration can be given to it as it is.
func serverFlags(opt *options) *pflag.FlagSet {
	flags := pflag.NewFlagSet("", pflag.ContinueOnError)
	flags.StringVar(&opt.serverURL, "server", "", "the `URL` of the server's MCP endpoint (or MCP_SERVER)")
	opt.transport = transport.Auto
	flags.Var(&opt.transport, "transport", "the `TRANSPORT` that the server speaks: http (Streamable HTTP), sse (HTTP+SSE of 2024-11-05), or auto, which finds out")
	flags.StringVar(&opt.socket, "tailscaled-socket", "", "the `PATH` of the local tailscaled's socket, if not in its usual place")
	flags.BoolVar(&opt.requireTailscale, "require-tailscale", false, "send nothing but to a node of the tailnet")
	flags.Var(&opt.identityTo, "identity-to", "tell this `HOST` who calls although it is no node of the tailnet, as a reverse proxy; may be repeated")
	flags.StringVar(&opt.headerFile, "header-file", "", "send the headers in this `FILE`: lines of \"Name: value\"")
	cli.Instead(flags, "header-file", "header", headers.Instead)
	flags.Var(&opt.headerEnv, "header-env", "send the header NAME with the value of the environment variable, by `NAME=VARIABLE`; may be repeated")
	flags.DurationVar(&opt.connectTimeout, "connect-timeout", route.DefaultConnectTimeout, "the `DURATION` that connecting to the server may take")
	flags.IntVar(&opt.maxMessage, "max-message", proxy.DefaultMaxMessage, "the largest message in `BYTES`, either way")
	flags.DurationVar(&opt.drain, "drain", proxy.DefaultDrain, "the `DURATION` that calls may still take once the client is gone")
	flags.StringVar(&opt.logFile, "log-file", "", "append to this `FILE` what else goes to stderr")
	flags.BoolVarP(&opt.verbose, "verbose", "v", false, "log what happens (on stderr, or in the log file)")
	flags.BoolVarP(&opt.debug, "debug", "d", false, "log everything, for a report of a defect")
	return flags
}

// parse reads the command line of the relay.
func parse(args, environ []string) (*options, error) {
	opt := &options{}
	flags := relayFlags(opt)
	if err := cli.Parse(flags, program, args); err != nil || opt.showVersion {
		return opt, err
	}
	return opt, opt.finish(flags, program, environ)
}

// finish sets by the environment what flags, which set opt and are those of the
// command, were not given, and checks it.
func (opt *options) finish(flags *pflag.FlagSet, command string, environ []string) error {
	if err := fromEnvironment(flags, command, environ); err != nil {
		return err
	}
	return opt.check(environ)
}

func (opt *options) check(environ []string) error {
	if opt.maxMessage < 1<<10 {
		return cli.Misused("it is a number of bytes, 1024 or more", "--max-message: %d is too small", opt.maxMessage)
	}
	if opt.drain < 0 {
		return cli.Misused("it is a time such as 5s, or 0 for none", "--drain: %v is no time to end in", opt.drain)
	}
	if opt.drain == 0 {
		opt.drain = -1 // none; the zero value would be the default
	}
	if opt.connectTimeout <= 0 {
		return cli.Misused("it is a time such as 10s", "--connect-timeout: %v is no time to connect in", opt.connectTimeout)
	}
	from, server := "--server", opt.serverURL
	if server == "" {
		from = serverVariable
		server = lookup(environ, from)
	}
	if server == "" {
		return cli.Misused("pass --server http://HOST:8080/mcp, or set MCP_SERVER to it", "no server given")
	}
	if opt.host {
		server = wholeServer(server)
	}
	var err error
	opt.server, err = parseServer(from, server)
	return err
}

// config is what the relay needs to know of opt.
func (opt *options) config(log *slog.Logger) proxy.Config {
	return proxy.Config{
		Server:           opt.server,
		Transport:        opt.transport,
		Tailscaled:       socket.ClientForDials(opt.socket),
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

// readHeaders reads the user's headers.
func (opt *options) readHeaders(environ []string) (err error) {
	opt.header, err = headers.Read(opt.headerFile, opt.headerEnv.list, func(name string) string { return lookup(environ, name) })
	return err
}
