// SPDX-License-Identifier: MIT

package proxy

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
)

// serveMCPGo is a server of the kind the daemon is: mcp-go without sessions.
// Its tool "step" reports progress and answers once release says that the
// progress of the call was seen.
func serveMCPGo(t *testing.T, release func(token string) <-chan struct{}) string {
	t.Helper()
	m := server.NewMCPServer("test", "1", server.WithToolCapabilities(true))
	m.AddTool(mcp.NewTool("step", mcp.WithString("token", mcp.Required())), func(ctx context.Context, req mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		token := req.GetString("token", "")
		if err := m.SendNotificationToClient(ctx, "notifications/progress", map[string]any{"progressToken": token, "progress": 1}); err != nil {
			return nil, err
		}
		select {
		case <-release(token):
			return mcp.NewToolResultText("done " + token), nil
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	})
	s := httptest.NewServer(server.NewStreamableHTTPServer(m, server.WithStateLess(true), server.WithDisableStreaming(true), server.WithStreamableHTTPLogger(slog.New(slog.DiscardHandler))))
	t.Cleanup(func() {
		s.CloseClientConnections()
		s.Close()
	})
	return s.URL + "/mcp"
}

// TestMCPGo is the good path against a real server, in both eras: a hundred
// calls at once, each with progress; nothing lost, nothing misplaced.
func TestMCPGo(t *testing.T) {
	const n = 100
	for _, era := range []string{"legacy", "modern"} {
		t.Run(era, func(t *testing.T) {
			var mu sync.Mutex
			seen := map[string]chan struct{}{}
			release := func(token string) <-chan struct{} {
				mu.Lock()
				defer mu.Unlock()
				if seen[token] == nil {
					seen[token] = make(chan struct{})
				}
				return seen[token]
			}
			c := connect(t, serveMCPGo(t, release))
			extra := ""
			if era == "legacy" {
				c.open()
				c.send(`{"jsonrpc":"2.0","id":"list","method":"tools/list"}`)
			} else {
				extra = "," + strings.TrimSuffix(strings.TrimPrefix(meta, `"_meta":{`), "}")
				c.send(
					`{"jsonrpc":"2.0","id":"discover","method":"server/discover","params":{`+meta+`}}`,
					`{"jsonrpc":"2.0","id":"list","method":"tools/list","params":{`+meta+`}}`,
					`{"jsonrpc":"2.0","id":"none","method":"no/such/method","params":{`+meta+`}}`,
				)
				if got := c.answer(`"discover"`); !strings.Contains(got, "supportedVersions") {
					t.Errorf("server/discover: got %s, want the versions", got)
				}
				// HTTP 404 here is about the method.
				if f, _ := failureIn(t, c.answer(`"none"`)); f.Code != -32601 {
					t.Errorf("unknown method: got %+v, want code -32601", f)
				}
			}
			if got := c.answer(`"list"`); !strings.Contains(got, `"name":"step"`) {
				t.Errorf("tools/list: got %s, want the tool", got)
			}
			for i := range n {
				c.send(fmt.Sprintf(`{"jsonrpc":"2.0","id":%d,"method":"tools/call","params":{"name":"step","arguments":{"token":"t%d"},"_meta":{"progressToken":"t%d"%s}}}`, i, i, i, extra))
			}
			for range n {
				var p struct {
					Params struct{ ProgressToken string }
				}
				if err := json.Unmarshal([]byte(c.method("notifications/progress")), &p); err != nil {
					t.Fatal(err)
				}
				token := p.Params.ProgressToken
				release(token)
				mu.Lock()
				select {
				case <-seen[token]:
					t.Errorf("progress of %s: got it twice", token)
				default:
					close(seen[token])
				}
				mu.Unlock()
			}
			for i := range n {
				if got := c.answer(fmt.Sprint(i)); !strings.Contains(got, fmt.Sprintf(`"done t%d"`, i)) {
					t.Errorf("%d: got %s, want its own result", i, got)
				}
			}
		})
	}
}

// TestPX17MCPGo: a server that nobody here wrote takes the headers as what its
// tool asks for, and refuses calls without them.
func TestPX17MCPGo(t *testing.T) {
	m := server.NewMCPServer("test", "1", server.WithToolCapabilities(true))
	schema := inputSchema(region + `,"n":{"type":"integer","x-mcp-header":"N"},"where":{"type":"object","properties":{"on":{"type":"boolean","x-mcp-header":"On"}}}`)
	m.AddTool(mcp.NewToolWithRawSchema("a", "", json.RawMessage(schema)), func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		return mcp.NewToolResultText("done"), nil
	})
	var refused atomic.Int32
	h := server.NewStreamableHTTPServer(m, server.WithStateLess(true), server.WithDisableStreaming(true), server.WithStreamableHTTPLogger(slog.New(slog.DiscardHandler)))
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, r)
		if rec.Code == http.StatusBadRequest {
			refused.Add(1)
		}
		maps.Copy(w.Header(), rec.Header())
		w.WriteHeader(rec.Code)
		_, _ = w.Write(rec.Body.Bytes())
	}))
	t.Cleanup(s.Close)
	c := connect(t, s.URL+"/mcp")
	for i, arguments := range []string{
		`{"region":"zürich ","n":4.2e1,"where":{"on":true}}`, `{"region":"=?base64?x?=","n":-0}`, `{"region":null,"where":{"on":false}}`, `{}`,
	} {
		id := fmt.Sprint(i)
		c.send(callWith(id, "a", arguments))
		if got := c.answer(id); !strings.Contains(got, "done") {
			t.Errorf("%s: got %s, want it done", arguments, got)
		}
	}
	if n := refused.Load(); n != 0 {
		t.Errorf("the server refused %d requests, want 0", n)
	}
	// As if the tool had been another when it was learned.
	c.relay.schemas.Learn(0, nil, []byte(`{"result":{"tools":[{"name":"a"}]}}`), nil)
	c.send(callWith(`"late"`, "a", `{"region":"r"}`))
	if got := c.answer(`"late"`); !strings.Contains(got, "done") {
		t.Errorf("got %s, want it done", got)
	}
	if n := refused.Load(); n != 1 {
		t.Errorf("the server refused %d requests, want the first of the last call", n)
	}
}

// A modern call that is cancelled ends at the server.
func TestPX18CancelMCPGo(t *testing.T) {
	done := make(chan struct{})
	m := server.NewMCPServer("test", "1", server.WithToolCapabilities(true))
	m.AddTool(mcp.NewTool("slow"), func(ctx context.Context, _ mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		if err := m.SendNotificationToClient(ctx, "notifications/progress", map[string]any{"progressToken": "p", "progress": 1}); err != nil {
			return nil, err
		}
		<-ctx.Done()
		close(done)
		return nil, ctx.Err()
	})
	s := httptest.NewServer(server.NewStreamableHTTPServer(m, server.WithStateLess(true)))
	t.Cleanup(s.Close)
	c := connect(t, s.URL+"/mcp")
	c.send(modernCall("1", "slow"))
	c.silent("1")
	c.method("notifications/progress")
	c.send(`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}`)
	select {
	case <-done:
	case <-time.After(patience):
		t.Error("the tool does not end")
	}
}
