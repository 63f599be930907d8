// SPDX-License-Identifier: MIT

package proxy

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"time"

	"tailscale.com/client/local"

	"tailscale-mcp/internal/jsonrpc"
	"tailscale-mcp/internal/jsonrpc/fault"
	"tailscale-mcp/internal/proxy/endpoint"
	"tailscale-mcp/internal/proxy/route"
	"tailscale-mcp/internal/proxy/transport"
)

// Config says what to relay to, and within what bounds.
type Config struct {
	// Server is the URL of the MCP endpoint, http or https.
	Server *url.URL
	// Transport is what the server speaks. Empty: found out, as transport.Auto.
	Transport transport.Kind
	// Found is called when that is known, and when it changes. It must not block.
	Found func(transport.Kind)
	// Tailscaled is the local tailscaled. Nil: none is asked, no identity is
	// sent, and connections are made as the system makes them.
	Tailscaled *local.Client
	// RequireTailscale refuses every request that would not go to a node of
	// the tailnet; the route is looked for again until there is one.
	RequireTailscale bool
	// IdentityTo names hosts, by DNS name or address, that may be told the
	// identity although they are no node of the tailnet, as a reverse proxy in
	// front of the server. Only the host of Server matters.
	IdentityTo []string
	// Header is sent with every request. What endpoint.CheckHeader refuses is left out:
	// no header of the protocol or of the identity is replaced by it.
	Header http.Header
	// ConnectTimeout bounds connecting to Server, TLS included.
	// Default: route.DefaultConnectTimeout.
	ConnectTimeout time.Duration
	// Agent is the User-Agent to send.
	Agent string
	// MaxMessage is the size of the largest message, in bytes, either way.
	// Default: DefaultMaxMessage.
	MaxMessage int
	// Drain is how long calls in flight may take once stdin has ended or ctx
	// is done. Default: DefaultDrain; negative: no time.
	Drain time.Duration
	// Dial connects to Server. Nil: over the network, as this host and its
	// tailscaled do. It is for a server in the same process.
	Dial func(ctx context.Context, network, addr string) (net.Conn, error)
	// Log gets what a person may want to know. It must not write to stdout.
	Log *slog.Logger
}

// Defaults of Config.
const (
	DefaultMaxMessage = 64 << 20
	DefaultDrain      = 2 * time.Second
)

// The end takes no more than the drain time and a second, each step within its
// bound: a client that does not read, or a server that does not answer, cannot
// hold it up.
const (
	// endTime is how long the end may take beside the drain.
	endTime = 900 * time.Millisecond
	// answerTime is how long answering the calls that are left may take.
	answerTime = 400 * time.Millisecond
	// deleteTime is how long the DELETE of a session may take.
	// Calls that end before the drain is over leave it more, up to maxDelete.
	deleteTime = 300 * time.Millisecond
	maxDelete  = time.Second
	// unwindTime is how long what has been ended may take to end.
	unwindTime = 100 * time.Millisecond
)

// Run relays messages between stdin and stdout and the server until stdin
// ends, ctx is done or stdout cannot be written. It then gives calls in flight
// the drain time, answers those that are left with an error, and ends the
// session. The first two are a clean end and return nil.
//
// Run does not stop a Read of stdin: after ctx is done one may be left behind.
func Run(ctx context.Context, cfg Config, stdin io.Reader, stdout io.Writer) error {
	return newRelay(ctx, cfg, stdout).run(ctx, stdin)
}

// withDefaults returns cfg with the defaults of what it does not set.
func (cfg Config) withDefaults() Config {
	if cfg.MaxMessage == 0 {
		cfg.MaxMessage = DefaultMaxMessage
	}
	if cfg.Drain == 0 {
		cfg.Drain = DefaultDrain
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	return cfg
}

// Route returns how the server of cfg is found: the same for a relay and for a person
// who walks the path to it.
func (cfg Config) Route() route.Config {
	cfg = cfg.withDefaults()
	return route.Config{
		Server:         cfg.Server,
		Tailscaled:     cfg.Tailscaled,
		Required:       cfg.RequireTailscale,
		IdentityTo:     cfg.IdentityTo,
		ConnectTimeout: cfg.ConnectTimeout,
		MaxIdle:        maxSending,
		Dial:           cfg.Dial,
		Log:            cfg.Log,
	}
}

// newRelay returns a relay as cfg says, with stdout to write to.
func newRelay(ctx context.Context, cfg Config, stdout io.Writer) *relay {
	cfg = cfg.withDefaults()
	// The relay's own context outlives ctx: calls get the drain time.
	own, cancel := context.WithCancel(context.WithoutCancel(ctx))
	r := &relay{
		ctx:     own,
		cancel:  cancel,
		cfg:     cfg,
		log:     cfg.Log,
		out:     jsonrpc.NewLineWriter(stdout),
		calls:   newCalls(),
		sending: make(chan struct{}, maxSending),
		backlog: make(chan struct{}, maxBacklog),

		declining:   make(chan struct{}, maxDeclined),
		answerTime:  answerTime,
		listTimeout: listTimeout,
	}
	r.up = transport.New(own, &endpoint.Endpoint{
		URL:    cfg.Server,
		Agent:  cfg.Agent,
		Header: endpoint.Allowed(cfg.Header, cfg.Log),
		Router: route.New(own, cfg.Route()),
	}, transport.Options{Kind: cfg.Transport, MaxMessage: cfg.MaxMessage, Go: r.calls.workers.Go, Log: cfg.Log, Found: cfg.Found})
	return r
}

// run is Run, of a relay that a test may have prepared.
func (r *relay) run(ctx context.Context, stdin io.Reader) error {
	defer r.cancel()
	defer func() { r.up.Router.Close() }()
	r.calls.workers.Go(r.up.Router.Keep)

	ended := make(chan error, 1)
	go func() { ended <- r.read(stdin) }()

	var err error
	select {
	case err = <-ended:
		r.log.Debug("stdin ended")
	case <-ctx.Done():
		r.log.Debug("asked to stop")
	case <-r.out.Broken():
	}
	by := time.Now().Add(max(r.cfg.Drain, 0) + endTime)
	r.drain()
	r.endSession(by)
	if broken := r.out.Err(); broken != nil {
		return fmt.Errorf("writing stdout: %w", broken)
	}
	return err
}

// drain waits until the calls in flight have ended, at most Config.Drain, and answers the
// rest with an error.
func (r *relay) drain() {
	idle := r.calls.close()
	// Subscriptions never end by themselves.
	r.within(unwindTime, func() { r.abandon(func(c *call) bool { return c.env.Method == methodListen }) })
	t := time.NewTimer(max(r.cfg.Drain, 0))
	defer t.Stop()
	select {
	case <-idle:
	case <-t.C:
	case <-r.out.Broken():
	}
	r.within(r.answerTime, func() { r.abandon(func(*call) bool { return true }) })
}

// abandon answers the calls that want selects with an error, and ends their HTTP
// requests.
func (r *relay) abandon(want func(*call) bool) {
	for _, c := range r.calls.rest(want) {
		f := &fault.Error{Code: fault.CodeStopping, Message: fmt.Sprintf("the client ended the connection, or a signal the proxy, and the answer did not come within %v (see --drain); %s", max(r.cfg.Drain, 0), fault.Again(&c.env)), Data: &fault.Data{Outcome: fault.Unknown}}
		if !c.sent {
			f = stopping
		}
		r.conclude(c, f.Answer(c.id))
		c.cancel()
	}
}

// endSession ends the session at the server, if that keeps one, and then all goroutines
// of the relay, at about the time by.
func (r *relay) endSession(by time.Time) {
	if s := r.sessions.current(); s != nil && s.id != "" {
		r.end(s, min(max(time.Until(by)-unwindTime, deleteTime), maxDelete))
	}
	r.cancel()
	r.within(unwindTime, r.calls.workers.Wait)
}

// within runs f and waits for it no longer than d.
func (r *relay) within(d time.Duration, f func()) {
	done := make(chan struct{})
	go func() { f(); close(done) }()
	select {
	case <-done:
	case <-time.After(d):
		r.log.Debug("leaving something behind that does not end")
	}
}

// end sends the server a DELETE of the session s (2025-11-25, "Session Management").
func (r *relay) end(s *session, timeout time.Duration) {
	ctx, cancel := context.WithTimeout(r.ctx, timeout)
	defer cancel()
	status, err := r.up.Notify(ctx, http.MethodDelete, s.headers(), nil)
	r.log.Debug("ending the session", "status", status, "error", err)
}
