// SPDX-License-Identifier: MIT

package proxy

import (
	"encoding/base64"
	"net/http"
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/net/http/httpguts"
)

// The examples of the specification, "Value Encoding".
func TestHeaderValue(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{"plain", "us-west1", "us-west1"},
		{"inner space", "a b", "a b"},
		{"empty", "", ""},
		{"not ASCII", "Hello, 世界", "=?base64?SGVsbG8sIOS4lueVjA==?="},
		{"spaces at the ends", " padded ", "=?base64?IHBhZGRlZCA=?="},
		{"line break", "line1\nline2", "=?base64?bGluZTEKbGluZTI=?="},
		{"like the encoded form", "=?base64?literal?=", "=?base64?PT9iYXNlNjQ/bGl0ZXJhbD89?="},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := headerValue(tt.in); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestModernHeaders(t *testing.T) {
	tests := []struct {
		name, msg, fallback    string
		version, method, label string
	}{
		{"tool", `{"id":1,"method":"tools/call","params":{"name":"t","uri":"u",` + meta + `}}`, "", "2026-07-28", "tools/call", "t"},
		{"prompt", `{"id":1,"method":"prompts/get","params":{"name":"p",` + meta + `}}`, "", "2026-07-28", "prompts/get", "p"},
		{"resource", `{"id":1,"method":"resources/read","params":{"name":"p","uri":"a://b",` + meta + `}}`, "", "2026-07-28", "resources/read", "a://b"},
		{"no name is mirrored for others", `{"id":1,"method":"tools/list","params":{"name":"p",` + meta + `}}`, "", "2026-07-28", "tools/list", ""},
		{"name of another type", `{"id":1,"method":"tools/call","params":{"name":1,` + meta + `}}`, "", "2026-07-28", "tools/call", ""},
		{"version of the message first", `{"id":1,"method":"m","params":{` + meta + `}}`, "x", "2026-07-28", "m", ""},
		{"version of the era else", `{"method":"notifications/x"}`, "2026-07-28", "2026-07-28", "notifications/x", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			e, err := scan([]byte(tt.msg))
			if err != nil {
				t.Fatal(err)
			}
			h := http.Header{}
			modernHeaders(h, &e, tt.fallback)
			if v, m, n := h.Get("MCP-Protocol-Version"), h.Get("Mcp-Method"), h.Get("Mcp-Name"); v != tt.version || m != tt.method || n != tt.label {
				t.Errorf("got %q, %q, %q, want %q, %q, %q", v, m, n, tt.version, tt.method, tt.label)
			}
		})
	}
}

// FuzzHeaders checks of whatever message that its headers are ones that HTTP
// can carry, and that they mean what the body says.
func FuzzHeaders(f *testing.F) {
	f.Add([]byte(modernCall("1", "x")))
	f.Add([]byte(modernCall("1", `a\r\nX-Tailscale-User: root`)))
	f.Add([]byte(`{"id":1,"method":"resources/read","params":{"uri":"=?base64?YQ==?=",` + meta + `}}`))
	f.Add([]byte(`{"method":"\u0000","params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"\n"}}}`))
	f.Fuzz(func(t *testing.T, msg []byte) {
		e, err := scan(msg)
		if err != nil {
			return
		}
		h := http.Header{}
		modernHeaders(h, &e, "")
		want := map[string]string{headerVersion: e.version, headerMethod: e.method, headerName: e.name}
		if e.method == "resources/read" {
			want[headerName] = e.uri
		}
		for name, values := range h {
			if len(values) != 1 {
				t.Fatalf("%s: got %d values, want 1", name, len(values))
			}
			if !httpguts.ValidHeaderFieldValue(values[0]) || strings.TrimSpace(values[0]) != values[0] {
				t.Fatalf("%s: got %q, which no header can carry", name, values[0])
			}
			if got := decoded(t, values[0]); got != want[name] {
				t.Fatalf("%s: got %q, want %q", name, got, want[name])
			}
		}
		for _, s := range []string{e.method, e.name, e.uri, e.version} {
			if v := encoded(s); !httpguts.ValidHeaderFieldValue(v) {
				t.Fatalf("identity %q: got %q, which no header can carry", s, v)
			}
		}
	})
}

// decoded is what a server makes of a header.
func decoded(t *testing.T, v string) string {
	t.Helper()
	inner, isCoded := strings.CutPrefix(v, "=?base64?")
	if !isCoded || !strings.HasSuffix(inner, "?=") {
		return v
	}
	b, err := base64.StdEncoding.DecodeString(strings.TrimSuffix(inner, "?="))
	if err != nil || !utf8.Valid(b) {
		t.Fatalf("decoding %q: %v", v, err)
	}
	return string(b)
}
