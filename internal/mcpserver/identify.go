// SPDX-License-Identifier: MIT

package mcpserver

import (
	"context"
	"errors"
	"net/http"
	"net/netip"
	"slices"
	"strings"

	"tailscale-mcp/internal/caller"
	"tailscale-mcp/internal/identity"
	"tailscale-mcp/internal/tool"
)

type callerKey struct{}

// identify asks who is at the other end of the connection, for every request
// anew, before its body is read. Nobody gets past it anonymous.
func (s *Server) identify(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if c, ok := s.resolve(w, r); ok {
			next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), callerKey{}, c)))
		}
	})
}

// resolve returns the caller of a request, or refuses it.
func (s *Server) resolve(w http.ResponseWriter, r *http.Request) (c caller.Caller, ok bool) {
	remote, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		refuse(w, http.StatusForbidden, "the connection has no address to identify its caller by")
		return c, false
	}
	c, err = s.o.Resolve(r.Context(), remote)
	if err != nil {
		s.refuseCaller(w, r, c, err)
	}
	return c, err == nil
}

func callerFrom(ctx context.Context) caller.Caller {
	c, _ := ctx.Value(callerKey{}).(caller.Caller)
	return c
}

// refuseCaller answers whoever has no identity, and records that it tried.
func (s *Server) refuseCaller(w http.ResponseWriter, r *http.Request, c caller.Caller, err error) {
	if r.Context().Err() != nil {
		return // it has hung up
	}
	request := tool.Request{ID: requestID(), Method: r.Method + " " + Path, Claimed: claimed(r.Header)}
	request.ClientName, request.ClientVersion = userAgent(r)
	s.o.Dispatcher.Refused(r.Context(), c, request, err.Error())
	switch {
	case errors.Is(err, identity.ErrUnavailable):
		unavailable(w)
	case errors.Is(err, identity.ErrSelf):
		refuse(w, http.StatusForbidden, "calls from this very host are refused, because any local account could make them and would act as the host's owner; "+
			"call from another node, or set TAILSCALE_MCP_ALLOW_SELF=true in /etc/tailscale-mcp.env")
	case errors.Is(err, identity.ErrMalformedGrant):
		refuse(w, http.StatusForbidden, "the tailnet policy file has a grant for you on this host that this server cannot read in full, so it refuses all of them; "+
			"an administrator finds which with: journalctl -u tailscale-mcp")
	default:
		refuse(w, http.StatusForbidden, "tailscaled on this host knows no tailnet peer at your address; connect over the tailnet")
	}
}

// unavailable answers while tailscaled cannot be asked.
func unavailable(w http.ResponseWriter) {
	w.Header().Set("Retry-After", "2")
	refuse(w, http.StatusServiceUnavailable, "tailscaled on this host cannot say who is calling right now; try again in a few seconds. "+
		"An administrator of the host looks at: systemctl status tailscaled")
}

// claimed collects what a client says about its identity. It decides nothing;
// it is in the audit record because somebody may be lying.
func claimed(h http.Header) string {
	var out []string
	for name, values := range h {
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
