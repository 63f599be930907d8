// SPDX-License-Identifier: MIT

// Package front is what every path of the daemon has in common: who may come in,
// how much of the daemon each caller may use, and where a request goes.
//
// A request passes the stages of Handler in order: how long it may take, its
// connection's share (connections.go), the path, Host and Origin (web.go), who
// sent it (identify.go), and that caller's share (share.go). Only then its handler
// runs, with a [Visit]: the caller, its body (body.go), and the shares that a long
// or costly request takes from. GET /healthz alone needs no caller.
//
// All limits are in this package, and limits.go names them. What is over one is
// refused at once with status 429, the limit and when to come again; nothing waits
// in line. A request that fails a stage is refused there, with a status, a JSON-RPC
// error and the next step; nothing later has seen it.
//
// It imports caller and identity, and knows HTTP but not MCP.
package front

import (
	"context"
	"log/slog"
	"net/http"
	"net/netip"
	"runtime/debug"
	"time"

	"tailscale-mcp/internal/caller"
)

// DefaultMaxBody is the largest request body in bytes; above it 413.
const DefaultMaxBody = 4 << 20

// WriteTimeout is how long one write may wait for a client that does not read.
const WriteTimeout = 30 * time.Second

// Options are what a Front is made of.
type Options struct {
	// Resolve says who is at the remote end of a connection.
	Resolve func(ctx context.Context, remote netip.AddrPort) (caller.Caller, error)
	// Names are the host names and addresses that requests may be addressed
	// to (Host header), lower case, without port; none while they are not known
	// yet, which is answered like a tailscaled that is away.
	Names func() []string
	// Health is the one word that GET /healthz answers: up, waiting, degraded.
	Health func() string
	// Limits bound what one caller and all of them may use; zero fields have
	// their defaults.
	Limits Limits
	Log    *slog.Logger
	// MaxBody is the largest body in bytes; zero means DefaultMaxBody.
	MaxBody int64
	// BodyTime is how long a body may take to arrive; zero means 30 s.
	BodyTime time.Duration
	// Recheck is how old an identification may be when the body has arrived:
	// after that the caller is identified again. Zero means 1 s.
	Recheck time.Duration

	// Refused records a request that was refused, with its caller as far as that is
	// known: at least the address. What a handler decides by itself it also records
	// by itself. Nil records nothing.
	Refused func(r *http.Request, c caller.Caller, reason string)
	// Observe is told of what is served and limited. Nil fields are not called.
	Observe Observe
}

// Observe is told what happens; it must return soon.
type Observe struct {
	// HTTP returns a handler that observes what next serves at path, which is one
	// of the paths that are handled, or "other".
	HTTP func(path string, next http.Handler) http.Handler
	// Limited: something was refused by the limit of that name.
	Limited func(limit string)
}

// Handler serves one request of an identified caller.
type Handler func(w http.ResponseWriter, r *http.Request, v *Visit)

// Front is the way into the daemon.
type Front struct {
	o           Options
	mux         *http.ServeMux
	origin      *http.CrossOriginProtection
	shares      *shares
	connections *connections
	bodies      *budget
	answers     answers
	now         func() time.Time // a seam for tests of rates
}

// New returns a Front that answers GET /healthz and nothing else yet.
func New(o Options) *Front {
	o.Limits = o.Limits.withDefaults()
	if o.MaxBody == 0 {
		o.MaxBody = DefaultMaxBody
	}
	if o.BodyTime == 0 {
		o.BodyTime = 30 * time.Second
	}
	if o.Recheck == 0 {
		o.Recheck = time.Second
	}
	f := &Front{o: o, mux: http.NewServeMux(), origin: http.NewCrossOriginProtection(), now: time.Now}
	f.shares = newShares(o.Limits, func() time.Time { return f.now() })
	f.connections = newConnections(o.Limits, f.limited)
	f.bodies = &budget{most: o.Limits.bodyBytes()}
	f.mux.Handle("GET /healthz", f.observed("/healthz", http.HandlerFunc(f.health)))
	f.mux.Handle("/", f.observed("other", http.NotFoundHandler()))
	return f
}

// Handle serves path with h. It is not to be called once Front serves.
func (f *Front) Handle(path string, h Handler) { f.HandleAnswers(path, h, nil) }

// HandleAnswers is Handle for a path where calls may wait for what their caller sends with
// other requests: mayAnswer reports, by its head, whether a request may be such a one. It is
// let in beyond the calls that a caller may have, and h is to ask [Visit.Call] before it does
// for it what a call does.
func (f *Front) HandleAnswers(path string, h Handler, mayAnswer func(*http.Request) bool) {
	f.mux.Handle(path, f.observed(path, chain(f.admit(h, mayAnswer),
		f.limitSize,
		f.checkHost,
		f.checkOrigin,
	)))
}

// Handler returns all of it, its stages in the order a request meets them.
func (f *Front) Handler() http.Handler {
	return chain(f.mux, f.recovered, f.limitTime, f.recordRefusal, f.admitConnection)
}

// chain reads top-down like the flow of a request.
func chain(h http.Handler, stages ...func(http.Handler) http.Handler) http.Handler {
	for i := len(stages) - 1; i >= 0; i-- {
		h = stages[i](h)
	}
	return h
}

// HTTPServer returns an http.Server for Handler with the limits of time and
// size that keep a slow or greedy client from holding what others need. Writes
// have their own deadlines, since a stream may stay open for hours.
func (f *Front) HTTPServer() *http.Server {
	return &http.Server{
		Handler:           f.Handler(),
		ReadHeaderTimeout: 5 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    32 << 10,
		ErrorLog:          slog.NewLogLogger(f.o.Log.Handler(), slog.LevelDebug),
		ConnContext:       f.connections.open,
		ConnState:         f.connections.change,
	}
}

// health tells a monitor, and nobody anything else, how the daemon is.
func (f *Front) health(w http.ResponseWriter, _ *http.Request) {
	word := f.o.Health()
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	if word != "up" {
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	_, _ = w.Write([]byte(word + "\n"))
}

// recovered keeps one broken request from ending everybody's server.
func (f *Front) recovered(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			if p := recover(); p != nil {
				if p == http.ErrAbortHandler { //nolint:errorlint // a panic gives back the very value
					panic(p) // the one panic that has a meaning to net/http
				}
				f.o.Log.Error("panic while serving", "panic", p, "stack", string(debug.Stack()))
				Refuse(w, http.StatusInternalServerError, "the server failed while answering")
			}
		}()
		h := w.Header()
		h.Set("Cache-Control", "no-store")
		h.Set("X-Content-Type-Options", "nosniff")
		next.ServeHTTP(w, r)
	})
}

// limitTime bounds how long a request may take to arrive and its refusal to
// leave. It holds for requests that no later stage reads, too: net/http reads on
// behind them for as long as it is let. Whoever reads a body lifts the bound
// from the reading, and whoever writes an answer sets one of its own.
func (f *Front) limitTime(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c := http.NewResponseController(w)
		end := time.Now().Add(f.o.BodyTime)
		_ = c.SetReadDeadline(end)
		_ = c.SetWriteDeadline(end.Add(WriteTimeout))
		next.ServeHTTP(w, r)
	})
}

// admitConnection refuses what comes over a connection that was let in only to be
// told that there are too many. Whoever is not identified by the end of its request
// does not keep the connection either: admit lifts that.
func (f *Front) admitConnection(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Connection", "close")
		if l := linkOf(r.Context()); l != nil && l.over {
			f.refuseLimit(w, nil, limitConnections, f.o.Limits.Connections)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// observed has next observed, as what serves path.
func (f *Front) observed(path string, next http.Handler) http.Handler {
	if f.o.Observe.HTTP == nil {
		return next
	}
	return f.o.Observe.HTTP(path, next)
}
