// SPDX-License-Identifier: MIT

package remote

import (
	"bytes"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"testing"
	"time"

	"tailscale-mcp/internal/jsonrpc"
	"tailscale-mcp/internal/upstream/process"
)

// roundTripper answers each POST of a request with the same response.
type roundTripper struct {
	status int
	kind   string
	body   []byte
}

func (r roundTripper) CloseIdleConnections() {}

func (r roundTripper) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.Method != http.MethodPost {
		return &http.Response{StatusCode: http.StatusMethodNotAllowed, Header: http.Header{}, Body: http.NoBody}, nil
	}
	return &http.Response{StatusCode: r.status, Header: http.Header{"Content-Type": {r.kind}}, Body: io.NopCloser(bytes.NewReader(r.body))}, nil
}

// FuzzAnswer: whatever a server answers, a request has one answer, which is one line of JSON
// with its id, or one error.
func FuzzAnswer(f *testing.F) {
	for _, seed := range []string{
		`{"jsonrpc":"2.0","id":1,"result":{}}`, "{\n\"jsonrpc\":\"2.0\",\n\"id\":\"1\",\"result\":{}}", `{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"x"}}`,
		"data: {\"jsonrpc\":\"2.0\",\"id\":1,\ndata: \"result\":{}}\n\n", "data: {\"jsonrpc\":\"2.0\",\"method\":\"ping\",\"id\":1}\n\n", ": x\n\n", "[{}]", `{"id":1,"id":2,"result":{}}`, "{}", "",
		`{"jsonrpc":"2.0","id":1,"error":{"code":-32020,"message":"x"}}`, `{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"a","inputSchema":{"properties":{"x":{"x-mcp-header":"é"}}}}]}}`,
	} {
		f.Add(200, true, false, []byte(seed))
		f.Add(200, false, true, []byte(seed))
		f.Add(400, false, true, []byte(seed))
	}
	at := &url.URL{Scheme: "https", Host: "x", Path: "/"}
	f.Fuzz(func(t *testing.T, status int, stream, modern bool, body []byte) {
		if status < 200 || status > 599 || bytes.HasPrefix(body, []byte("id")) || bytes.Contains(body, []byte("\nid")) || bytes.Contains(body, []byte("\rid")) {
			return // the rest of a numbered stream is asked for after a pause: TestResume
		}
		kind := map[bool]string{true: typeEvents, false: typeJSON}[stream]
		l := newLink("x", at, false, newHeaders(http.Header{}, nil), roundTripper{status, kind, body}, slog.New(slog.DiscardHandler))
		defer l.Cut()
		late := time.AfterFunc(10*time.Second, func() { l.stop(errors.New("nothing came")) })
		defer late.Stop()
		msg := `{"jsonrpc":"2.0","id":1,"method":"tools/list"}`
		if modern {
			msg = `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a","_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}}}`
		}
		if err := l.Send([]byte(msg), nil); err != nil {
			t.Fatal(err)
		}
		for {
			r, err := l.Next()
			if err != nil {
				t.Fatalf("the session ended: %v", err)
			}
			if r.Err != nil {
				if r.ID != 1 || len(r.Msg) > 0 {
					t.Errorf("%d: %v, %q", r.ID, r.Err, r.Msg)
				}
				return
			}
			e, err := jsonrpc.Scan(r.Msg)
			if err == nil && e.Repeated == "" && e.Multiline {
				t.Errorf("more than a line: %q", r.Msg)
			}
			if err == nil && e.Repeated == "" && e.Kind() == jsonrpc.Response && jsonrpc.IDKey(e.ID) == "1" {
				return
			}
		}
	})
}

var _ process.Link = (*link)(nil)
