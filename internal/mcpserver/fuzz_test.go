// SPDX-License-Identifier: MIT

package mcpserver

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/mark3labs/mcp-go/mcp"
)

// bodies are where the fuzzers start from: one of each kind that parse knows.
func bodies(add func(body string)) {
	const meta = `"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}`
	for _, body := range []string{
		plain, "[" + plain + "]", plain + plain, "", "{}", "null", strings.Repeat("[", 100),
		`{"jsonrpc":"2.0","id":1.0,"method":"ping"}`,
		` { "id" : "a\"b\ud800" , "params" : null , "method" : "ping" , "jsonrpc" : "2.0" } `,
		`{"id":12345678901234567890,"nested":{"id":1},"jsonrpc":"2.0","method":"tools/list"}`,
		`{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"x","version":"1"}}}`,
		`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"get_echo","arguments":{"text":"x"},"_meta":{"progressToken":"p"}}}`,
		`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"set_echo","arguments":{"text":"x"},"task":{"ttl":1}}}`,
		`{"jsonrpc":"2.0","id":1,"method":"resources/read","params":{"uri":"test://thing/one"}}`,
		`{"jsonrpc":"2.0","id":1,"method":"prompts/get","params":{"name":"ask","arguments":{"what":"x"}}}`,
		`{"jsonrpc":"2.0","id":1,"method":"completion/complete","params":{"ref":{"type":"ref/resource","uri":"test://thing/{id}"},"argument":{"name":"id","value":"o"}}}`,
		`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}`,
		`{"jsonrpc":"2.0","id":1,"result":{}}`,
		`{"jsonrpc":"2.0","id":1,"method":"a","METHOD":"b"}`,
		`{"jsonrpc":"2.0","id":null,"method":"ping"}`,
		`{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{` + meta + `}}`,
		`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"get_echo",` + meta + `}}`,
		`{"jsonrpc":"2.0","id":"s","method":"subscriptions/listen","params":{"notifications":{"toolsListChanged":true},` + meta + `}}`,
	} {
		add(body)
	}
}

// FuzzParse: parse never panics, and what it lets pass means to mcp-go, which
// reads with encoding/json, what it means to us.
func FuzzParse(f *testing.F) {
	bodies(func(body string) { f.Add([]byte(body)) })
	f.Fuzz(func(t *testing.T, body []byte) {
		m, refused := parse(body)
		if m.id != nil && !validID(m.id) {
			t.Fatalf("the id is %s", m.id)
		}
		if refused != nil {
			if refused.Status != 400 || refused.Code > -32600 || refused.Message == "" {
				t.Errorf("refused with %+v", refused)
			}
			return
		}
		sameToBoth(t, m, body, m.id)
	})
}

// sameToBoth compares parse with encoding/json.
func sameToBoth(t *testing.T, m *message, body []byte, id json.RawMessage) {
	t.Helper()
	var theirs struct {
		ID     json.RawMessage `json:"id"`
		Method string          `json:"method"`
		Result json.RawMessage `json:"result"`
		Params *struct {
			Name      string          `json:"name"`
			URI       string          `json:"uri"`
			Arguments json.RawMessage `json:"arguments"`
			Meta      *mcp.Meta       `json:"_meta"`
		} `json:"params"`
	}
	if err := json.Unmarshal(body, &theirs); err != nil {
		t.Fatalf("encoding/json cannot read it: %v: %s", err, body)
	}
	if string(theirs.ID) != string(id) || theirs.Method != m.method || theirs.Result != nil {
		t.Errorf("encoding/json reads id %s, method %q of %s", theirs.ID, theirs.Method, body)
	}
	if p := theirs.Params; p != nil && (p.Name != m.name || p.URI != m.uri || string(p.Arguments) != string(m.arguments) ||
		mcp.IsModernProtocol(p.Meta.ProtocolVersion()) != m.modern) {
		t.Errorf("encoding/json reads %+v of %s", p, body)
	}
}

// once is a response that must be begun exactly once.
type once struct {
	*httptest.ResponseRecorder
	begun int
}

func (o *once) WriteHeader(status int) {
	o.begun++
	o.ResponseRecorder.WriteHeader(status)
}

func (o *once) Write(p []byte) (int, error) {
	if o.begun == 0 {
		o.WriteHeader(http.StatusOK)
	}
	return o.ResponseRecorder.Write(p)
}

// FuzzServe: any body gets one answer of a form that the protocol has, and runs
// nothing that is not granted.
func FuzzServe(f *testing.F) {
	for _, revision := range []string{"", legacy, modern} {
		bodies(func(body string) { f.Add([]byte(body), revision, "tools/call", "get_echo") })
	}
	b := newBench(f)
	b.grant("alice@example.com", `{"tools":["get_echo"],"resources":["test://thing/one"]}`)
	b.Drain() // a stream ends as soon as it has begun
	handler := b.front.Handler()
	f.Fuzz(func(t *testing.T, body []byte, revision, method, name string) {
		r := httptest.NewRequest(http.MethodPost, "http://mcp.example.ts.net"+Path, strings.NewReader(string(body)))
		r.RemoteAddr = "127.0.0.2:1"
		for header, value := range map[string]string{
			"Content-Type": "application/json", "MCP-Protocol-Version": revision, "Mcp-Method": method, "Mcp-Name": name,
		} {
			if value != "" {
				r.Header.Set(header, value)
			}
		}
		w := &once{ResponseRecorder: httptest.NewRecorder()}
		handler.ServeHTTP(w, r)
		if w.begun != 1 {
			t.Errorf("the response was begun %d times", w.begun)
		}
		checkAnswer(t, w.ResponseRecorder)
		if log := b.log.String(); strings.Contains(log, "panic") {
			t.Fatal(log)
		}
		ran := b.tools.Ran()
		delete(ran, "alice@example.com get_echo")
		delete(ran, "alice@example.com whoami")
		if len(ran) != 0 {
			t.Errorf("ran %v", maps.Collect(maps.All(ran)))
		}
		b.audit.Forget()
	})
}

// checkAnswer wants an empty 202, or one JSON-RPC response with its status, or
// a stream that ends with one.
func checkAnswer(t *testing.T, w *httptest.ResponseRecorder) {
	t.Helper()
	text := strings.TrimSpace(w.Body.String())
	switch {
	case w.Code == http.StatusAccepted && text == "":
		return
	case w.Header().Get("Content-Type") == "text/event-stream":
		for event := range events(strings.NewReader(text)) {
			text = event
		}
	case w.Header().Get("Content-Type") != "application/json":
		t.Errorf("Content-Type %q", w.Header().Get("Content-Type"))
	}
	var m struct {
		JSONRPC string
		ID      *json.RawMessage
		Result  map[string]any
		Error   *struct {
			Code    *int
			Message string
		}
	}
	if err := json.Unmarshal([]byte(text), &m); err != nil || m.JSONRPC != "2.0" || (m.Result == nil) == (m.Error == nil) {
		t.Errorf("status %d, %s: not a response: %v", w.Code, text, err)
	}
	if m.Error != nil && (m.Error.Code == nil || m.Error.Message == "") {
		t.Errorf("an error without code or message: %s", text)
	}
	switch w.Code {
	case 200, 400, 404:
	default:
		t.Errorf("status %d: %s", w.Code, text)
	}
}
