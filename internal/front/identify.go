// SPDX-License-Identifier: MIT

package front

import (
	"errors"
	"net/http"
	"net/netip"

	"tailscale-mcp/internal/caller"
	"tailscale-mcp/internal/identity"
)

// resolve asks who is at the other end of the connection, for every request anew,
// before its body is read. It returns the caller or refuses the request: nobody
// gets past it anonymous.
func (f *Front) resolve(w http.ResponseWriter, r *http.Request) (c caller.Caller, ok bool) {
	remote, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		Refuse(w, http.StatusForbidden, "the connection has no address to identify its caller by")
		return c, false
	}
	c, err = f.o.Resolve(r.Context(), remote)
	if err != nil {
		f.refuseCaller(w, r, c, err)
	}
	return c, err == nil
}

// refuseCaller answers whoever has no identity.
func (f *Front) refuseCaller(w http.ResponseWriter, r *http.Request, c caller.Caller, err error) {
	if r.Context().Err() != nil {
		return // it has hung up
	}
	by(w, c)
	because(w, err.Error())
	switch {
	case errors.Is(err, identity.ErrUnavailable):
		unavailable(w)
	case errors.Is(err, identity.ErrSelf):
		Refuse(w, http.StatusForbidden, "calls from this very host are refused, because any local account could make them and would act as the host's owner; "+
			"call from another node, or set TAILSCALE_MCP_ALLOW_SELF=true in /etc/tailscale-mcp.env")
	case errors.Is(err, identity.ErrMalformedGrant):
		Refuse(w, http.StatusForbidden, "the tailnet policy file has a grant for you on this host that this server cannot read in full, so it refuses all of them; "+
			"an administrator finds which with: journalctl -u tailscale-mcp")
	default:
		Refuse(w, http.StatusForbidden, "tailscaled on this host knows no tailnet peer at your address; connect over the tailnet")
	}
}

// unavailable answers while tailscaled cannot be asked.
func unavailable(w http.ResponseWriter) {
	w.Header().Set("Retry-After", "2")
	Refuse(w, http.StatusServiceUnavailable, "tailscaled on this host cannot say who is calling right now; try again in a few seconds. "+
		"An administrator of the host looks at: systemctl status tailscaled")
}
