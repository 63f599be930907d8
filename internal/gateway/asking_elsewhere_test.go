// SPDX-License-Identifier: MIT

package gateway_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"tailscale-mcp/internal/testbed/elsewhere"
)

// asksByHTTP has a server that is reached by URL ask when its tool echo is given a method: on
// the stream of the call in the older era, or on that of its session over HTTP+SSE, and by the
// result in the newer.
func asksByHTTP(s *elsewhere.Server) {
	var mu sync.Mutex
	waiting := map[string]chan elsewhere.Message{}
	s.Before = func(w http.ResponseWriter, r *http.Request, m elsewhere.Message) bool {
		if m.Method == "" && len(m.ID) > 0 {
			mu.Lock()
			if c := waiting[string(m.ID)]; c != nil {
				c <- m
			}
			mu.Unlock()
			w.WriteHeader(http.StatusAccepted)
			return true
		}
		method, _ := m.Params.Arguments["method"].(string)
		if m.Method != "tools/call" || method == "" {
			return false
		}
		params, _ := json.Marshal(m.Params.Arguments["params"])
		said := func(answer string) string {
			text, _ := json.Marshal("the client answers " + answer)
			return fmt.Sprintf(`{"jsonrpc":"2.0","id":%s,"result":{"content":[{"type":"text","text":%s}]}}`, m.ID, text)
		}
		if m.Params.Meta["io.modelcontextprotocol/protocolVersion"] != nil {
			w.Header().Set("Content-Type", "application/json")
			if m.Params.InputResponses != nil {
				fmt.Fprint(w, said(string(m.Params.InputResponses)))
				return true
			}
			fmt.Fprintf(w, `{"jsonrpc":"2.0","id":%s,"result":{"resultType":"input_required","inputRequests":{"a":{"method":%q,"params":%s}},"requestState":"s"}}`, m.ID, method, params)
			return true
		}
		id := fmt.Sprintf(`"q%s"`, m.ID)
		answer := make(chan elsewhere.Message, 1)
		mu.Lock()
		waiting[id] = answer
		mu.Unlock()
		if s.Old {
			w.WriteHeader(http.StatusAccepted)
			_ = http.NewResponseController(w).Flush()
			s.Say(r, fmt.Sprintf(`{"jsonrpc":"2.0","id":%s,"method":%q,"params":%s}`, id, method, params))
			select {
			case a := <-answer:
				s.Say(r, said(string(a.Result)))
			case <-r.Context().Done():
			}
			return true
		}
		w.Header().Set("Content-Type", "text/event-stream")
		fmt.Fprintf(w, "data: {\"jsonrpc\":\"2.0\",\"id\":%s,\"method\":%q,\"params\":%s}\n\n", id, method, params)
		_ = http.NewResponseController(w).Flush()
		fmt.Fprintf(w, "data: %s\n\n", said(string((<-answer).Result)))
		return true
	}
}

// TestAskingElsewhere: the cells of TestAskingCells and TestAskingThroughProxy for servers that
// are reached by URL.
func TestAskingElsewhere(t *testing.T) {
	for kind, s := range map[string]*elsewhere.Server{
		"legacy": {Legacy: true}, "legacy, no session": {Legacy: true, Stateless: true}, "modern": {Modern: true}, "both": {Legacy: true, Modern: true, Stateless: true},
		"2024-11-05": {Old: true}, "sse": {Old: true},
	} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			asksByHTTP(s)
			members := ""
			if kind == "sse" {
				members = `,"type":"sse"`
			}
			b.elsewhere(t, "odd", s, members, `,"ask":["sampling","roots"]`)
			b.both()
			if s.Modern {
				c := modernAsker{b.alice(), `{"sampling":{}}`}
				if text, asked := c.call(t, "odd", "echo", nil, accept); len(asked) > 0 {
					t.Errorf("asked %v: %s", asked, text)
				}
				calls := s.Seen(http.MethodPost, "tools/call")
				if got := string(calls[len(calls)-1].Message.Params.Meta["io.modelcontextprotocol/clientCapabilities"]); got != `{"sampling":{}}` {
					t.Errorf("the server was told %s", got)
				}
			}
			direct, bridged := "http://"+b.addr+"/odd/mcp", b.sessionless(t, "127.0.0.2")+"/odd/mcp"
			for name, c := range map[string]asker{
				"legacy": b.alice().asking(t, "odd", everything), "modern": modernAsker{b.alice(), everything},
				"relayed": behindProxy(t, direct, "127.0.0.2", false), "modern through the proxy": behindProxy(t, direct, "127.0.0.2", true), "bridged": behindProxy(t, bridged, "127.0.0.1", false),
			} {
				for _, a := range asks {
					text, asked := c.call(t, "odd", "echo", map[string]any{"method": a.method, "params": a.params}, a.answer)
					if len(asked) != 1 || asked[0].Method != a.method || !strings.Contains(string(asked[0].Params), a.seen) {
						t.Errorf("%s, %s: asked %s", name, a.name, asked)
					}
					var want, got any
					_ = json.Unmarshal([]byte(a.answer), &want)
					if !heardAnswer(text, &got) || !sameJSON(want, got) {
						t.Errorf("%s, %s: the server heard %s", name, a.name, text)
					}
				}
			}
		})
	}
}
