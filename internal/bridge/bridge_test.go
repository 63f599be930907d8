// SPDX-License-Identifier: MIT

package bridge

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"tailscale-mcp/internal/jsonrpc"
	"tailscale-mcp/internal/jsonrpc/fault"
)

// discovered is what the server of these tests says of itself.
const discovered = `{"jsonrpc":"2.0","id":1,"result":{"supportedVersions":["2026-07-28"],"capabilities":{"logging":{},"resources":{"subscribe":true}},` +
	`"_meta":{"io.modelcontextprotocol/serverInfo":{"name":"modern","version":"7"}},"instructions":"Be kind."}}`

// initialize is that of a client that can be asked for roots.
const initialize = `{"jsonrpc":"2.0","id":"init","method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{"roots":{},"tasks":{}},"clientInfo":{"name":"old","version":"1"}}}`

// sides are a server and a client that are functions, and what was said to them.
type sides struct {
	t      *testing.T
	server func(msg string) string // answers a request
	client func(msg string) string // answers a request; "" is silence
	listen func(ctx context.Context, msg string, s *Subscription) string

	mu       sync.Mutex
	n        int
	toServer []string
	toClient []string
	work     sync.WaitGroup
}

func (f *sides) ends() Ends {
	return Ends{
		NewID: func() []byte {
			f.mu.Lock()
			defer f.mu.Unlock()
			f.n++
			return fmt.Appendf(nil, `"own %d"`, f.n)
		},
		Ask: f.ask,
		Listen: func(ctx context.Context, msg []byte, s *Subscription) ([]byte, error) {
			f.asked(msg)
			return []byte(f.listen(ctx, string(msg), s)), nil
		},
		AskClient: func(question func([]byte) []byte, answer func([]byte)) func() {
			msg := string(question([]byte(`"q"`)))
			f.tell(msg)
			if said := f.client(msg); said != "" {
				answer([]byte(said))
				return func() {}
			}
			return func() { f.tell("withdrawn") }
		},
		Notify: func(msg []byte) { f.tell(string(msg)) },
		Go:     f.work.Go,
		Log:    slog.New(slog.DiscardHandler),
	}
}

func (f *sides) asked(msg []byte) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.toServer = append(f.toServer, string(msg))
}

func (f *sides) ask(_ context.Context, msg []byte) ([]byte, error) {
	f.asked(msg)
	return []byte(f.server(string(msg))), nil
}

func (f *sides) tell(msg string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.toClient = append(f.toClient, msg)
}

// bridged is a bridge between the sides, which are silent about it.
func (f *sides) bridged() *Bridge {
	f.t.Helper()
	serve := f.server
	f.server = func(string) string { return discovered }
	b := Discover(f.t.Context(), f.ends(), []byte(initialize))
	if b == nil {
		f.t.Fatal("got no bridge")
	}
	f.server, f.toServer = serve, nil
	return b
}

// serve has b answer a request.
func (f *sides) serve(ctx context.Context, b *Bridge, msg string) (string, error) {
	f.t.Helper()
	e, err := jsonrpc.Scan([]byte(msg))
	if err != nil {
		f.t.Fatal(err)
	}
	answer, err := b.Serve(ctx, f.t.Context(), Call{Env: &e, Msg: []byte(msg), Ask: f.ask})
	return string(answer), err
}

// TestDiscover: what a server says decides whether there is a bridge, and what its
// client then gets as the answer to initialize.
func TestDiscover(t *testing.T) {
	for _, tt := range []struct{ name, says, initialized, version string }{
		{"everything", discovered, `{"protocolVersion":"2025-06-18","capabilities":{"logging":{},"resources":{"subscribe":true}},"serverInfo":{"name":"modern","version":"7"},"instructions":"Be kind."}`, "2025-06-18"},
		{"little", `{"result":{"supportedVersions":["2027-01-01","2026-07-28"]}}`, `{"protocolVersion":"2025-06-18","capabilities":{},"serverInfo":{"name":"unknown","version":"unknown"}}`, "2025-06-18"},
		{"another version", `{"result":{"supportedVersions":["2027-01-01"]}}`, "", ""},
		{"an error", `{"error":{"code":-32601,"message":"no"}}`, "", ""},
		{"no JSON", `<html>`, "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := &sides{t: t, server: func(string) string { return tt.says }}
			b := Discover(t.Context(), f.ends(), []byte(initialize))
			want := `{"jsonrpc":"2.0","id":"own 1","method":"server/discover","params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28",` +
				`"io.modelcontextprotocol/clientInfo":{"name":"old","version":"1"},"io.modelcontextprotocol/clientCapabilities":{"roots":{}}}}}`
			if len(f.toServer) != 1 || f.toServer[0] != want {
				t.Errorf("the server got %q, want %q", f.toServer, want)
			}
			if (b != nil) != (tt.version != "") {
				t.Fatalf("got a bridge: %v", b != nil)
			}
			if b == nil {
				return
			}
			msg, version := b.InitializeResponse([]byte(`"init"`), []byte(initialize))
			if want := `{"jsonrpc":"2.0","id":"init","result":` + tt.initialized + `}`; string(msg) != want || version != tt.version {
				t.Errorf("got version %s and %s, want %s and %s", version, msg, tt.version, want)
			}
		})
	}
	if _, version := new(Bridge).InitializeResponse(nil, []byte(strings.Replace(initialize, "2025-06-18", "2026-07-28", 1))); version != "2025-11-25" {
		t.Errorf("got version %s, want the newest legacy one", version)
	}
}

// TestServe: a request that a modern server has no use for is answered by the bridge,
// any other by the server.
func TestServe(t *testing.T) {
	for _, tt := range []struct {
		name, msg, want string
		code            int
		asks            bool
	}{
		{"ping", `{"jsonrpc":"2.0","id":1,"method":"ping"}`, `{"jsonrpc":"2.0","id":1,"result":{}}`, 0, false},
		{"a level", `{"jsonrpc":"2.0","id":"a","method":"logging/setLevel","params":{"level":"error"}}`, `{"jsonrpc":"2.0","id":"a","result":{}}`, 0, false},
		{"no level", `{"jsonrpc":"2.0","id":1,"method":"logging/setLevel","params":{"level":"loud"}}`, "", -32602, false},
		{"no URI", `{"jsonrpc":"2.0","id":1,"method":"resources/subscribe","params":{}}`, "", -32602, false},
		{"a call", `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"x"}}`, `{"jsonrpc":"2.0","id":1,"result":{"content":[]}}`, 0, true},
		{"params that are no object", `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":[]}`, "", -32602, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := &sides{t: t, server: func(string) string { return tt.want }}
			b := f.bridged()
			got, err := f.serve(t.Context(), b, tt.msg)
			if got != tt.want || codeOf(err) != tt.code {
				t.Errorf("got %s and %v, want %s and code %d", got, err, tt.want, tt.code)
			}
			if asked := len(f.toServer) > 0; asked != tt.asks {
				t.Errorf("the server got %q, want a request: %v", f.toServer, tt.asks)
			}
		})
	}
}

// codeOf is the code of an error for the client, 0 for nil.
func codeOf(err error) int {
	var f *fault.Error
	if errors.As(err, &f) {
		return f.Code
	}
	return 0
}

// TestInput: what a server needs is asked of the client, within bounds, and given to
// the server.
func TestInput(t *testing.T) {
	const roots = `{"result":{"resultType":"input_required","requestState":"s","inputRequests":{"a":{"method":"roots/list"}}}}`
	for _, tt := range []struct {
		name   string
		wants  string // in place of an answer
		rounds int    // how often
		client string // its response
		code   int
		says   string
	}{
		{"given", roots, 1, `{"jsonrpc":"2.0","id":"q","result":{"roots":[]}}`, 0, ""},
		{"refused", roots, 1, `{"jsonrpc":"2.0","id":"q","error":{"code":1,"message":"not today"}}`, -31008, "tools/call needs input: the client did not give it (roots/list: it answered: not today); the request was not carried out"},
		{"not offered", strings.Replace(roots, "roots/list", "sampling/createMessage", 1), 1, "", -31008, `tools/call needs input: the server asks for "sampling/createMessage", which the client does not offer; the request was not carried out`},
		{"of no legacy server", strings.Replace(roots, "roots/list", "tools/call", 1), 1, "", -31008, `tools/call needs input: the server asks for "tools/call", which the client does not offer; the request was not carried out`},
		{"100 times", roots, 100, `{"jsonrpc":"2.0","id":"q","result":{"roots":[]}}`, 0, ""},
		{"101 times", roots, 101, `{"jsonrpc":"2.0","id":"q","result":{"roots":[]}}`, -31003, "the server asked for input 101 times without answering"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			n := 0
			f := &sides{t: t, client: func(string) string { return tt.client }, server: func(string) string {
				if n++; n <= tt.rounds {
					return tt.wants
				}
				return `{"id":1,"result":{}}`
			}}
			b := f.bridged()
			_, err := f.serve(t.Context(), b, `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"x"}}`)
			if codeOf(err) != tt.code || err != nil && err.Error() != tt.says {
				t.Errorf("got %v, want code %d and %q", err, tt.code, tt.says)
			}
			if tt.code != 0 {
				return
			}
			if last := f.toServer[tt.rounds]; !strings.Contains(last, `"inputResponses":{"a":{"roots":[]}},"requestState":"s"`) {
				t.Errorf("the server got %s, want the input", last)
			}
		})
	}
}

// TestInputWithdrawn: a request that is cancelled while the client is asked has no
// answer, and the client is told.
func TestInputWithdrawn(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	f := &sides{t: t, client: func(string) string { cancel(); return "" }, server: func(string) string {
		return `{"result":{"resultType":"input_required","inputRequests":{"a":{"method":"roots/list"}}}}`
	}}
	b := f.bridged()
	if got, err := f.serve(ctx, b, `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"x"}}`); got != "" || !errors.Is(err, context.Canceled) {
		t.Errorf("got %s and %v, want nothing", got, err)
	}
	if want := []string{`{"jsonrpc":"2.0","id":"q","method":"roots/list"}`, "withdrawn"}; !slices.Equal(f.toClient, want) {
		t.Errorf("the client got %q, want %q", f.toClient, want)
	}
}

// TestPX22SubscribeBurst: subscriptions asked for at once are made at once.
func TestPX22SubscribeBurst(t *testing.T) {
	const many = 50
	hold := make(chan struct{})
	f := &sides{t: t, listen: func(ctx context.Context, msg string, s *Subscription) string {
		<-hold
		var asked struct {
			Params struct{ Notifications json.RawMessage }
		}
		_ = json.Unmarshal([]byte(msg), &asked)
		ack := `{"jsonrpc":"2.0","method":"notifications/subscriptions/acknowledged","params":{"notifications":` + string(asked.Params.Notifications) + `}}`
		if got := s.Heard(&jsonrpc.Envelope{Method: "notifications/subscriptions/acknowledged"}, []byte(ack)); got != nil {
			t.Errorf("the client is to get %s, want nothing", got)
		}
		<-ctx.Done()
		return `{"result":{}}`
	}}
	b := f.bridged()
	session, end := context.WithCancel(t.Context())
	var asking sync.WaitGroup
	for i := range many {
		asking.Go(func() {
			if err := b.subscribe(t.Context(), session, fmt.Sprintf("test://%d", i), true); err != nil {
				t.Errorf("subscribing: %v", err)
			}
		})
	}
	for wanted := 0; wanted < many; {
		b.subscriptions.mu.Lock()
		wanted = len(b.subscriptions.uris)
		b.subscriptions.mu.Unlock()
		runtime.Gosched()
	}
	close(hold)
	asking.Wait()
	b.subscriptions.mu.Lock()
	told := len(b.subscriptions.told)
	b.subscriptions.mu.Unlock()
	if n := len(f.toServer); n > 2 || told != many {
		t.Errorf("got %d subscriptions, the last of which tells of %d resources, want 2 at most and %d", n, told, many)
	}
	end()
	f.work.Wait()
}

// TestSubscriptionRefused: what the server answers in place of an acknowledgement
// decides whether it is asked again.
func TestSubscriptionRefused(t *testing.T) {
	for name, tt := range map[string]struct {
		answer  string
		passing bool
	}{
		"unreached":      {`{"error":{"code":-31001,"message":"m"}}`, true},
		"interrupted":    {`{"error":{"code":-31004,"message":"m"}}`, true},
		"busy":           {`{"error":{"code":-31002,"message":"m","data":{"httpStatus":429}}}`, true},
		"failing":        {`{"error":{"code":-31002,"message":"m","data":{"httpStatus":503}}}`, true},
		"forbidden":      {`{"error":{"code":-31002,"message":"m","data":{"httpStatus":403}}}`, false},
		"no such method": {`{"error":{"code":-32601,"message":"m"}}`, false},
		"an end":         {`{"result":{}}`, false},
		"odd data":       {`{"error":{"code":-31001,"message":"m","data":"text"}}`, false},
	} {
		if err := refusalIn([]byte(tt.answer)); err == nil || errors.Is(err, errPassing) != tt.passing {
			t.Errorf("%s: got %v, want an error that passes: %v", name, err, tt.passing)
		}
	}
}

// TestOffers: which requests a client may be sent, by what it offers.
func TestOffers(t *testing.T) {
	const form, page = `{"message":"?"}`, `{"mode":"url","url":"https://example.com"}`
	for _, tt := range []struct {
		offers, method, params string
		takes                  bool
	}{
		{`{}`, "ping", ``, true},
		{`{}`, "roots/list", ``, false},
		{`{"roots":null}`, "roots/list", ``, false},
		{`{"roots":false}`, "roots/list", ``, false},
		{`{"roots":{}}`, "roots/list", ``, true},
		{`{"elicitation":{}}`, "elicitation/create", form, true},
		{`{"elicitation":{}}`, "elicitation/create", page, false},
		{`{"elicitation":{"url":{}}}`, "elicitation/create", page, true},
		{`{"sampling":{}}`, "Sampling/createMessage", ``, false},
		{`{"tasks":{}}`, "tasks/get", ``, true},
		{`{"extensions":{"x":{}}}`, "x/y", ``, true},
	} {
		o := OffersIn([]byte(`{"params":{"capabilities":` + tt.offers + `}}`))
		if err := o.Takes(tt.method, []byte(tt.params)); (err == nil) != tt.takes {
			t.Errorf("%s of %s with %q: got %v, want it taken: %v", tt.method, slices.Collect(maps.Keys(o)), tt.params, err, tt.takes)
		}
	}
}

// A result of 2026-07-28 comes to an older client without what only that revision has,
// and is the same otherwise, byte for byte.
func TestLegacyAnswer(t *testing.T) {
	for msg, want := range map[string]string{
		`{"id":1,"result":{"content":[],"resultType":"complete"}}`:                                 `{"id":1,"result":{"content":[]}}`,
		`{"result":{"resultType":"complete","ttlMs":0,"cacheScope":"private","tools":[ ]},"id":1}`: `{"result":{"tools":[ ]},"id":1}`,
		`{"result":{"resultType":"complete" , "a":1.0, "ttlMs" : 5,"b":[2]}}`:                      `{"result":{  "a":1.0,"b":[2]}}`,
		`{"result":{"resultType":"complete"}}`:                                                     `{"result":{}}`,
		`{"result":{"a":{"resultType":"mine"},"_meta":{"ttlMs":1}}}`:                               `{"result":{"a":{"resultType":"mine"},"_meta":{"ttlMs":1}}}`,
		`{"error":{"resultType":"x"}}`:                                                             `{"error":{"resultType":"x"}}`,
		`{"result":"resultType"}`:                                                                  `{"result":"resultType"}`,
	} {
		if got := string(legacyAnswer([]byte(msg))); got != want || !json.Valid([]byte(got)) {
			t.Errorf("%s: got %s, want %s", msg, got, want)
		}
	}
}
