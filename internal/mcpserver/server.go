// SPDX-License-Identifier: MIT

// Package mcpserver speaks MCP over Streamable HTTP for package tool. Besides
// the proxy it is the only package that knows the protocol, and the only one of
// the daemon that knows HTTP.
//
// A request passes the stages of Handler in order: time and size (limits.go),
// Host and Origin (web.go), method, Accept and Content-Type (checks.go),
// identity (identify.go), the message (message.go, serve.go), and then the
// mcp-go server of its caller (peers.go), whose tools, resources and prompts
// (adapt.go) lead to the one dispatcher. What goes back passes answer.go.
//
// There are no sessions: nothing to hijack and nothing to lose on a restart.
// A request that fails a stage is refused there, with a status, a JSON-RPC
// error and the next step; nothing later has seen it.
package mcpserver

import (
	"context"
	"crypto/rand"
	"log/slog"
	"net/http"
	"net/netip"
	"time"

	"github.com/mark3labs/mcp-go/server"

	"tailscale-mcp/internal/caller"
	"tailscale-mcp/internal/tool"
)

// Path is the endpoint's path: http://HOST:8080/mcp.
const Path = "/mcp"

// DefaultMaxBody is the largest request body in bytes; above it 413.
const DefaultMaxBody = 4 << 20

// Options are what a Server is made of.
type Options struct {
	// Dispatcher is the way to everything that is served.
	Dispatcher *tool.Dispatcher
	// Resolve says who is at the remote end of a connection.
	Resolve func(ctx context.Context, remote netip.AddrPort) (caller.Caller, error)
	// Names are the host names and addresses that requests may be addressed
	// to (Host header), lower case, without port; none while they are not known
	// yet, which is answered like a tailscaled that is away.
	Names func() []string
	// Health is the one word that GET /healthz answers: up, waiting, degraded.
	Health func() string
	// Version is the program's own, told to clients.
	Version string
	Log     *slog.Logger
	// MaxBody is the largest body in bytes; zero means DefaultMaxBody.
	MaxBody int64
	// Recheck is how often an open stream is decided anew; zero means 2 s. Who
	// sent a body that took half as long is asked for again.
	Recheck time.Duration
	// KeepAlive is how often a quiet stream says that it lives; zero means 15 s.
	KeepAlive time.Duration
	// BodyTime is how long a body may take to arrive; zero means 30 s.
	BodyTime time.Duration
	// Extend adds to a new mcp-go server what no registry holds. It is there
	// for the conformance suite's fixtures.
	Extend func(*server.MCPServer)
	// Extra are further options of a new mcp-go server, for the same purpose.
	Extra []server.ServerOption
}

// Server serves MCP.
type Server struct {
	o       Options
	origin  *http.CrossOriginProtection
	peers   *peers
	running running

	// stopping ends the streams that would otherwise stay open for ever.
	stopping context.Context
	stop     context.CancelFunc
}

// New returns a Server.
func New(o Options) *Server {
	if o.MaxBody == 0 {
		o.MaxBody = DefaultMaxBody
	}
	if o.Recheck == 0 {
		o.Recheck = 2 * time.Second
	}
	if o.KeepAlive == 0 {
		o.KeepAlive = 15 * time.Second
	}
	if o.BodyTime == 0 {
		o.BodyTime = 30 * time.Second
	}
	s := &Server{o: o, origin: http.NewCrossOriginProtection()}
	s.peers = newPeers(s.newPeer)
	s.stopping, s.stop = context.WithCancel(context.Background())
	return s
}

// Drain ends open streams with a result, so that a graceful stop does not wait
// for clients that only listen. Calls in flight are not touched.
func (s *Server) Drain() { s.stop() }

// Handler returns the endpoint, its stages in the order a request meets them.
func (s *Server) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", s.health)
	mux.Handle(Path, chain(http.HandlerFunc(s.serve),
		s.limitSize,
		s.checkHost,
		s.checkOrigin,
		s.checkMethod,
		s.checkAccept,
		s.checkContentType,
		s.identify,
	))
	return chain(mux, s.recovered, s.limitTime)
}

// chain reads top-down like the flow of a request.
func chain(h http.Handler, stages ...func(http.Handler) http.Handler) http.Handler {
	for i := len(stages) - 1; i >= 0; i-- {
		h = stages[i](h)
	}
	return h
}

// health tells a monitor, and nobody anything else, how the daemon is.
func (s *Server) health(w http.ResponseWriter, _ *http.Request) {
	word := s.o.Health()
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	if word != "up" {
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	_, _ = w.Write([]byte(word + "\n"))
}

// HTTPServer returns an http.Server for Handler with the limits of time and
// size that keep a slow or greedy client from holding what others need. Writes
// have their own deadlines, since a stream may stay open for hours.
func (s *Server) HTTPServer() *http.Server {
	return &http.Server{
		Handler:           s.Handler(),
		ReadHeaderTimeout: 5 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    32 << 10,
		ErrorLog:          slog.NewLogLogger(s.o.Log.Handler(), slog.LevelDebug),
	}
}

// requestID ties everything that is recorded of one request together.
func requestID() string { return rand.Text()[:16] }
