// SPDX-License-Identifier: MIT

package route

import (
	"fmt"
	"mime"
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/net/http/httpguts"
	"tailscale.com/ipn/ipnstate"
	"tailscale.com/tailcfg"

	"tailscale-mcp/internal/testbed/fakelocal"
)

func TestPX25IdentityHeaders(t *testing.T) {
	tests := []struct {
		name    string
		login   string
		dns     string
		tags    []string
		want    string
		decoded string // of the user
	}{
		{name: "user", login: "alice@example.com", dns: "laptop.tail1.ts.net.", want: "map[X-Tailscale-Node:[laptop.tail1.ts.net] X-Tailscale-User:[alice@example.com]]"},
		{name: "tagged node has no user", login: "alice@example.com", dns: "ci.tail1.ts.net.", tags: []string{"tag:b", "tag:a"}, want: "map[X-Tailscale-Node:[ci.tail1.ts.net] X-Tailscale-Tags:[tag:a,tag:b]]"},
		{name: "no user known", dns: "a.", want: "map[X-Tailscale-Node:[a]]"},
		{name: "not ASCII", login: "jürgen@example.com", dns: "a.", want: "map[X-Tailscale-Node:[a] X-Tailscale-User:[=?utf-8?q?j=C3=BCrgen@example.com?=]]", decoded: "jürgen@example.com"},
		{name: "line break", login: "a\r\nX-Evil: 1", dns: "a.", want: "map[X-Tailscale-Node:[a] X-Tailscale-User:[=?utf-8?q?a=0D=0AX-Evil:_1?=]]", decoded: "a\r\nX-Evil: 1"},
		{name: "not UTF-8", login: "a\xff", dns: "a.", want: "map[X-Tailscale-Node:[a]]"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			st := &ipnstate.Status{Self: &ipnstate.PeerStatus{DNSName: tt.dns, UserID: 1}, User: map[tailcfg.UserID]tailcfg.UserProfile{}}
			if tt.login != "" {
				st.User[1] = tailcfg.UserProfile{LoginName: tt.login}
			}
			if tt.tags != nil {
				st.Self.Tags = fakelocal.Tags(tt.tags...)
			}
			h := identityHeaders(st)
			if got := fmt.Sprint(map[string][]string(h)); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
			if tt.decoded != "" {
				if got, err := new(mime.WordDecoder).DecodeHeader(h.Get(headerUser)); err != nil || got != tt.decoded {
					t.Errorf("decoded: got %q, %v, want %q", got, err, tt.decoded)
				}
			}
		})
	}
}

// FuzzEncoded checks that a header can carry the encoded form of any name, and
// that its reader gets the name back.
func FuzzEncoded(f *testing.F) {
	f.Add("jürgen@example.com")
	f.Add("a\r\nX-Evil: 1")
	f.Fuzz(func(t *testing.T, s string) {
		v := encoded(s)
		if !httpguts.ValidHeaderFieldValue(v) {
			t.Fatalf("%q: got %q, which no header can carry", s, v)
		}
		if got, err := new(mime.WordDecoder).DecodeHeader(v); utf8.ValidString(s) && (err != nil || got != s && !strings.Contains(s, "=?")) {
			t.Fatalf("%q: got %q (%v) back", s, got, err)
		}
	})
}
