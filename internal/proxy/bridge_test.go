// SPDX-License-Identifier: MIT

package proxy

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"tailscale-mcp/internal/jsonrpc"
	"tailscale-mcp/internal/jsonrpc/fault"
)

// discovered is what the modern server of these tests says of itself.
const discovered = `{"resultType":"complete","supportedVersions":["2026-07-28"],` +
	`"capabilities":{"tools":{"listChanged":true},"resources":{"subscribe":true},"logging":{}},` +
	`"_meta":{"io.modelcontextprotocol/serverInfo":{"name":"modern","version":"7"}},"instructions":"Be \"kind\"."}`

// asking is an initialize whose client can be asked everything.
const asking = `{"jsonrpc":"2.0","id":"init","method":"initialize","params":{"protocolVersion":"2025-06-18",` +
	`"capabilities":{"elicitation":{"form":{},"url":{}},"sampling":{},"roots":{"listChanged":true},"tasks":{}},"clientInfo":{"name":"old","version":"1.0"}}}`

// serveModern is a server that speaks the modern era only.
func serveModern(t *testing.T, tools map[string]tool) *faultServer {
	t.Helper()
	return modernOnly(serve(t, tools))
}

func modernOnly(s *faultServer) *faultServer {
	s.modern, s.only, s.keep = discovered, true, false
	s.listen = subscribed
	return s
}

// subscribed takes a subscription as it is wanted and holds it.
func subscribed(w http.ResponseWriter, r *http.Request, in received) {
	acknowledge(events(w), in)
	<-r.Context().Done()
}

func acknowledge(send func(string), in received) {
	var asked struct {
		Params struct{ Notifications json.RawMessage }
	}
	_ = json.Unmarshal([]byte(in.body), &asked)
	send(fmt.Sprintf("data: {\"jsonrpc\":\"2.0\",\"method\":%q,\"params\":{\"_meta\":{%q:%s},\"notifications\":%s}}\n\n",
		methodAcknowledged, subscriptionKey, in.msg.ID, asked.Params.Notifications))
}

// Of the notification that acknowledges a subscription.
const (
	methodAcknowledged = "notifications/subscriptions/acknowledged"
	subscriptionKey    = "io.modelcontextprotocol/subscriptionId"
)

// filter names what a subscription asks to be told of.
type filter struct {
	ToolsListChanged, PromptsListChanged, ResourcesListChanged bool
	ResourceSubscriptions                                      []string
}

// said is what a request says in params._meta and beside it.
func said(t *testing.T, in received) (m struct {
	Params struct {
		Meta           map[string]json.RawMessage `json:"_meta"`
		InputResponses map[string]json.RawMessage
		RequestState   json.RawMessage
		Notifications  filter
	}
}) {
	t.Helper()
	if err := json.Unmarshal([]byte(in.body), &m); err != nil {
		t.Fatalf("reading %q: %v", in.body, err)
	}
	return m
}

// TestPX22Bridge: a client of an older revision uses a server that speaks only
// the newest.
func TestPX22Bridge(t *testing.T) {
	s := serveModern(t, nil)
	c := connect(t, s.url())
	c.send(asking)
	want := `{"jsonrpc":"2.0","id":"init","result":{"protocolVersion":"2025-06-18","capabilities":{"tools":{"listChanged":true},"resources":{"subscribe":true},"logging":{}},` +
		`"serverInfo":{"name":"modern","version":"7"},"instructions":"Be \"kind\"."}}`
	if got := c.answer(`"init"`); got != want {
		t.Errorf("initialize: got %s, want %s", got, want)
	}
	c.send(greeting)
	s.got("POST", "subscriptions/listen")

	c.send(`{"jsonrpc":"2.0","id":9007199254740993,"method":"tools/call","params":{"name":"x","arguments":{"n":12345678901234567890},"_meta":{"progressToken":1.0}}}`)
	c.answer("9007199254740993")
	in := s.got("POST", "tools/call")
	meta := said(t, in).Params.Meta
	for key, want := range map[string]string{
		jsonrpc.VersionKey:            `"2026-07-28"`,
		jsonrpc.ClientInfoKey:         `{"name":"old","version":"1.0"}`,
		jsonrpc.ClientCapabilitiesKey: `{"elicitation":{"form":{},"url":{}},"roots":{"listChanged":true},"sampling":{}}`,
		jsonrpc.LogLevelKey:           `"info"`,
		"progressToken":               `1.0`,
	} {
		if got := string(meta[key]); got != want {
			t.Errorf("_meta %s: got %s, want %s", key, got, want)
		}
	}
	if !strings.Contains(in.body, `"arguments":{"n":12345678901234567890}`) {
		t.Errorf("got %s, want the arguments as they were", in.body)
	}
	for name, want := range map[string]string{"MCP-Protocol-Version": "2026-07-28", "Mcp-Method": "tools/call", "Mcp-Name": "x", "Mcp-Session-Id": ""} {
		if got := in.header.Get(name); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
}

// What a modern server has no request for, the proxy answers.
func TestPX22AnsweredHere(t *testing.T) {
	s := serveModern(t, nil)
	c := connect(t, s.url())
	c.send(asking)
	c.answer(`"init"`)
	tests := []struct{ send, want string }{
		{`{"jsonrpc":"2.0","id":1,"method":"ping"}`, `{"jsonrpc":"2.0","id":1,"result":{}}`},
		{`{"jsonrpc":"2.0","id":2,"method":"logging/setLevel","params":{"level":"warning"}}`, `{"jsonrpc":"2.0","id":2,"result":{}}`},
		{`{"jsonrpc":"2.0","id":3,"method":"logging/setLevel","params":{"level":"loud"}}`, `"code":-32602`},
		{`{"jsonrpc":"2.0","id":4,"method":"resources/subscribe","params":{}}`, `"code":-32602`},
		{`{"jsonrpc":"2.0","id":5,"method":"tools/list","params":[1]}`, `"code":-32602`},
	}
	for _, tt := range tests {
		c.send(tt.send)
		if got := c.next(); !strings.Contains(got, tt.want) {
			t.Errorf("%s: got %s, want %s", tt.send, got, tt.want)
		}
	}
	c.send(`{"jsonrpc":"2.0","method":"notifications/roots/list_changed"}`, `{"jsonrpc":"2.0","id":6,"method":"tools/list"}`)
	c.answer("6")
	if got := string(said(t, s.got("POST", "tools/list")).Params.Meta[jsonrpc.LogLevelKey]); got != `"warning"` {
		t.Errorf("log level: got %s, want the one that was set", got)
	}
	if n := s.count(func(r received) bool {
		switch r.msg.Method {
		case "initialize", "server/discover", "tools/list":
			return false
		}
		return true
	}); n != 0 {
		t.Errorf("got %d other requests, want none", n)
	}
}

// TestPX22Input: what the server needs of the client is asked for the way the
// client knows, by people's time, and as often as the server needs it.
func TestPX22Input(t *testing.T) {
	const state = `"\u0061/+=é opaque"`
	s := serveModern(t, map[string]tool{"ask": func(w http.ResponseWriter, _ *http.Request, in received) {
		switch params := said(t, in).Params; {
		case params.InputResponses == nil:
			reply(w, in, `{"resultType":"input_required","requestState":`+state+`,"inputRequests":{`+
				`"who \"x\"":{"method":"elicitation/create","params":{"message":"Who?","requestedSchema":{"type":"object","properties":{}}}},`+
				`"what":{"method":"sampling/createMessage","params":{"messages":[],"maxTokens":10}},`+
				`"where":{"method":"roots/list"}}}`)
		case params.InputResponses["again"] == nil:
			if string(params.RequestState) != state || len(params.InputResponses) != 3 {
				t.Errorf("second round: got state %s and %v, want %s and three responses", params.RequestState, params.InputResponses, state)
			}
			reply(w, in, `{"resultType":"input_required","inputRequests":{"again":{"method":"elicitation/create","params":{"mode":"url","url":"https://example.com","message":"There."}}}}`)
		default:
			if params.RequestState != nil {
				t.Errorf("third round: got state %s, want none", params.RequestState)
			}
			reply(w, in, `{"content":[],"resultType":"complete"}`)
		}
	}})
	c := connect(t, s.url())
	c.send(asking)
	c.answer(`"init"`)
	c.send(legacyCall("7", "ask"))
	for method, result := range map[string]string{
		"elicitation/create":     `{"action":"accept","content":{"n":1.0}}`,
		"sampling/createMessage": `{"role":"assistant","content":{"type":"text","text":"x"},"model":"m"}`,
		"roots/list":             `{"roots":[]}`,
	} {
		c.send(`{"jsonrpc":"2.0","id":` + idOf(t, c.method(method)) + `,"result":` + result + `}`)
	}
	again := c.method("elicitation/create")
	if id := idOf(t, again); !strings.Contains(again, `"elicitationId":`+id) {
		t.Errorf("got %s, want an id of the elicitation as the older revision has it", again)
	}
	// Nothing waits for the person.
	c.send(legacyCall("8", "x"))
	c.answer("8")
	c.send(`{"jsonrpc":"2.0","id":` + idOf(t, again) + `,"result":{"action":"decline"}}`)
	if got, want := c.answer("7"), `{"jsonrpc":"2.0","id":7,"result":{"content":[]}}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	var ids []string
	for _, r := range s.all() {
		if r.msg.Params.Name == "ask" {
			ids = append(ids, string(r.msg.ID))
		}
		if r.msg.Params.Name == "ask" && len(ids) == 2 && !strings.Contains(r.body, `"content":{"n":1.0}`) {
			t.Errorf("got %s, want the client's answer as it was", r.body)
		}
	}
	if len(ids) != 3 || ids[0] == ids[1] || ids[1] == ids[2] || ids[0] == ids[2] {
		t.Errorf("got ids %v, want three different ones", ids)
	}
}

func idOf(t *testing.T, msg string) string {
	t.Helper()
	var m struct{ ID json.RawMessage }
	if err := json.Unmarshal([]byte(msg), &m); err != nil || m.ID == nil {
		t.Fatalf("got %s, want a request", msg)
	}
	return string(m.ID)
}

// A client that does not give what is needed, or takes its request back.
func TestPX22InputRefused(t *testing.T) {
	wants := func(inputs string) tool {
		return func(w http.ResponseWriter, _ *http.Request, in received) {
			reply(w, in, `{"resultType":"input_required","inputRequests":{`+inputs+`}}`)
		}
	}
	elicit := `"method":"elicitation/create","params":{"message":"?","requestedSchema":{}}`
	s := serveModern(t, map[string]tool{
		"one":   wants(`"a":{` + elicit + `}`),
		"two":   wants(`"a":{` + elicit + `},"b":{` + elicit + `}`),
		"other": wants(`"a":{"method":"no/such"}`),
	})
	c := connect(t, s.url())
	c.send(asking)
	c.answer(`"init"`)

	c.send(legacyCall("1", "two"))
	first, second := c.method("elicitation/create"), c.method("elicitation/create")
	c.send(`{"jsonrpc":"2.0","id":` + idOf(t, first) + `,"error":{"code":-1,"message":"nobody is here"}}`)
	if f, _ := failureIn(t, c.answer("1")); f.Code != fault.CodeInput || !strings.Contains(f.Message, "nobody is here") || !strings.Contains(f.Message, "not carried out") {
		t.Errorf("got %+v, want code %d with what the client said", f, fault.CodeInput)
	}
	if got := c.method(methodCancelled); !strings.Contains(got, `"requestId":`+idOf(t, second)) {
		t.Errorf("got %s, want the other question withdrawn", got)
	}

	c.send(legacyCall("2", "other"))
	if f, _ := failureIn(t, c.answer("2")); f.Code != fault.CodeInput || !strings.Contains(f.Message, "no/such") {
		t.Errorf("got %+v, want code %d", f, fault.CodeInput)
	}

	c.send(legacyCall("3", "one"))
	c.silent("3")
	question := c.method("elicitation/create")
	c.send(`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":3}}`)
	if got := c.method(methodCancelled); !strings.Contains(got, `"requestId":`+idOf(t, question)) {
		t.Errorf("got %s, want the question withdrawn", got)
	}
	c.send(`{"jsonrpc":"2.0","id":`+idOf(t, question)+`,"result":{}}`, legacyCall("4", "x"))
	c.answer("4")

	// And at the end of everything, with an answer.
	c.send(legacyCall("5", "one"))
	c.method("elicitation/create")
	c.relay.cfg.Drain = 0
	if err := c.close(); err != nil {
		t.Fatal(err)
	}
	if f, _ := failureIn(t, c.answer("5")); f.Code != fault.CodeStopping {
		t.Errorf("got %+v, want code %d", f, fault.CodeStopping)
	}
	if n := s.count(func(r received) bool { return r.msg.Method == methodCancelled || r.verb != "POST" }); n != 0 {
		t.Errorf("got %d cancellations or requests without POST, want none: this era has none", n)
	}
}

// A server that asks for ever is not asked for ever.
func TestPX22RoundsEnd(t *testing.T) {
	s := serveModern(t, map[string]tool{"never": func(w http.ResponseWriter, _ *http.Request, in received) {
		reply(w, in, `{"resultType":"input_required","inputRequests":{"a":{"method":"roots/list"}}}`)
	}})
	c := connect(t, s.url())
	c.send(asking)
	c.answer(`"init"`)
	c.send(legacyCall("1", "never"))
	for range 100 {
		c.send(`{"jsonrpc":"2.0","id":` + idOf(t, c.method("roots/list")) + `,"result":{"roots":[]}}`)
	}
	if f, _ := failureIn(t, c.answer("1")); f.Code != fault.CodeBadAnswer {
		t.Errorf("got %+v, want code %d", f, fault.CodeBadAnswer)
	}
}

// TestPX22Cancel: the server sees the response closed and is sent nothing.
func TestPX22Cancel(t *testing.T) {
	closed := make(chan struct{})
	s := serveModern(t, map[string]tool{"slow": func(w http.ResponseWriter, r *http.Request, in received) {
		send := events(w)
		send("data: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/progress\",\"params\":{\"progressToken\":\"p\",\"progress\":1}}\n\n")
		<-r.Context().Done()
		close(closed)
	}})
	c := connect(t, s.url())
	c.send(asking)
	c.answer(`"init"`)
	c.send(legacyCall("1", "slow"))
	c.silent("1")
	c.method("notifications/progress")
	c.send(`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}`)
	<-closed
	c.send(legacyCall("2", "x"))
	c.answer("2")
	if n := s.count(func(r received) bool { return r.msg.Method == methodCancelled }); n != 0 {
		t.Errorf("got %d notifications/cancelled, want 0", n)
	}
}

// TestPX22WhoIsBridged: which servers are spoken to in which era.
func TestPX22WhoIsBridged(t *testing.T) {
	tests := []struct {
		name           string
		prepare        func(*faultServer)
		asked, bridged bool
	}{
		{"sessions", func(s *faultServer) { s.modern = discovered }, false, false},
		{"no sessions, both eras", func(s *faultServer) { s.keep, s.modern = false, discovered }, true, true},
		{"no sessions, the older era", func(s *faultServer) { s.keep = false }, true, false},
		{"a newer era that is not known", func(s *faultServer) { s.keep, s.modern = false, `{"supportedVersions":["2030-01-01"]}` }, true, false},
		{"tasks", func(s *faultServer) { s.keep, s.modern, s.tasks = false, discovered, true }, false, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := serve(t, nil)
			s.listen = subscribed
			tt.prepare(s)
			c := connect(t, s.url())
			c.send(initialize)
			if got := c.answer(`"init"`); !strings.Contains(got, `"name":"fault"`) {
				t.Errorf("initialize: got %s, want the server's own answer", got)
			}
			c.send(greeting, legacyCall("1", "x"))
			c.answer("1")
			if n := s.count(func(r received) bool { return r.msg.Method == methodDiscover }); (n == 1) != tt.asked || n > 1 {
				t.Errorf("asked %d times, want %v", n, tt.asked)
			}
			if got := s.got("POST", "tools/call").header.Get("Mcp-Method") != ""; got != tt.bridged {
				t.Errorf("bridged: got %v, want %v", got, tt.bridged)
			}
		})
	}
}

// An initialize that fails for another reason fails with that.
func TestPX22NotModernEither(t *testing.T) {
	s := serve(t, nil)
	s.only = true // but it says nothing of itself
	c := connect(t, s.url())
	c.send(initialize)
	if got := c.answer(`"init"`); !strings.Contains(got, "-32022") {
		t.Errorf("got %s, want the server's own error", got)
	}
	s.mu.Lock()
	s.only = false
	s.mu.Unlock()
	c.open()
	delete(c.asked, `"init"`) // used twice on purpose
	c.send(legacyCall("1", "x"))
	c.answer("1")
}

// A script writes everything at once and closes its end.
func TestPX22Pipe(t *testing.T) {
	s := serveModern(t, nil)
	c := connect(t, s.url(), drain(patience))
	c.send(asking, greeting, legacyCall("1", "x"), `{"jsonrpc":"2.0","id":2,"method":"tools/list"}`)
	if err := c.close(); err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{`"init"`, "1", "2"} {
		if f, bad := failureIn(t, c.answer(id)); bad {
			t.Errorf("%s: got %+v, want a result", id, f)
		}
	}
}

// What a client does not offer, it is not asked for, whatever the server does.
func TestPX22NotOffered(t *testing.T) {
	s := serveModern(t, map[string]tool{
		"url": func(w http.ResponseWriter, _ *http.Request, in received) {
			reply(w, in, `{"resultType":"input_required","inputRequests":{"a":{"method":"elicitation/create","params":{"mode":"url","url":"https://example.com","message":"?"}}}}`)
		},
		"sample": func(w http.ResponseWriter, _ *http.Request, in received) {
			reply(w, in, `{"resultType":"input_required","inputRequests":{"a":{"method":"sampling/createMessage","params":{}}}}`)
		},
	})
	c := connect(t, s.url())
	c.send(`{"jsonrpc":"2.0","id":"init","method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{"elicitation":{}}}}`)
	c.answer(`"init"`)
	c.send(legacyCall("1", "url"), legacyCall("2", "sample"))
	for _, id := range []string{"1", "2"} {
		if f, _ := failureIn(t, c.answer(id)); f.Code != fault.CodeInput || !strings.Contains(f.Message, "does not offer") {
			t.Errorf("%s: got %+v, want code %d", id, f, fault.CodeInput)
		}
	}
}

// An answer is taken when it comes: the second may end what waits for the first.
func TestPX22InputInAnyOrder(t *testing.T) {
	elicit := `{"method":"elicitation/create","params":{"message":"?","requestedSchema":{}}}`
	s := serveModern(t, map[string]tool{"two": func(w http.ResponseWriter, _ *http.Request, in received) {
		reply(w, in, `{"resultType":"input_required","inputRequests":{"a":`+elicit+`,"b":`+elicit+`}}`)
	}})
	c := connect(t, s.url())
	c.send(asking)
	c.answer(`"init"`)
	c.send(legacyCall("1", "two"))
	first, second := c.method("elicitation/create"), c.method("elicitation/create")
	c.send(`{"jsonrpc":"2.0","id":` + idOf(t, second) + `,"error":{"code":-1,"message":"no"}}`)
	c.answer("1")
	if got := c.method(methodCancelled); !strings.Contains(got, `"requestId":`+idOf(t, first)) {
		t.Errorf("got %s, want the first question withdrawn", got)
	}
}
