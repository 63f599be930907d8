// SPDX-License-Identifier: MIT

package mcpserver

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
)

// bodies are where the fuzzers start from: one of each kind that package message knows.
func bodies(t testing.TB, add func(body string)) {
	text, err := os.ReadFile("message/testdata/bodies.txt")
	if err != nil {
		t.Fatal(err)
	}
	for body := range strings.SplitSeq(strings.TrimSuffix(string(text), "\n"), "\n") {
		add(body)
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
		bodies(f, func(body string) { f.Add([]byte(body), revision, "tools/call", "get_echo") })
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
