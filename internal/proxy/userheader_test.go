// SPDX-License-Identifier: MIT

package proxy

import (
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"tailscale-mcp/internal/localapi/socket"
	"tailscale-mcp/internal/testbed/fakelocal"
)

// TestPX25UserHeaders: what the user sets goes along with every request, and
// never in place of the identity or of the protocol, however it got here.
func TestPX25UserHeaders(t *testing.T) {
	for _, tagged := range []bool{false, true} {
		s := serve(t, nil)
		ts := fakelocal.Start(t)
		want := alice
		if tagged { // and has no user, so that nothing of ours stands in its place
			ts.Status.Self.Tags = fakelocal.Tags("tag:ci")
			want = "map[X-Tailscale-Node:laptop.tail1.ts.net X-Tailscale-Tags:tag:ci]"
		}
		sys := &fakelocal.System{To: s.addr()}
		c := connectWith(t, Config{
			Server: mustURL(t, "http://100.64.0.2:8080/mcp"), Tailscaled: socket.ClientForDials(ts.Socket),
			Header: http.Header{
				"Authorization": {"Bearer x"}, "x-tailscale-user": {"root@example.com"}, "X-TAILSCALE-TAGS": {"tag:admin"}, "X-Tailscale-Other": {"x"},
				"mcp-session-id": {"other"}, "Accept": {"text/html"}, "content-type": {"text/html"}, "x-key": {"k"}, "user-agent": {"mine/1"},
			},
		}, by(sys))
		c.open()
		c.send(legacyCall("1", "x"))
		c.answer("1")
		for _, r := range []received{s.got("POST", "initialize"), s.got("POST", "notifications/initialized"), s.got("POST", "tools/call")} {
			h := r.header
			if got := sprint(identityIn(h)); got != want {
				t.Errorf("identity: got %s, want %s", got, want)
			}
			for name, want := range map[string]string{"Authorization": "Bearer x", "X-Key": "k", "User-Agent": "mine/1"} {
				if got := strings.Join(h.Values(name), "|"); got != want {
					t.Errorf("%s: got %q, want %q", name, got, want)
				}
			}
			if got := h.Get("Mcp-Session-Id"); got == "other" || strings.Contains(h.Get("Accept")+h.Get("Content-Type"), "html") {
				t.Errorf("got %v, want the headers of the protocol as they are", h)
			}
		}
	}
}

// TestPX26IdentityTo: a host outside the tailnet is told who calls only when it
// is allowed by name.
func TestPX26IdentityTo(t *testing.T) {
	lan := netip.MustParseAddr("192.0.2.9")
	tests := []struct {
		name, url string
		to        []string
		identity  string
	}{
		{"by name, in another case", "http://Gateway.example.com:8080/mcp", []string{"other", "gateway.EXAMPLE.com."}, alice},
		{"another name of it", "http://gateway.example.com:8080/mcp", []string{"gateway"}, nobody},
		{"by address", "http://192.0.2.9:8080/mcp", []string{"192.0.2.9"}, alice},
		{"by IPv6 address", "http://[2001:db8::1]:8080/mcp", []string{"2001:DB8:0::1"}, alice},
		{"another address", "http://192.0.2.9:8080/mcp", []string{"192.0.2.8"}, nobody},
		{"this machine", "http://localhost:8080/mcp", []string{"localhost"}, alice},
		{"this machine, not allowed", "http://localhost:8080/mcp", nil, nobody},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := serve(t, nil)
			ts := fakelocal.Start(t)
			sys := &fakelocal.System{To: s.addr(), Names: map[string][]netip.Addr{
				"gateway.example.com": {lan}, "Gateway.example.com": {lan}, "localhost": {netip.MustParseAddr("127.0.0.1")},
			}}
			c := connectWith(t, Config{Server: mustURL(t, tt.url), Tailscaled: socket.ClientForDials(ts.Socket), IdentityTo: tt.to}, by(sys))
			c.send(modernCall("1", "x"))
			c.answer("1")
			if got := sprint(identityIn(s.got("POST", "tools/call").header)); got != tt.identity {
				t.Errorf("identity: got %s, want %s", got, tt.identity)
			}
		})
	}
}
