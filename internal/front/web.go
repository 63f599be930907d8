// SPDX-License-Identifier: MIT

package front

import (
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
)

// The stages that keep web pages out. A browser is a caller like any other to
// WhoIs, but what it sends may be the word of a page and not of its user.

// checkHost admits requests addressed to this host by one of its own names. A
// page that a browser was led to by DNS rebinding carries the attacker's. The
// port is the connection's business.
func (f *Front) checkHost(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		names := f.o.Names()
		if len(names) == 0 {
			unavailable(w)
			return
		}
		if host, ok := hostname(r.Host); !ok || !slices.Contains(names, host) {
			Refuse(w, http.StatusForbidden, "this server does not answer to the name in the Host header: "+
				"use the host's MagicDNS name or Tailscale address, or add the name to TAILSCALE_MCP_HOSTNAMES")
			return
		}
		next.ServeHTTP(w, r)
	})
}

// hostname returns the host of a Host header in the form that names are kept
// in: a name in lower case without the dot of the root, an address as netip
// writes it. Whatever is not plainly a host, or a host and a port, is none.
func hostname(hostport string) (host string, ok bool) {
	host, port, _ := strings.Cut(hostport, ":")
	if inner, isIPv6 := strings.CutPrefix(hostport, "["); isIPv6 {
		inside, rest, closed := strings.Cut(inner, "]")
		addr, err := netip.ParseAddr(inside)
		if !closed || err != nil || !addr.Is6() || rest != "" && rest[0] != ':' {
			return "", false
		}
		host, port = addr.String(), strings.TrimPrefix(rest, ":")
	}
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	return host, host != "" && strings.Trim(port, "0123456789") == ""
}

// checkOrigin refuses what a browser sends on behalf of another site: an
// Origin that is not exactly this endpoint's, or Sec-Fetch-Site saying so.
// Clients that are no browsers send neither.
func (f *Front) checkOrigin(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		origins := r.Header.Values("Origin")
		foreign := func(origin string) bool { return !sameOrigin(origin, r.Host) }
		if slices.ContainsFunc(origins, foreign) || f.origin.Check(r) != nil {
			Refuse(w, http.StatusForbidden, "requests from web pages of another origin are refused")
			return
		}
		next.ServeHTTP(w, r)
	})
}

// sameOrigin reports whether origin is exactly this endpoint's own: http or
// https and the host and port that the request is addressed to.
func sameOrigin(origin, host string) bool {
	u, err := url.Parse(origin)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") &&
		strings.EqualFold(u.Host, host) && strings.EqualFold(origin, u.Scheme+"://"+u.Host)
}
