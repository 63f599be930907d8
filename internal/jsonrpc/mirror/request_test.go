// SPDX-License-Identifier: MIT

package mirror

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/net/http/httpguts"

	"tailscale-mcp/internal/jsonrpc"
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
			if got := Value(tt.in); got != tt.want {
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
		{"tool", `{"id":1,"method":"tools/call","params":{"name":"t","uri":"u",` + metaMember + `}}`, "", "2026-07-28", "tools/call", "t"},
		{"prompt", `{"id":1,"method":"prompts/get","params":{"name":"p",` + metaMember + `}}`, "", "2026-07-28", "prompts/get", "p"},
		{"resource", `{"id":1,"method":"resources/read","params":{"name":"p","uri":"a://b",` + metaMember + `}}`, "", "2026-07-28", "resources/read", "a://b"},
		{"no name is mirrored for others", `{"id":1,"method":"tools/list","params":{"name":"p",` + metaMember + `}}`, "", "2026-07-28", "tools/list", ""},
		{"name of another type", `{"id":1,"method":"tools/call","params":{"name":1,` + metaMember + `}}`, "", "2026-07-28", "tools/call", ""},
		{"version of the message first", `{"id":1,"method":"m","params":{` + metaMember + `}}`, "x", "2026-07-28", "m", ""},
		{"version of the era else", `{"method":"notifications/x"}`, "2026-07-28", "2026-07-28", "notifications/x", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			e, err := jsonrpc.Scan([]byte(tt.msg))
			if err != nil {
				t.Fatal(err)
			}
			h := http.Header{}
			SetRequest(h, &e, tt.fallback)
			if v, m, n := h.Get("MCP-Protocol-Version"), h.Get("Mcp-Method"), h.Get("Mcp-Name"); v != tt.version || m != tt.method || n != tt.label {
				t.Errorf("got %q, %q, %q, want %q, %q, %q", v, m, n, tt.version, tt.method, tt.label)
			}
		})
	}
}

// FuzzHeaders checks of whatever message that its headers are ones that HTTP
// can carry, and that they mean what the body says.
func FuzzHeaders(f *testing.F) {
	f.Add([]byte(callOf("1", "x")))
	f.Add([]byte(callOf("1", `a\r\nX-Tailscale-User: root`)))
	f.Add([]byte(`{"id":1,"method":"resources/read","params":{"uri":"=?base64?YQ==?=",` + metaMember + `}}`))
	f.Add([]byte(`{"method":"\u0000","params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"\n"}}}`))
	f.Add([]byte(`{"id":1,"method":"tools/call","params":{"name":"","uri":"u","_meta":{"io.modelcontextprotocol/protocolVersion":1}}}`))
	f.Add([]byte(`{"id":1,"method":" prompts/get","params":{"name":" =?base64?","name":7}}`))
	f.Fuzz(func(t *testing.T, msg []byte) {
		e, err := jsonrpc.Scan(msg)
		if err != nil {
			return
		}
		h := http.Header{}
		SetRequest(h, &e, "")
		want := carried(t, msg)
		if len(h) != len(want) {
			t.Fatalf("got headers %q, want those of %q", h, want)
		}
		for name, w := range want {
			values := h[name]
			if len(values) != 1 {
				t.Fatalf("%s: got %q, want one value", name, values)
			}
			if !httpguts.ValidHeaderFieldValue(values[0]) || strings.TrimSpace(values[0]) != values[0] {
				t.Fatalf("%s: got %q, which no header can carry", name, values[0])
			}
			if got := decoded(t, values[0]); got != w {
				t.Fatalf("%s: got %q, want %q", name, got, w)
			}
			// What needs no encoding has none: not every server undoes it.
			if asItIs.MatchString(w) && values[0] != w {
				t.Fatalf("%s: got %q, want it as it is", name, values[0])
			}
		}
	})
}

// asItIs is what a header carries unchanged, apart from what looks encoded.
var asItIs = regexp.MustCompile(`^([!-<>-~]([ -~]*[!-~])?)?$`)

// carried is what the headers of a message are to mean, by encoding/json.
func carried(t *testing.T, msg []byte) map[string]string {
	t.Helper()
	m := membersOf(t, msg)
	params := membersOf(t, m["params"])
	want := map[string]string{}
	if version, _ := stringOf(membersOf(t, params["_meta"])["io.modelcontextprotocol/protocolVersion"]); version != "" {
		want[HeaderVersion] = version
	}
	method, isText := stringOf(m["method"])
	if isText {
		want[HeaderMethod] = method
	}
	of := map[string]string{"tools/call": "name", "prompts/get": "name", "resources/read": "uri"}
	if name, isText := stringOf(params[of[method]]); isText && of[method] != "" {
		want[headerName] = name
	}
	return want
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

func membersOf(t *testing.T, raw []byte) map[string]json.RawMessage {
	t.Helper()
	var m map[string]json.RawMessage
	if len(raw) > 0 && raw[0] == '{' {
		if err := json.Unmarshal(raw, &m); err != nil {
			t.Fatal(err)
		}
	}
	return m
}

func stringOf(raw []byte) (string, bool) {
	var s *string
	if json.Unmarshal(raw, &s) != nil || s == nil {
		return "", false
	}
	return *s, true
}

// metaMember is the _meta of a request in revision 2026-07-28.
const metaMember = `"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}`

func callOf(id, tool string) string {
	return `{"jsonrpc":"2.0","id":` + id + `,"method":"tools/call","params":{"name":"` + tool + `",` + metaMember + `}}`
}
