// SPDX-License-Identifier: MIT

package remote_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"tailscale-mcp/internal/testbed/elsewhere"
	"tailscale-mcp/internal/upstream/entry"
	"tailscale-mcp/internal/upstream/process"
	"tailscale-mcp/internal/upstream/remote"
)

// serve serves h on loopback until the end of the test.
func serve(t *testing.T, h http.Handler) *httptest.Server {
	t.Helper()
	srv := httptest.NewServer(h)
	t.Cleanup(func() {
		srv.CloseClientConnections()
		srv.Close()
	})
	return srv
}

// local is an entry for a server on loopback.
func local(url string) string {
	return fmt.Sprintf(`{"url":%q,"tailscale":{"network":["127.0.0.0/8"]}}`, url)
}

// open begins a session with the server of an entry. What it is told goes to heard.
func open(t *testing.T, text string, c remote.Client, heard func(method string)) (*process.Process, error) {
	t.Helper()
	s, err := entry.Parse("far", "far.json", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	p, err := process.Start(t.Context(), process.Options{
		Server: "far", Link: c.To(s), ClientName: "test", ClientVersion: "1", Log: slog.New(slog.DiscardHandler),
		Heard: func(method string, _ []byte) {
			if heard != nil {
				heard(method)
			}
		},
	})
	if err == nil {
		t.Cleanup(func() { p.End(nil) })
	}
	return p, err
}

// call calls a tool.
func call(ctx context.Context, p *process.Process, tool string) (string, error) {
	result, err := p.Ask(ctx, process.Question{Method: "tools/call", Params: json.RawMessage(fmt.Sprintf(`{"name":%q,"arguments":{"where":"é"}}`, tool))})
	return string(result), err
}

func mustOpen(t *testing.T, h http.Handler, heard func(string)) *process.Process {
	t.Helper()
	p, err := open(t, local(serve(t, h).URL), remote.Client{}, heard)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestFaults: whatever a server answers with, its caller is told what, whether the request
// may have been carried out, and what to do; and the session goes on.
func TestFaults(t *testing.T) {
	elsewhereElse := 0
	other := serve(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { elsewhereElse++ }))
	long := strings.Repeat("x", 17<<20)
	events := func(w http.ResponseWriter) { w.Header().Set("Content-Type", "text/event-stream") }
	for name, c := range map[string]struct {
		answer  func(w http.ResponseWriter, id string)
		want    string
		unknown bool
	}{
		"redirect": {func(w http.ResponseWriter, _ string) {
			w.Header().Set("Location", other.URL+"/there?token=s3cret")
			w.WriteHeader(http.StatusTemporaryRedirect)
		}, "HTTP 307 Temporary Redirect to " + other.URL + "/there, and redirects are not followed; if that is the server, write where it is", false},
		"who are you": {func(w http.ResponseWriter, _ string) { http.Error(w, "no token", http.StatusUnauthorized) }, `HTTP 401 Unauthorized: "no token"; it wants to know who asks: put its token or key into "headers" of its entry, as ${credential:far.NAME}, or see whether the one there still holds`, false},
		"who are you, as OAuth says it": {func(w http.ResponseWriter, _ string) {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(http.StatusUnauthorized)
			fmt.Fprint(w, `{"error":"invalid_token","error_description":"no token"}`)
		}, `HTTP 401 Unauthorized: "{\"error\":\"invalid_token\"`, false},
		"who are you, as others say it": {func(w http.ResponseWriter, _ string) {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(http.StatusUnauthorized)
			fmt.Fprint(w, `{"error":{"message":"no key","code":"invalid_api_key"}}`)
		}, `it wants to know who asks: put its token or key into "headers" of its entry`, false},
		"busy": {func(w http.ResponseWriter, _ string) {
			w.Header().Set("Retry-After", "7")
			w.WriteHeader(http.StatusTooManyRequests)
		}, "HTTP 429 Too Many Requests; try again later (it says: 7)", false},
		"out of order": {func(w http.ResponseWriter, _ string) { w.WriteHeader(http.StatusBadGateway) }, "HTTP 502 Bad Gateway; what stands before the server there does not get an answer from it: try again in a minute, and ask who runs it", true},
		"late there":   {func(w http.ResponseWriter, _ string) { w.WriteHeader(http.StatusGatewayTimeout) }, "HTTP 504 Gateway Timeout; what stands before the server", true},
		"failed there": {func(w http.ResponseWriter, _ string) { http.Error(w, "oops", http.StatusInternalServerError) }, `HTTP 500 Internal Server Error: "oops"; it failed there, and not at this gateway: ask who runs it`, true},
		"closed": {func(w http.ResponseWriter, _ string) {
			w.Header().Set("Retry-After", "7")
			w.WriteHeader(http.StatusServiceUnavailable)
		}, "HTTP 503 Service Unavailable; try again later (it says: 7), and ask who runs it if that lasts", true},
		"rubbish": {func(w http.ResponseWriter, _ string) {
			w.Header().Set("Content-Type", "application/json")
			fmt.Fprint(w, "{{")
		}, "what came is a body that is", true},
		"another": {func(w http.ResponseWriter, _ string) {
			w.Header().Set("Content-Type", "application/json")
			fmt.Fprint(w, `{"jsonrpc":"2.0","id":77777,"result":{}}`)
		}, "the answer to another request", true},
		"a page": {func(w http.ResponseWriter, _ string) {
			w.Header().Set("Content-Type", "text/html")
			fmt.Fprint(w, "<p>")
		}, "HTTP 200 OK of the type text/html is no answer of an MCP server; see whether", true},
		"nothing":    {func(w http.ResponseWriter, _ string) { w.WriteHeader(http.StatusAccepted) }, "HTTP 202 Accepted of no type is no answer", true},
		"compressed": {func(w http.ResponseWriter, _ string) { w.Header().Set("Content-Encoding", "gzip"); w.WriteHeader(200) }, "compressed answer", true},
		"long": {func(w http.ResponseWriter, id string) {
			w.Header().Set("Content-Type", "application/json")
			fmt.Fprintf(w, `{"jsonrpc":"2.0","id":%s,"result":{"a":%q}}`, id, long)
		}, "more than 16 MiB", false},
		"a long event": {func(w http.ResponseWriter, id string) {
			events(w)
			fmt.Fprintf(w, `data: {"jsonrpc":"2.0","id":%s,"result":{"a":%q}}`+"\n\n", id, long)
		}, "more than 16 MiB", false},
		"long headers": {func(w http.ResponseWriter, _ string) { w.Header().Set("X-Long", long[:70<<10]); w.WriteHeader(200) }, "broke before the answer", true},
		"comments only": {func(w http.ResponseWriter, _ string) {
			events(w)
			for range 18 {
				if _, err := fmt.Fprint(w, strings.Repeat(": still here\n\n", 80_000)); err != nil {
					return
				}
			}
		}, "its response goes on and on without a message and was cut off", true},
		"no answer": {func(w http.ResponseWriter, _ string) {
			events(w)
			fmt.Fprint(w, "data: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/message\",\"params\":{}}\n\n")
		}, "its response ended before the answer", true},
		"cut off": {func(w http.ResponseWriter, id string) {
			events(w)
			fmt.Fprintf(w, `data: {"jsonrpc":"2.0","id":%s,`, id)
			_ = http.NewResponseController(w).Flush()
			panic(http.ErrAbortHandler)
		}, "its response broke off before the answer", true},
	} {
		t.Run(name, func(t *testing.T) {
			far := &elsewhere.Server{Legacy: true}
			far.Before = func(w http.ResponseWriter, _ *http.Request, m elsewhere.Message) bool {
				if m.Params.Name != "fault" {
					return false
				}
				c.answer(w, string(m.ID))
				return true
			}
			p := mustOpen(t, far, nil)
			_, err := call(t.Context(), p, "fault")
			var u *process.Unanswered
			if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "s3cret") || errors.As(err, &u) && u.Unknown != c.unknown {
				t.Errorf("got %.500v, want %s", err, c.want)
			}
			if got, err := call(t.Context(), p, "count"); err != nil || !strings.Contains(got, "1 of 1") {
				t.Errorf("then %s, %v", got, err)
			}
		})
	}
	if elsewhereElse > 0 {
		t.Error("the redirect was followed")
	}
}

// TestTypes: what is wrong with the parameters of the type of an answer is no reason to drop it.
func TestTypes(t *testing.T) {
	far := &elsewhere.Server{Legacy: true}
	far.Before = func(w http.ResponseWriter, _ *http.Request, m elsewhere.Message) bool {
		if m.Method != "tools/call" {
			return false
		}
		w.Header().Set("Content-Type", m.Params.Name)
		before, after := "", ""
		if strings.Contains(m.Params.Name, "stream") {
			before, after = "data:", "\n\n"
		}
		fmt.Fprintf(w, `%s{"jsonrpc":"2.0","id":%s,"result":{"ok":1}}%s`, before, m.ID, after)
		return true
	}
	p := mustOpen(t, far, nil)
	for _, kind := range []string{"Application/JSON;Charset=UTF-8", "application/json; charset", "application/json; charset=", "text/event-stream;;charset"} {
		if got, err := call(t.Context(), p, kind); err != nil || got != `{"ok":1}` {
			t.Errorf("%s: %s, %v", kind, got, err)
		}
	}
}

// TestForgotten: a server that does not know the session any more ends the process, and the
// request that heard of it may go to another.
func TestForgotten(t *testing.T) {
	for name, answer := range map[string]func(w http.ResponseWriter){
		"not found": func(w http.ResponseWriter) { http.Error(w, "no such session", http.StatusNotFound) },
		"bad request": func(w http.ResponseWriter) {
			w.WriteHeader(http.StatusBadRequest)
			fmt.Fprint(w, `{"jsonrpc":"2.0","error":{"code":-32000,"message":"Bad Request: No valid session ID provided"},"id":null}`)
		},
	} {
		t.Run(name, func(t *testing.T) {
			far := &elsewhere.Server{Legacy: true}
			far.Before = func(w http.ResponseWriter, _ *http.Request, m elsewhere.Message) bool {
				if m.Params.Name == "gone" {
					answer(w)
				}
				return m.Params.Name == "gone"
			}
			p := mustOpen(t, far, nil)
			_, err := call(t.Context(), p, "gone")
			var ended *process.Ended
			if !errors.As(err, &ended) || !ended.Untouched {
				t.Errorf("got %v", err)
			}
			<-p.Done()
			if !errors.As(p.Err(), &ended) || ended.Untouched || !strings.Contains(ended.How, "does not know the session any more") {
				t.Errorf("ended with %v", p.Err())
			}
		})
	}
}

// TestNoResource: a server that says with the status of a session that it does not know that
// there is no such resource, has looked at the request, and the session goes on.
func TestNoResource(t *testing.T) {
	far := &elsewhere.Server{Legacy: true}
	far.Before = func(w http.ResponseWriter, _ *http.Request, m elsewhere.Message) bool {
		if m.Method == "resources/read" {
			w.WriteHeader(http.StatusNotFound)
			fmt.Fprintf(w, `{"jsonrpc":"2.0","id":%s,"error":{"code":-32002,"message":"Resource not found"}}`, m.ID)
		}
		return m.Method == "resources/read"
	}
	p := mustOpen(t, far, nil)
	_, err := p.Ask(t.Context(), process.Question{Method: "resources/read", Params: json.RawMessage(`{"uri":"a:b"}`)})
	var refused *process.Refused
	if !errors.As(err, &refused) || refused.Code != -32002 {
		t.Errorf("got %v", err)
	}
	if got, err := call(t.Context(), p, "count"); err != nil || !strings.Contains(got, "1 of 1") {
		t.Errorf("then %s, %v", got, err)
	}
}

// TestForgottenTogether: requests that a server refuses at the same time, since it does not know
// the session any more, may all go to another; one that it did not refuse may not.
func TestForgottenTogether(t *testing.T) {
	const calls = 4
	var together sync.WaitGroup
	together.Add(calls)
	late := make(chan struct{})
	far := &elsewhere.Server{Legacy: true, NoStream: true}
	far.Before = func(w http.ResponseWriter, r *http.Request, m elsewhere.Message) bool {
		switch m.Params.Name {
		case "gone":
			together.Done()
			together.Wait()
			http.Error(w, "no such session", http.StatusNotFound)
		case "late":
			close(late)
			<-r.Context().Done()
		default:
			return false
		}
		return true
	}
	p := mustOpen(t, far, nil)
	var all sync.WaitGroup
	all.Go(func() {
		_, err := call(t.Context(), p, "late")
		var ended *process.Ended
		if !errors.As(err, &ended) || ended.Untouched {
			t.Errorf("a request that was not refused: %v", err)
		}
	})
	<-late
	untouched := func(tool string) {
		_, err := call(t.Context(), p, tool)
		var ended *process.Ended
		if !errors.As(err, &ended) || !ended.Untouched {
			t.Errorf("%s: %v", tool, err)
		}
	}
	for range calls {
		all.Go(func() { untouched("gone") })
	}
	all.Wait()
	<-p.Done()
}

// TestResume: the rest of a response that broke off is asked for, where the server numbers
// its events, until it is there.
func TestResume(t *testing.T) {
	vain := 3
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var m elsewhere.Message
		_ = json.NewDecoder(r.Body).Decode(&m)
		switch {
		case m.Method == "initialize":
			w.Header().Set("Content-Type", "application/json")
			w.Header().Set("Mcp-Session-Id", "1")
			fmt.Fprintf(w, `{"jsonrpc":"2.0","id":%s,"result":{"protocolVersion":"2025-11-25","capabilities":{}}}`, m.ID)
		case m.Method == "tools/call":
			w.Header().Set("Content-Type", "text/event-stream")
			fmt.Fprintf(w, "id: 7/%s\nretry: 1\ndata:\n\n", m.ID)
		case r.Method == http.MethodGet && r.Header.Get("Last-Event-ID") == "":
			w.WriteHeader(http.StatusMethodNotAllowed)
		case r.Method == http.MethodGet && vain > 0:
			vain--
			w.WriteHeader(http.StatusBadGateway)
		case r.Method == http.MethodGet:
			id := strings.TrimPrefix(r.Header.Get("Last-Event-ID"), "7/")
			w.Header().Set("Content-Type", "text/event-stream")
			fmt.Fprintf(w, "id: 8/%s\ndata: {\"jsonrpc\":\"2.0\",\"id\":%s,\"result\":{\"session\":%q}}\n\n", id, id, r.Header.Get("Mcp-Session-Id"))
		default:
			w.WriteHeader(http.StatusAccepted)
		}
	})
	p := mustOpen(t, h, nil)
	if got, err := call(t.Context(), p, "x"); err != nil || got != `{"session":"1"}` {
		t.Errorf("%s, %v", got, err)
	}
	vain = 100
	if _, err := call(t.Context(), p, "x"); err == nil || !strings.Contains(err.Error(), "its response ended before the answer") || vain != 95 {
		t.Errorf("%v, and %d times in vain", err, 100-vain)
	}
}

// TestCancel: a request that nobody waits for any more is told so: in the older era by a
// message, in the newer by the end of its response.
func TestCancel(t *testing.T) {
	for _, modern := range []bool{false, true} {
		far := &elsewhere.Server{Legacy: !modern, Modern: modern, Streams: true}
		waiting, over := make(chan struct{}), make(chan struct{})
		far.Before = func(_ http.ResponseWriter, r *http.Request, m elsewhere.Message) bool {
			if m.Params.Name != "wait" {
				return false
			}
			close(waiting)
			<-r.Context().Done()
			close(over)
			return true
		}
		p := mustOpen(t, far, nil)
		ctx, cancel := context.WithCancel(t.Context())
		go func() {
			<-waiting
			cancel()
		}()
		if _, err := call(ctx, p, "wait"); !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		<-over
		if !modern {
			eventually(t, "it is told", func() bool { return len(far.Seen(http.MethodPost, "notifications/cancelled")) == 1 })
		}
		if _, err := call(t.Context(), p, "count"); err != nil {
			t.Error(err)
		}
		if n := len(far.Seen(http.MethodPost, "notifications/cancelled")); modern && n > 0 {
			t.Errorf("%d messages about what is cancelled in the newer era", n)
		}
	}
}

func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !is(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not: %s", what)
		}
	}
}

// TestSession: what a server says on its stream is heard, and it is told of the end.
func TestSession(t *testing.T) {
	heard := make(chan string, 4)
	far := &elsewhere.Server{Legacy: true}
	p := mustOpen(t, far, func(method string) { heard <- method })
	far.Push(`{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}`)
	if got := <-heard; got != "notifications/tools/list_changed" {
		t.Error(got)
	}
	p.End(errors.New("over"))
	if n := far.Sessions(); n != 0 {
		t.Errorf("%d sessions are left", n)
	}
	if seen := far.Seen(http.MethodDelete, ""); len(seen) != 1 || seen[0].Header.Get("Mcp-Session-Id") == "" || seen[0].Header.Get("MCP-Protocol-Version") != "2025-06-18" {
		t.Errorf("told of the end by %v", seen)
	}
}

// TestNewer: a server of the newer era is asked to tell of changes, has no session, and gets
// the headers that its tools ask for, also when it was not asked for its tools before.
func TestNewer(t *testing.T) {
	for _, streams := range []bool{false, true} {
		far := &elsewhere.Server{Modern: true, Streams: streams}
		p := mustOpen(t, far, nil)
		eventually(t, "it is to tell of changes", func() bool { return len(far.Seen(http.MethodPost, "subscriptions/listen")) == 1 })
		for range 2 {
			if got, err := call(t.Context(), p, "region"); err != nil || !strings.Contains(got, "[=?base64?w6k=?=]") {
				t.Errorf("%s, %v", got, err)
			}
		}
		if n := len(far.Seen(http.MethodPost, "tools/list")); n != 1 {
			t.Errorf("asked for the tools %d times", n)
		}
		p.End(errors.New("over"))
		if n := len(far.Seen(http.MethodDelete, "")) + len(far.Seen(http.MethodGet, "")); n > 0 {
			t.Errorf("%d requests of the older era", n)
		}
	}
}

// TestListeningAgain: a server that ends the request by which it tells of changes is asked
// again, and what may have changed meanwhile is looked at.
func TestListeningAgain(t *testing.T) {
	far := &elsewhere.Server{Modern: true}
	first := make(chan struct{})
	var once sync.Once
	far.Before = func(w http.ResponseWriter, _ *http.Request, m elsewhere.Message) bool {
		ours := false
		if m.Method == "subscriptions/listen" {
			once.Do(func() {
				ours = true
				w.Header().Set("Content-Type", "text/event-stream")
				fmt.Fprintf(w, `data: {"jsonrpc":"2.0","method":"notifications/subscriptions/acknowledged","params":{"_meta":{"io.modelcontextprotocol/subscriptionId":%s}}}`+"\n\n", m.ID)
				_ = http.NewResponseController(w).Flush()
				<-first
			})
		}
		return ours
	}
	heard := make(chan string, 8)
	mustOpen(t, far, func(method string) { heard <- method })
	eventually(t, "it is to tell of changes", func() bool { return len(far.Seen(http.MethodPost, "subscriptions/listen")) == 1 })
	close(first)
	if got := <-heard; got != "notifications/tools/list_changed" {
		t.Error(got)
	}
	if n := len(far.Seen(http.MethodPost, "subscriptions/listen")); n != 2 {
		t.Errorf("asked %d times", n)
	}
}

// TestSpam: a server that goes on saying on its stream what nobody has asked for is read slowly,
// and answers come amid it.
func TestSpam(t *testing.T) {
	far := &elsewhere.Server{Legacy: true}
	far.Before = func(w http.ResponseWriter, r *http.Request, _ elsewhere.Message) bool {
		if r.Method != http.MethodGet {
			return false
		}
		w.Header().Set("Content-Type", "text/event-stream")
		for {
			if _, err := fmt.Fprint(w, "data: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/message\",\"params\":{}}\n\n"); err != nil {
				return true
			}
		}
	}
	var heard atomic.Int64
	began := time.Now()
	p := mustOpen(t, far, func(string) { heard.Add(1) })
	const burst, rate = 10_000, 2000 // as package process has them
	eventually(t, "more than comes at once", func() bool { return heard.Load() > burst+rate })
	if took := time.Since(began); took < 900*time.Millisecond {
		t.Errorf("%d notifications heard within %s", heard.Load(), took)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if _, err := call(ctx, p, "count"); err != nil {
		t.Errorf("an answer amid it: %v", err)
	}
	p.Cut(errors.New("the test is over"))
	<-p.Done()
}

// TestRoom: long answers take of the room that their caller has with other servers, and give
// it back; where there is none, the answer is dropped, and the session goes on.
func TestRoom(t *testing.T) {
	for _, streams := range []bool{false, true} {
		far := &elsewhere.Server{Legacy: true, NoStream: true, Streams: streams}
		kind := "application/json"
		if streams {
			kind = "text/event-stream"
		}
		far.Before = func(w http.ResponseWriter, _ *http.Request, m elsewhere.Message) bool {
			if m.Params.Name != "long" {
				return false
			}
			w.Header().Set("Content-Type", kind)
			text := fmt.Sprintf(`{"jsonrpc":"2.0","id":%s,"result":{"text":%q}}`, m.ID, strings.Repeat("x", 3<<20))
			if streams {
				text = "data: " + text + "\n\n"
			}
			fmt.Fprint(w, text)
			return true
		}
		srv := serve(t, far)
		s, err := entry.Parse("far", "far.json", []byte(local(srv.URL)))
		if err != nil {
			t.Fatal(err)
		}
		shelf := &shelf{most: 2 << 20}
		p, err := process.Start(t.Context(), process.Options{
			Server: "far", Link: remote.Client{}.To(s), ClientName: "test", ClientVersion: "1", Room: shelf, Log: slog.New(slog.DiscardHandler), Heard: func(string, []byte) {},
		})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := call(t.Context(), p, "long"); err == nil || !strings.Contains(err.Error(), "the answer of the server far was dropped: too many long answers") {
			t.Errorf("no room: %.300v", err)
		}
		shelf.set(4 << 20)
		given := func() { eventually(t, "all of it is given back", func() bool { return shelf.now() == 0 }) }
		for range 3 {
			given() // a moment after the answer
			if got, err := call(t.Context(), p, "long"); err != nil || len(got) < 3<<20 {
				t.Errorf("%d bytes, %v", len(got), err)
			}
		}
		p.End(errors.New("over"))
		given()
	}
}

// shelf is a room of a size.
type shelf struct {
	mu          sync.Mutex
	most, taken int
}

func (s *shelf) Take(n int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.taken+n > s.most {
		return false
	}
	s.taken += n
	return true
}

func (s *shelf) Give(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.taken -= n
}

func (s *shelf) set(most int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.most = most
}

func (s *shelf) now() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.taken
}

// TestBusy: one session has a bounded number of requests open at a server.
func TestBusy(t *testing.T) {
	far := &elsewhere.Server{Legacy: true, NoStream: true}
	p := mustOpen(t, far, nil)
	ctx, cancel := context.WithCancel(t.Context())
	errs := make(chan error)
	const calls, most = 140, 128
	for range calls {
		go func() {
			_, err := call(ctx, p, "wait")
			errs <- err
		}()
	}
	for range calls - most {
		if err := <-errs; !errors.Is(err, process.ErrBusy) {
			t.Errorf("got %v", err)
		}
	}
	cancel()
	more := 0 // one may be: the request that began the session may be open for a moment still
	for range most {
		if err := <-errs; errors.Is(err, process.ErrBusy) {
			more++
		} else if !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
	}
	if more > 1 {
		t.Errorf("%d requests more were refused", more)
	}
}
