// SPDX-License-Identifier: MIT

package front

import (
	"net/http"
	"net/netip"

	"tailscale-mcp/internal/caller"
)

// response is what a request is answered through. It remembers why the request was
// refused, wherever that was, and by whom it was made, as far as that is known.
type response struct {
	http.ResponseWriter
	caller   caller.Caller
	reason   string
	recorded bool // by whom it was refused
}

// Unwrap lets http.ResponseController find the connection.
func (w *response) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// responseOf finds the response behind w, or a new one that nobody will look at.
func responseOf(w http.ResponseWriter) *response {
	for {
		switch inner := w.(type) {
		case *response:
			return inner
		case interface{ Unwrap() http.ResponseWriter }:
			w = inner.Unwrap()
		default:
			return &response{}
		}
	}
}

// because notes the first reason: it is closest to the cause.
func because(w http.ResponseWriter, reason string) {
	if noted := responseOf(w); noted.reason == "" {
		noted.reason = reason
	}
}

// by notes whose request it is.
func by(w http.ResponseWriter, c caller.Caller) {
	if c.Addr.IsValid() {
		responseOf(w).caller = c
	}
}

// Recorded notes that what a handler refuses is on record already.
func Recorded(w http.ResponseWriter) { responseOf(w).recorded = true }

// recordRefusal has a request recorded once it has ended, if it was refused.
func (f *Front) recordRefusal(next http.Handler) http.Handler {
	if f.o.Refused == nil {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		remote, _ := netip.ParseAddrPort(r.RemoteAddr)
		noted := &response{ResponseWriter: w, caller: caller.Caller{Addr: remote}}
		next.ServeHTTP(noted, r)
		if noted.reason != "" && !noted.recorded {
			f.o.Refused(r, noted.caller, noted.reason)
		}
	})
}
