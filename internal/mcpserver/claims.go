// SPDX-License-Identifier: MIT

package mcpserver

import (
	"net/http"
	"slices"
	"strings"

	"tailscale-mcp/internal/caller"
	"tailscale-mcp/internal/gate"
)

// Refused records a request that the dispatcher was not asked about, as
// front.Options.Refused.
func (s *Server) Refused(r *http.Request, c caller.Caller, reason string) {
	s.o.Dispatcher.Refused(r.Context(), c, Request(r), reason)
}

// Request is what the dispatcher is told of an HTTP request that holds no message
// of the protocol.
func Request(r *http.Request) gate.Request {
	request := gate.Request{ID: requestID(), Method: r.Method + " " + r.URL.Path, Claimed: claimed(r.Header)}
	request.ClientName, request.ClientVersion = userAgent(r)
	return request
}

// claimed collects what a client says about its identity. It decides nothing;
// it is in the audit record because somebody may be lying.
func claimed(h http.Header) string {
	var out []string
	for name, values := range h {
		if !strings.ContainsAny(name[:min(1, len(name))], "XxTtFf") {
			continue
		}
		lower := strings.ToLower(name)
		if strings.HasPrefix(lower, "x-tailscale-") || strings.HasPrefix(lower, "tailscale-") ||
			strings.HasPrefix(lower, "x-forwarded-") || lower == "forwarded" || lower == "x-real-ip" {
			out = append(out, lower+"="+strings.Join(values, ","))
		}
	}
	slices.Sort(out)
	text := strings.ToValidUTF8(strings.Join(out, "; "), "�")
	const most = 512
	if len(text) > most {
		text = strings.ToValidUTF8(text[:most], "") + "…"
	}
	return text
}

// userAgent is what a client of an older revision is known by: without
// sessions, only its initialize carries its name.
func userAgent(r *http.Request) (name, version string) {
	product, _, _ := strings.Cut(r.UserAgent(), " ")
	name, version, _ = strings.Cut(product, "/")
	return bounded(name), bounded(version)
}

func bounded(s string) string {
	const most = 64
	s = strings.ToValidUTF8(s, "�")
	if len(s) > most {
		s = strings.ToValidUTF8(s[:most], "")
	}
	return s
}
