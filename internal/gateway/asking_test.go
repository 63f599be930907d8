// SPDX-License-Identifier: MIT

package gateway_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"maps"
	"net/http"
	"strings"
	"testing"
)

// question is one thing that a client is asked.
type question struct {
	Method string
	Params json.RawMessage
}

// everything is what a client offers that can be asked anything.
const everything = `{"elicitation":{"form":{},"url":{}},"sampling":{"tools":{}},"roots":{}}`

// asker is a client that can be asked, of either era, with or without a proxy: call makes a
// call, answers with result what it is asked meanwhile, and returns what comes of it with the
// questions.
type asker interface {
	call(t *testing.T, server, tool string, arguments map[string]any, result string) (text string, asked []question)
	request(t *testing.T, server, method string, params map[string]any, result string) (text string, asked []question)
}

// modernAsker is one of 2026-07-28.
type modernAsker struct {
	client
	capabilities string
}

// round sends a call, or goes on with one: more are members of params.
func (c modernAsker) round(t *testing.T, server, tool string, arguments, more map[string]any) (text string, requests map[string]question, state string) {
	t.Helper()
	return c.roundOf(t, server, "tools/call", map[string]any{"name": tool, "arguments": arguments}, more)
}

func (c modernAsker) roundOf(t *testing.T, server, method string, params, more map[string]any) (text string, requests map[string]question, state string) {
	t.Helper()
	c.modern = true
	all := map[string]any{"_meta": map[string]any{"io.modelcontextprotocol/clientCapabilities": json.RawMessage(c.capabilities)}}
	maps.Copy(all, params)
	maps.Copy(all, more)
	_, text = c.post(t.Context(), t, server, method, all)
	var said struct {
		Result struct {
			ResultType    string
			InputRequests map[string]question
			RequestState  string
		}
	}
	if err := json.Unmarshal([]byte(last(text)), &said); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	return text, said.Result.InputRequests, said.Result.RequestState
}

// last is the last message of a body, which may be an event stream.
func last(body string) string {
	_, after, found := cutLast(body, "\ndata: ")
	if !found {
		return strings.TrimPrefix(body, "data: ")
	}
	return after
}

func cutLast(s, sep string) (before, after string, found bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}

func (c modernAsker) call(t *testing.T, server, tool string, arguments map[string]any, result string) (text string, asked []question) {
	t.Helper()
	return c.request(t, server, "tools/call", map[string]any{"name": tool, "arguments": arguments}, result)
}

func (c modernAsker) request(t *testing.T, server, method string, params map[string]any, result string) (text string, asked []question) {
	t.Helper()
	var more map[string]any
	for range 20 {
		text, requests, state := c.roundOf(t, server, method, params, more)
		if requests == nil {
			return text, asked
		}
		answers := map[string]any{}
		for key, q := range requests {
			asked = append(asked, q)
			answers[key] = json.RawMessage(result)
		}
		more = map[string]any{"inputResponses": answers}
		if state != "" {
			more["requestState"] = state
		}
	}
	t.Fatal("asked without end")
	return "", nil
}

// legacyAsker is one of the older revisions, with a session.
type legacyAsker struct{ client }

// asking begins a session of a client that can be asked.
func (c client) asking(t *testing.T, server, capabilities string) legacyAsker {
	t.Helper()
	resp, err := c.send(t.Context(), t, http.MethodPost, server, jsonHeader(), []byte(`{"jsonrpc":"2.0","id":0,"method":"initialize","params":{`+
		`"protocolVersion":"2025-11-25","capabilities":`+capabilities+`,"clientInfo":{"name":"asking-test","version":"1"}}}`))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if c.session = resp.Header.Get("Mcp-Session-Id"); c.session == "" {
		t.Fatalf("initialize of %s: status %d without a session", server, resp.StatusCode)
	}
	return legacyAsker{c}
}

func jsonHeader() http.Header {
	return http.Header{"Content-Type": {"application/json"}, "Accept": {"application/json, text/event-stream"}}
}

// answer sends the answer to a question, and returns the status.
func (c client) answer(t *testing.T, server, id, result string) int {
	t.Helper()
	resp, err := c.send(t.Context(), t, http.MethodPost, server, jsonHeader(), []byte(`{"jsonrpc":"2.0","id":`+id+`,"result":`+result+`}`))
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	return resp.StatusCode
}

func (c legacyAsker) call(t *testing.T, server, tool string, arguments map[string]any, result string) (text string, asked []question) {
	t.Helper()
	return c.request(t, server, "tools/call", map[string]any{"name": tool, "arguments": arguments}, result)
}

func (c legacyAsker) request(t *testing.T, server, method string, params map[string]any, result string) (text string, asked []question) {
	t.Helper()
	body, err := json.Marshal(map[string]any{"jsonrpc": "2.0", "id": 7, "method": method, "params": params})
	if err != nil {
		t.Fatal(err)
	}
	resp, err := c.send(t.Context(), t, http.MethodPost, server, jsonHeader(), body)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	lines := bufio.NewReader(resp.Body)
	for {
		line, err := lines.ReadBytes('\n')
		msg, isData := bytes.CutPrefix(line, []byte("data: "))
		if !isData && bytes.HasPrefix(line, []byte("{")) {
			msg, isData = line, true
		}
		if isData {
			var m struct {
				ID json.RawMessage
				question
			}
			if json.Unmarshal(msg, &m) != nil {
				t.Fatalf("not JSON: %s", msg)
			}
			switch {
			case m.Method == "":
				return string(msg), asked
			case m.ID != nil:
				asked = append(asked, m.question)
				if status := c.answer(t, server, string(m.ID), result); status != http.StatusAccepted {
					t.Errorf("the answer was taken with status %d", status)
				}
			}
		}
		if err != nil {
			t.Fatalf("no answer: %v", err)
		}
	}
}

// asks are what servers ask, and how a client answers.
var asks = []struct {
	name, method string
	params       map[string]any
	answer       string
	seen         string // in the params that the client is shown
}{
	{"form", "elicitation/create", map[string]any{"message": "Your name?", "requestedSchema": map[string]any{"type": "object", "properties": map[string]any{"n": map[string]any{"type": "string"}}}},
		`{"action":"accept","content":{"n":"<Al>","big":9007199254740993}}`, `"message":"The server odd asks: Your name?"`},
	{"decline", "elicitation/create", map[string]any{"mode": "form", "message": "?", "requestedSchema": map[string]any{"type": "object"}}, `{"action":"decline"}`, `"The server odd asks: ?"`},
	{"url", "elicitation/create", map[string]any{"mode": "url", "message": "Go there", "url": "https://example.com/?a=1&b=<2>", "elicitationId": "e-1"},
		`{"action":"accept"}`, `https://example.com/?a=1`},
	{"sampling", "sampling/createMessage", map[string]any{"messages": []any{map[string]any{"role": "user", "content": map[string]any{"type": "text", "text": "Hi"}}}, "maxTokens": 10},
		`{"role":"assistant","model":"m","content":{"type":"text","text":"Ho"}}`, `"maxTokens":10`},
	{"roots", "roots/list", nil, `{"roots":[{"uri":"file:///srv","name":"srv"}]}`, ``},
}

// TestAskingCells: each thing that a server may ask reaches the client of the call, of either
// era, and its answer the server.
func TestAskingCells(t *testing.T) {
	for _, server := range []struct {
		name string
		args []string
	}{{"legacy", nil}, {"modern", []string{"-modern"}}} {
		t.Run(server.name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			b.Odd("odd", `{"ask":["sampling","roots"]}`, server.args...)
			b.approve(t, "odd", nil)
			b.both()
			for name, c := range map[string]asker{"legacy": b.alice().asking(t, "odd", everything), "modern": modernAsker{b.alice(), everything}} {
				for _, a := range asks {
					t.Run(name+"/"+a.name, func(t *testing.T) {
						text, asked := c.call(t, "odd", "ask", map[string]any{"method": a.method, "params": a.params, "rounds": 1}, a.answer)
						if len(asked) != 1 || asked[0].Method != a.method || !strings.Contains(string(asked[0].Params), a.seen) {
							t.Errorf("asked %s", asked)
						}
						var want, got any
						_ = json.Unmarshal([]byte(a.answer), &want)
						if !heardAnswer(text, &got) || !sameJSON(want, got) {
							t.Errorf("the server heard %s", text)
						}
					})
				}
			}
			for _, r := range b.audit.Of("odd/ask") {
				if r.Event == "outcome" && !strings.HasPrefix(r.Asked, "1 ") || strings.Contains(r.Reason, "Ho") {
					t.Errorf("recorded %+v", r)
				}
			}
			if n := len(b.audit.Of("odd/ask")); n != 2*2*len(asks) {
				t.Errorf("%d records of %d calls", n, 2*len(asks))
			}
		})
	}
}

// heardAnswer reads what the tool ask says that it was answered.
func heardAnswer(text string, into *any) bool {
	var said struct {
		Result struct{ Content []struct{ Text string } }
	}
	if json.Unmarshal([]byte(last(text)), &said) != nil || len(said.Result.Content) != 1 {
		return false
	}
	answer, ok := strings.CutPrefix(said.Result.Content[0].Text, "the client answers ")
	if !ok || json.Unmarshal([]byte(answer), into) != nil {
		return false
	}
	if rounds, ok := (*into).(map[string]any); ok && rounds["a"] != nil {
		*into = rounds["a"]
	}
	return true
}

func sameJSON(a, b any) bool {
	one, _ := json.Marshal(a)
	two, _ := json.Marshal(b)
	return bytes.Equal(one, two)
}
