// SPDX-License-Identifier: MIT

package mcpserver

import (
	"fmt"
	"strings"
	"testing"

	"tailscale-mcp/internal/identity"
)

// TestForgedIdentity: headers that say who is calling change no decision. The
// record has who it was, and what was claimed.
func TestForgedIdentity(t *testing.T) {
	forged := map[string]string{
		"X-Tailscale-User":           "alice@example.com",
		"X-Tailscale-User-Login":     "alice@example.com",
		"Tailscale-User-Login":       "alice@example.com",
		"Tailscale-User-Name":        "Alice",
		"X-Tailscale-Cap":            `{"jaxxstorm.com/cap/mcp":[{"tools":["*"]}]}`,
		"Tailscale-App-Capabilities": `{"jaxxstorm.com/cap/mcp":[{"tools":["*"]}]}`,
		"Forwarded":                  "for=127.0.0.2;host=mcp.example.ts.net",
		"X-Forwarded-For":            "127.0.0.2",
		"X-Forwarded-Host":           "mcp.example.ts.net",
		"X-Real-Ip":                  "127.0.0.2",
		"X-Webauth-User":             "alice@example.com",
		"Remote-User":                "alice@example.com",
		"Authorization":              "Bearer alice",
		"Cookie":                     "session=of-alice",
	}
	bothEras(t, func(t *testing.T, revision string) {
		b := newBench(t)
		b.grant("alice@example.com", `{"tools":["*"]}`)
		b.grant("bob@example.com", `{"tools":["get_other"]}`)
		bob := b.bob(t, revision)
		for _, name := range []string{"get_echo", "get_other"} {
			for _, forge := range []bool{false, true} {
				b.audit.Forget()
				r := bob.request(t.Context(), 1, "tools/call", map[string]any{"name": name, "arguments": map[string]any{"text": "x"}})
				if forge {
					for header, value := range forged {
						r.Header.Set(header, value)
					}
				}
				text, isError := bob.do(t, r).toolText(t)
				if isError != (name == "get_echo") || isError && !strings.HasPrefix(text, "access_denied: bob@example.com") {
					t.Errorf("%s (forged: %v): %s", name, forge, text)
				}
				record := b.audit.Records()[0]
				if record.Login != "bob@example.com" || record.Node != "bob-laptop" || record.NodeID != "nbob@example.com" || record.Addr.Addr().String() != "127.0.0.3" {
					t.Errorf("%s (forged: %v): recorded as %+v", name, forge, record)
				}
				for _, header := range []string{"x-tailscale-user", "tailscale-user-login", "tailscale-app-capabilities", "forwarded", "x-forwarded-for", "x-real-ip"} {
					if strings.Contains(record.Claimed, header+"=") != forge {
						t.Errorf("%s (forged: %v): claimed %q, want %s in it when forged", name, forge, record.Claimed, header)
					}
				}
				if strings.Contains(record.Claimed, "Bearer") || strings.Contains(record.Claimed, "of-alice") {
					t.Errorf("a credential is recorded: %q", record.Claimed)
				}
			}
		}
	})
}

func TestClaimsAreBounded(t *testing.T) {
	b := newBench(t)
	bob := b.bob(t, legacy)
	r := bob.request(t.Context(), 1, "tools/call", map[string]any{"name": "get_echo"})
	r.Header.Set("Forwarded", strings.Repeat("é", 8000))
	r.Header.Set("User-Agent", strings.Repeat("u", 8000)+"/"+strings.Repeat("v", 8000))
	bob.do(t, r)
	record := b.audit.Records()[0]
	if len(record.Claimed) > 520 || len(record.ClientName) > 64 || len(record.ClientVersion) > 64 {
		t.Errorf("recorded %d bytes of claims, %d of a name, %d of a version", len(record.Claimed), len(record.ClientName), len(record.ClientVersion))
	}
}

// TestNobody: whoever has no identity is refused before anything of the body is
// read, is told why, and is on record.
func TestNobody(t *testing.T) {
	for _, c := range []struct {
		name   string
		err    error
		status int
		says   string
	}{
		{"unknown", identity.ErrUnknown, 403, "knows no tailnet peer at your address"},
		{"tailscaled away", fmt.Errorf("%w: dial unix: no such file", identity.ErrUnavailable), 503, "systemctl status tailscaled"},
		{"this host", identity.ErrSelf, 403, "TAILSCALE_MCP_ALLOW_SELF"},
		{"malformed grant", identity.ErrMalformedGrant, 403, "journalctl -u tailscale-mcp"},
		{"anything else", fmt.Errorf("a surprise"), 403, "knows no tailnet peer"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t)
			b.vanish(c.err)
			for _, revision := range []string{legacy, modern} {
				alice := b.alice(t, revision)
				for _, method := range []string{"initialize", "tools/list", "server/discover", "ping"} {
					r := alice.do(t, alice.request(t.Context(), 1, method, nil))
					r.refused(t, c.status, c.status, "null")
					if !strings.Contains(r.body, c.says) || strings.Contains(r.body, "dial unix") {
						t.Errorf("told %s", r.body)
					}
					if retry := r.header.Get("Retry-After"); (retry != "") != (c.status == 503) {
						t.Errorf("Retry-After %q with status %d", retry, c.status)
					}
				}
			}
			w := b.dial(t)
			w.send("POST /mcp HTTP/1.1\r\n" + host + usual + "Content-Length: 1000000\r\nForwarded: for=alice\r\n\r\n")
			if r := w.response(t); r.status != c.status {
				t.Errorf("before its body: status %d, want %d", r.status, c.status)
			}
			records := b.audit.Records()
			if len(records) != 9 {
				t.Fatalf("%d records of 9 refusals", len(records))
			}
			last := records[8]
			if last.Allowed || last.Reason == "" || last.Claimed != "forwarded=for=alice" || last.Addr.Addr().String() != "127.0.0.2" || last.RequestID == "" {
				t.Errorf("recorded %+v", last)
			}
		})
	}
}

func TestHealthNeedsNoIdentity(t *testing.T) {
	word := "up"
	b := newBench(t, func(o *setup) { o.front.Health = func() string { return word } })
	b.vanish(identity.ErrUnavailable)
	for _, c := range []struct {
		word   string
		status int
	}{{"up", 200}, {"waiting", 503}, {"degraded", 503}} {
		word = c.word
		alice := b.alice(t, legacy)
		r := alice.raw(t.Context(), "")
		r.URL.Path, r.Method, r.Body, r.ContentLength = "/healthz", "GET", nil, 0
		if got := alice.do(t, r); got.status != c.status || got.body != c.word+"\n" {
			t.Errorf("%s: status %d, %q", c.word, got.status, got.body)
		}
	}
}

// TestNoNamesYet: a host that does not know its own names yet is not one that
// the client has got wrong.
func TestNoNamesYet(t *testing.T) {
	b := newBench(t, func(o *setup) { o.front.Names = func() []string { return nil } })
	alice := b.alice(t, legacy)
	r := alice.do(t, alice.request(t.Context(), 1, "tools/list", nil))
	r.refused(t, 503, 503, "null")
	if r.header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
}
