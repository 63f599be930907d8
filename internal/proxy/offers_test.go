// SPDX-License-Identifier: MIT

package proxy

import (
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"tailscale-mcp/internal/jsonrpc/fault"
	"tailscale-mcp/internal/proxy/endpoint"
)

// offering is an initialize of a client that offers this and nothing else.
func offering(capabilities string) string {
	return strings.Replace(initialize, `{"elicitation":{},"sampling":{},"roots":{}}`, capabilities, 1)
}

// TestNotOffered: a server cannot ask a client what that did not offer to be
// asked, neither on the stream of a call nor on that of the session. The server is
// told, and the call goes on.
func TestNotOffered(t *testing.T) {
	const form, page = `,"params":{"message":"?"}`, `,"params":{"mode":"url","url":"https://example.com","message":"?"}`
	for _, tt := range []struct {
		name, offers, method, params string
		passes                       bool
	}{
		{"sampling of nobody", `{}`, "sampling/createMessage", `,"params":{"messages":[]}`, false},
		{"roots of nobody", `{}`, "roots/list", ``, false},
		{"elicitation of nobody", `{}`, "elicitation/create", form, false},
		{"null is no offer", `{"elicitation":null}`, "elicitation/create", form, false},
		{"another offer", `{"sampling":{},"roots":{}}`, "elicitation/create", form, false},
		{"a URL for who takes forms", `{"elicitation":{}}`, "elicitation/create", page, false},
		{"a task of nobody", `{"elicitation":{}}`, "tasks/get", `,"params":{"taskId":"1"}`, false},
		{"unheard of", `{"elicitation":{},"sampling":{},"roots":{}}`, "tools/call", ``, false},
		{"another case", `{"sampling":{}}`, "Sampling/createMessage", ``, false},
		{"sampling", `{"sampling":{}}`, "sampling/createMessage", `,"params":{"messages":[]}`, true},
		{"roots", `{"roots":{"listChanged":true}}`, "roots/list", ``, true},
		{"a form", `{"elicitation":{}}`, "elicitation/create", form, true},
		{"a URL", `{"elicitation":{"url":{}}}`, "elicitation/create", page, true},
		{"a task", `{"tasks":{}}`, "tasks/get", `,"params":{"taskId":"1"}`, true},
		{"ping", `{}`, "ping", ``, true},
		{"an experiment", `{"experimental":{"x":{}}}`, "x/y", ``, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			question := `data: {"jsonrpc":"2.0","id":%s,"method":"` + tt.method + `"` + tt.params + "}\n\n"
			told := make(chan struct{})
			s := serve(t, map[string]tool{"ask": func(w http.ResponseWriter, _ *http.Request, in received) {
				send := events(w)
				send(fmt.Sprintf(question, `"in a call"`))
				<-told
				send("data: " + result(in, `{}`) + "\n\n")
			}})
			s.get = func(w http.ResponseWriter, r *http.Request) {
				events(w)(fmt.Sprintf(question, `"in the session"`))
				<-r.Context().Done()
			}
			c := connect(t, s.url())
			c.send(offering(tt.offers))
			c.answer(`"init"`)
			c.send(greeting, legacyCall("1", "ask"))
			for range 2 {
				if tt.passes {
					c.send(`{"jsonrpc":"2.0","id":` + idOf(t, c.method(tt.method)) + `,"result":{}}`)
				}
				got := s.got("POST", "")
				f, refused := failureIn(t, got.body)
				if refused == tt.passes || got.header.Get("Mcp-Session-Id") != "session-1" {
					t.Errorf("the server got %s, want an error: %v", got.body, !tt.passes)
				}
				if refused && (f.Code != fault.MethodNotFound || !strings.Contains(f.Message, "does not offer")) {
					t.Errorf("the server got %+v, want code %d and why", f, fault.MethodNotFound)
				}
			}
			close(told)
			if f, bad := failureIn(t, c.answer("1")); bad {
				t.Errorf("the call: got %+v, want a result", f)
			}
			if got := c.has(`"method":"` + tt.method); got != tt.passes {
				t.Errorf("on stdout: got %v, want %v", got, tt.passes)
			}
		})
	}
}

// TestModernNotOffered: of a modern server the same is an answer, which is not
// passed on when it wants what the request did not offer.
func TestModernNotOffered(t *testing.T) {
	for _, tt := range []struct {
		name, offers, wants string
		passes              bool
	}{
		{"nothing", `{}`, `{"method":"sampling/createMessage","params":{"messages":[]}}`, false},
		{"a URL", `{"elicitation":{"form":{}}}`, `{"method":"elicitation/create","params":{"mode":"url","url":"https://example.com"}}`, false},
		{"offered", `{"elicitation":{}}`, `{"method":"elicitation/create","params":{"message":"?"}}`, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			wants := `{"resultType":"input_required","inputRequests":{"a":` + tt.wants + `}}`
			s := serve(t, map[string]tool{
				"ask": func(w http.ResponseWriter, _ *http.Request, in received) { reply(w, in, wants) },
				"streamed": func(w http.ResponseWriter, _ *http.Request, in received) {
					events(w)("data: " + result(in, wants) + "\n\n")
				},
			})
			c := connect(t, s.url())
			for id, name := range map[string]string{"1": "ask", "2": "streamed"} {
				c.send(strings.Replace(modernCall(id, name), `clientCapabilities":{}`, `clientCapabilities":`+tt.offers, 1))
				f, refused := failureIn(t, c.answer(id))
				if refused == tt.passes || refused && (f.Code != fault.CodeInput || !strings.Contains(f.Message, "does not offer")) {
					t.Errorf("%s: got %+v, want a refusal: %v", name, f, !tt.passes)
				}
			}
		})
	}
}

// TestFloodOfQuestions: a server that asks without end and does not hear the answers has as
// many refusals under way as it may, and one that asks what is offered as many
// questions.
func TestFloodOfQuestions(t *testing.T) {
	const n = 3 * maxDeclined
	release := make(chan struct{})
	open := sync.OnceFunc(func() { close(release) })
	var flooding atomic.Bool
	s := serve(t, map[string]tool{"flood": func(w http.ResponseWriter, _ *http.Request, in received) {
		flooding.Store(true)
		send := events(w)
		for i := range n {
			send(fmt.Sprintf("data: {\"jsonrpc\":\"2.0\",\"id\":%d,\"method\":\"roots/list\"}\n\n", i))
		}
		send("data: " + result(in, `{}`) + "\n\n")
	}})
	s.instead = func(w http.ResponseWriter, r *http.Request) {
		if flooding.Load() {
			w = slow{w, release}
		}
		s.itself(w, r)
	}
	t.Cleanup(open) // the server ends only after that
	c := connect(t, s.url())
	c.send(offering(`{}`))
	c.answer(`"init"`)
	c.send(greeting, legacyCall("1", "flood"))
	c.answer("1")
	for range maxDeclined {
		s.got("POST", "")
	}
	open()
	if err := c.close(); err != nil {
		t.Fatal(err)
	}
	if got := s.count(func(r received) bool { return r.verb == "POST" && r.msg.Method == "" }); got != maxDeclined {
		t.Errorf("got %d refusals, want %d", got, maxDeclined)
	}

	var asks asks
	for i := range maxAsks {
		if asks.relayed(nil, fmt.Append(nil, i)) == nil {
			t.Fatalf("question %d was refused", i)
		}
	}
	if asks.relayed(nil, []byte(`"one more"`)) != nil {
		t.Errorf("got more than %d questions", maxAsks)
	}
}

// slow takes what has no answer only after release.
type slow struct {
	http.ResponseWriter
	release <-chan struct{}
}

func (s slow) WriteHeader(status int) {
	if status == http.StatusAccepted {
		<-s.release
	}
	s.ResponseWriter.WriteHeader(status)
}

func (s slow) Flush() { s.ResponseWriter.(http.Flusher).Flush() }

// TestAnswersReadTwoWays: an answer that can be read in two ways, or is to another request,
// reaches no client, and the call is told what was wrong.
func TestAnswersReadTwoWays(t *testing.T) {
	const evil = `"result":{"evil":true}`
	for _, tt := range []struct{ name, msg, says string }{
		{"the id twice", `{"jsonrpc":"2.0","id":1,"id":1,` + evil + `}`, `"id" twice`},
		{"two ids", `{"jsonrpc":"2.0","id":7,"id":1,` + evil + `}`, `"id" twice`},
		{"another case", `{"jsonrpc":"2.0","ID":7,"id":1,` + evil + `}`, `"id" twice`},
		{"escaped", `{"jsonrpc":"2.0","id":1,"\u0069d":1,` + evil + `}`, `"id" twice`},
		{"two results", `{"jsonrpc":"2.0","id":1,"result":{},` + evil + `}`, `"result" twice`},
		{"a foreign number", `{"jsonrpc":"2.0","id":7,` + evil + `}`, "another request, with the id 7"},
		{"its number as text", `{"jsonrpc":"2.0","id":"1",` + evil + `}`, `another request, with the id "1"`},
		{"a foreign error", `{"jsonrpc":"2.0","id":"x","error":{"code":1,"message":"evil"}}`, `another request, with the id "x"`},
	} {
		for _, kind := range []string{"body", "stream"} {
			for _, era := range []string{"legacy", "modern"} {
				t.Run(tt.name+"/"+kind+"/"+era, func(t *testing.T) {
					s := serve(t, map[string]tool{"evil": func(w http.ResponseWriter, r *http.Request, in received) {
						if kind == "body" {
							body(http.StatusOK, endpoint.TypeJSON, tt.msg)(w, r, in)
							return
						}
						events(w)("data: " + tt.msg + "\n\n")
					}})
					var warned record
					c := connectWith(t, Config{Server: mustURL(t, s.url()), Log: slog.New(slog.NewTextHandler(&warned, &slog.HandlerOptions{Level: slog.LevelWarn}))})
					call := modernCall("1", "evil")
					if era == "legacy" {
						c.open()
						call = legacyCall("1", "evil")
					}
					c.send(call)
					f, bad := failureIn(t, c.answer("1"))
					foreign := kind == "stream" && strings.HasPrefix(tt.says, "another")
					switch {
					case !bad || c.has("evil"):
						t.Errorf("got %+v, want an error of the proxy", f)
					case foreign && (f.Code != fault.CodeInterrupted || !warned.has("nobody waits for it")):
						t.Errorf("got %+v, want code %d, and a warning", f, fault.CodeInterrupted)
					case !foreign && (f.Code != fault.CodeBadAnswer || !strings.Contains(f.Message, tt.says)):
						t.Errorf("got %+v, want code %d and %q", f, fault.CodeBadAnswer, tt.says)
					}
				})
			}
		}
	}
}

// What is no answer and can be read in two ways is dropped, with a warning, and the
// call goes on.
func TestMessagesReadTwoWays(t *testing.T) {
	s := serve(t, map[string]tool{"evil": func(w http.ResponseWriter, _ *http.Request, in received) {
		send := events(w)
		for _, msg := range []string{
			`{"jsonrpc":"2.0","id":2,"id":2,"method":"roots/list"}`,
			`{"jsonrpc":"2.0","id":2,"method":"ping","method":"roots/list"}`,
			`{"jsonrpc":"2.0","method":"notifications/message","Method":"notifications/evil","params":{}}`,
			`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1,"requestId":2}}`,
		} {
			send("data: " + msg + "\n\n")
		}
		send("data: " + result(in, `{}`) + "\n\n")
	}})
	var warned record
	c := connectWith(t, Config{Server: mustURL(t, s.url()), Log: slog.New(slog.NewTextHandler(&warned, nil))})
	c.open()
	c.send(legacyCall("1", "evil"))
	if f, bad := failureIn(t, c.answer("1")); bad {
		t.Errorf("got %+v, want a result", f)
	}
	if err := c.close(); err != nil {
		t.Fatal(err)
	}
	if len(c.lines) != 2 {
		t.Errorf("got %q, want the answers to initialize and to 1", c.lines)
	}
	for _, name := range []string{"id", "method", "requestId"} {
		if !warned.has(`a message that has \"` + name + `\" twice`) {
			t.Errorf("no warning of %q", name)
		}
	}
}

// An HTTP error is about its request, whatever id it names: there are servers that
// give them all one.
func TestHTTPErrorWithAnIDOfItsOwn(t *testing.T) {
	s := serve(t, map[string]tool{
		"says no": body(http.StatusBadRequest, endpoint.TypeJSON, `{"jsonrpc":"2.0","id":"server-error","error":{"code":-32600,"message":"because"}}`),
		"evil":    body(http.StatusBadRequest, endpoint.TypeJSON, `{"jsonrpc":"2.0","id":7,"error":{"code":1,"message":"m"},"result":{}}`),
		"two":     body(http.StatusBadRequest, endpoint.TypeJSON, `{"jsonrpc":"2.0","id":1,"id":3,"error":{"code":1,"message":"m"}}`),
	})
	c := connect(t, s.url())
	c.send(modernCall("1", "says no"), modernCall("2", "evil"), modernCall("3", "two"))
	for id, want := range map[string]int{"1": -32600, "2": fault.CodeHTTPStatus, "3": fault.CodeHTTPStatus} {
		if f, _ := failureIn(t, c.answer(id)); f.Code != want {
			t.Errorf("%s: got %+v, want code %d", id, f, want)
		}
	}
}

// record keeps what was logged.
type record struct {
	mu   sync.Mutex
	text strings.Builder
}

func (r *record) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.text.Write(p)
}

func (r *record) has(text string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return strings.Contains(r.text.String(), text)
}
