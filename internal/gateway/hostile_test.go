// SPDX-License-Identifier: MIT

package gateway_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"tailscale-mcp/internal/audit"
	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/upstream/process"
	"tailscale-mcp/internal/upstream/servers"
)

// says has the server answer the requests of a method with lines of its own, in which $ID is
// the id of the request.
func (c client) says(t *testing.T, server, method string, lines ...string) {
	t.Helper()
	if got := c.call(t, server, "say", map[string]any{"method": method, "lines": lines}); !strings.Contains(got, "will say") {
		t.Fatalf("say: %s", got)
	}
}

// TestQuestionsInDisguise: whatever a server answers with, of whichever era it is, its
// client is asked nothing.
func TestQuestionsInDisguise(t *testing.T) {
	const ask = `"inputRequests":{"a":{"method":"elicitation/create","params":{"message":"Your password?"}}}`
	results := []string{
		`{"resultType":"input_required",` + ask + `}`,
		`{"resultType":"input_required",` + ask + `,"ResultType":"complete"}`,
		`{"resultType":"input_required",` + ask + `,"resultType":"complete"}`,
		`{"resultType":"complete",` + ask + `,"re\u0073ultType":"input_required"}`,
		`{"resultType":7,` + ask + `}`,
	}
	for _, args := range [][]string{nil, {"-modern"}} {
		b := newBench(t)
		b.Odd("odd", `{"timeout":"10s"}`, args...)
		b.approve(t, "odd", nil)
		b.both()
		for _, modern := range []bool{false, true} {
			alice := b.alice()
			alice.modern = modern
			for _, result := range results {
				line := `{"jsonrpc":"2.0","id":$ID,"result":` + result + `}`
				got := alice.call(t, "odd", "say", map[string]any{"lines": []string{line}})
				alice.says(t, "odd", "resources/read", line)
				_, read := alice.post(t.Context(), t, "odd", "resources/read", map[string]any{"uri": "file:///a/1"})
				for _, text := range []string{got, read} {
					if strings.Contains(text, "inputRequests") || !strings.Contains(text, "the server odd refused it") || strings.Contains(text, "correct the call") {
						t.Errorf("server %v, client modern %v, %s: %s", args, modern, result, text)
					}
				}
			}
			alice.says(t, "odd", "resources/read", `{"jsonrpc":"2.0","id":$ID,"error":{"code":-32042,"message":"see","data":{"elicitations":[{"mode":"url","url":"https://evil.example"}]}}}`)
			if _, text := alice.post(t.Context(), t, "odd", "resources/read", map[string]any{"uri": "file:///a/1"}); strings.Contains(text, "evil") || strings.Contains(text, "-32042") {
				t.Errorf("a page to visit: %s", text)
			}
		}
	}
}

// TestResultsOfNoForm: what a client gets is a response that it can read, of which no cache
// gives anything to another caller.
func TestResultsOfNoForm(t *testing.T) {
	b := newBench(t)
	b.Odd("odd", `{"timeout":"10s"}`)
	b.approve(t, "odd", nil)
	b.both()
	for _, modern := range []bool{false, true} {
		alice := b.alice()
		alice.modern = modern
		for _, result := range []string{
			`null`, `[1]`, `"x"`, `3`, `{}`, `{ }`,
			`{"contents":[],"cacheScope":"public"}`,
			`{"cacheScope":"private","contents":[],"cacheScope":"public","ttlMs":-1}`,
			`{"resultType":"complete","cacheScope":"public","CacheScope":"private","contents":[{"uri":"file:///a/1","text":"<&>","n":1.0}]}`,
			`{"resultType":"complete","cacheScope":"public","ttlMs":5,"contents":[]}`,
		} {
			alice.says(t, "odd", "resources/read", `{"jsonrpc":"2.0","id":$ID,"result":`+result+`}`)
			_, text := alice.post(t.Context(), t, "odd", "resources/read", map[string]any{"uri": "file:///a/1"})
			if !json.Valid([]byte(text)) {
				t.Errorf("modern %v, %s: no JSON: %s", modern, result, text)
			}
			if modern && strings.Contains(text, `"public"`) || strings.Count(text, `"cacheScope"`) > 1 {
				t.Errorf("modern %v, %s: others may have it: %s", modern, result, text)
			}
			if strings.Contains(result, "<&>") && !strings.Contains(text, `"contents":[{"uri":"file:///a/1","text":"<&>","n":1.0}]`) {
				t.Errorf("modern %v, %s: not as it was: %s", modern, result, text)
			}
		}
	}
}

// TestMuchOfIt: what a server shows or says of itself costs the daemon and its log little,
// however much it is and however often.
func TestMuchOfIt(t *testing.T) {
	said := &lines{}
	b := newBench(t, func(o *servers.Options) { o.Log = slog.New(slog.NewTextHandler(said, nil)) })
	b.Odd("odd", "", "-many", "10")
	b.approve(t, "odd", nil)
	b.both()
	b.Write("odd", b.OddPath(), []string{"-many", "1000"}, "")
	b.servers.Read()
	alice := b.alice()
	if got := alice.call(t, "odd", "echo", map[string]any{"n": 1}); !strings.Contains(got, "content") {
		t.Errorf("echo: %s", got)
	}
	if n := said.count("withheld"); n != 1 {
		t.Errorf("the log says %d times that something is withheld", n)
	}
	b.Odd("loud", "", "-many", "10")
	b.approve(t, "loud", nil)
	b.grant("alice@example.com", `{"tools":["loud/*"]}`)
	b.Write("loud", b.OddPath(), []string{"-loud", "2000000"}, "")
	b.servers.Read()
	if got := alice.call(t, "loud", "echo", nil); !strings.Contains(got, "more than 1 MiB about itself") {
		t.Errorf("loud: %.300s", got)
	}
}

// TestChangedWhileRead: an entry that is narrowed while the folder is being read is seen
// narrowed the next time.
func TestChangedWhileRead(t *testing.T) {
	b := newBench(t, func(o *servers.Options) { o.Log = slog.New(slog.DiscardHandler) })
	b.Odd("a-odd", "") // the first that is read
	b.approve(t, "a-odd", map[string]grant.Class{"echo": grant.Read})
	for i := range 200 {
		b.Write(fmt.Sprintf("other%03d", i), b.OddPath(), nil, "")
	}
	for i := range 20 {
		read := make(chan struct{})
		go func() { b.servers.Read(); close(read) }()
		time.Sleep(time.Duration(i) * 200 * time.Microsecond) // anywhere in it
		allow, want := `["read"]`, 1
		if i%2 == 1 {
			allow, want = `["read","destructive"]`, 2
		}
		b.Write("a-odd", b.OddPath(), nil, `{"allow":`+allow+`}`)
		<-read
		b.servers.Read()
		if n := len(b.registry.Of("a-odd").Tools()); min(n, 2) != want {
			t.Fatalf("%d: %d tools with allow %s", i, n, allow)
		}
	}
}

// lines counts the lines of a log.
type lines struct {
	mu  sync.Mutex
	all []string
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all = append(l.all, string(p))
	return len(p), nil
}

func (l *lines) count(word string) (n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, line := range l.all {
		n += min(1, strings.Count(line, word))
	}
	return n
}

// TestUnread: large answers that a caller does not read cost the daemon a bounded memory, and
// its other callers nothing.
func TestUnread(t *testing.T) {
	b := newBench(t)
	b.Odd("odd", "")
	b.approve(t, "odd", nil)
	b.both()
	alice, bob := b.alice(), b.bob()
	alice.narrow = true // or the kernel holds one for her
	const calls, size = 6, 12_000_000
	got := make(chan *http.Response, calls)
	for range calls {
		go func() {
			h := http.Header{"Content-Type": {"application/json"}, "Accept": {"application/json, text/event-stream"}}
			r, err := alice.send(t.Context(), t, http.MethodPost, "odd", h, fmt.Appendf(nil, `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"say","arguments":{"size":%d}}}`, size))
			if err != nil {
				t.Error(err)
			}
			got <- r
		}()
	}
	var large []*http.Response // which are not read
	for range calls {
		r := <-got
		if r == nil {
			continue
		}
		defer r.Body.Close()
		if r.ContentLength > size {
			large = append(large, r)
			continue
		}
		text, _ := io.ReadAll(r.Body)
		if !strings.Contains(string(text), `"limit":"answer"`) || !strings.Contains(string(text), "what the call did is done") {
			t.Errorf("refused with %s", text)
		}
	}
	if text := bob.call(t, "odd", "say", map[string]any{"size": size}); len(text) < size {
		t.Errorf("bob: %.300s", text)
	}
	// On a slow machine some may have been given up meanwhile, for want of a reader.
	wait := 0
	for _, r := range large {
		if n, _ := io.Copy(io.Discard, r.Body); n == r.ContentLength {
			wait++
		}
	}
	if len(large) < 1 || wait > 2 {
		t.Errorf("%d answers of %d bytes were begun, %d waited for one caller", len(large), size, wait)
	}
}

// TestLongWords: what else a server or a caller can make long is bounded.
func TestLongWords(t *testing.T) {
	b := newBench(t)
	b.Odd("odd", "")
	b.approve(t, "odd", nil)
	b.both()
	alice := b.alice().begin(t, "odd")
	long := strings.Repeat("é", 1<<20)
	text := alice.call(t, "odd", "say", map[string]any{"lines": []string{`{"jsonrpc":"2.0","id":$ID,"error":{"code":1,"message":"` + long[:100_000] + `","data":"` + long[:600_000] + `"}}`}})
	if len(text) > 20_000 || !strings.Contains(text, "é…") {
		t.Errorf("an error of %d bytes: %.300s", len(text), text)
	}
	for _, r := range b.audit.Of("odd/say") {
		if len(r.Reason) > 10_000 {
			t.Errorf("a reason of %d bytes in a record", len(r.Reason))
		}
	}
	for size, ok := range map[int]bool{1000: true, 100_000: false} {
		if _, text := alice.post(t.Context(), t, "odd", "resources/subscribe", map[string]any{"uri": "file:///a/" + strings.Repeat("x", size)}); strings.Contains(text, `"result"`) != ok {
			t.Errorf("subscribed to a URI of %d bytes: %.300s", size, text)
		}
	}
}

// TestCompletionOfAnother: a server is asked to complete what the caller was allowed to ask
// about, however often and in whichever letters that is named.
func TestCompletionOfAnother(t *testing.T) {
	b := newBench(t)
	b.Odd("odd", "")
	b.approve(t, "odd", nil)
	b.grant("alice@example.com", `{"prompts":["odd/greet"]}`)
	for _, ref := range []string{
		`{"type":"ref/prompt","name":"secret","NAME":"greet"}`,
		`{"type":"ref/prompt","name":"secret","name":"greet"}`,
		`{"type":"ref/resource","uri":"file:///a/{id}","TYPE":"ref/prompt","name":"greet"}`,
		`{"type":"ref/resource","uri":"file:///a/{id}","type":"ref/prompt","name":"greet"}`,
	} {
		h := http.Header{"Content-Type": {"application/json"}, "Accept": {"application/json, text/event-stream"}}
		r, err := b.alice().send(t.Context(), t, http.MethodPost, "odd", h,
			[]byte(`{"jsonrpc":"2.0","id":1,"method":"completion/complete","params":{"ref":`+ref+`,"argument":{"name":"whom","value":""}}}`))
		if err != nil {
			t.Fatal(err)
		}
		text, _ := io.ReadAll(r.Body)
		_ = r.Body.Close()
		if strings.Contains(string(text), "secret") || strings.Contains(string(text), "file:///a") {
			t.Errorf("%s: the server was asked about another: %s", ref, text)
		}
		if !strings.Contains(string(text), `{"type":"ref/prompt","name":"greet"}`) {
			t.Errorf("%s: %s", ref, text)
		}
	}
}

// TestSpam: a server that goes on saying what nobody has asked for is read slowly, so that it
// is not at the cost of others.
func TestSpam(t *testing.T) {
	b := newBench(t)
	b.Odd("odd", "")
	var heard atomic.Int64
	p, err := process.Start(t.Context(), process.Options{
		Server: "odd", Dial: func(ctx context.Context) (net.Conn, error) { return b.Dial(ctx, "odd") },
		ClientName: "test", ClientVersion: "1", Heard: func(string, []byte) { heard.Add(1) }, Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Cut(errors.New("the test is over"))
	began := time.Now()
	if _, err := p.Ask(t.Context(), process.Question{Method: "tools/call", Params: json.RawMessage(`{"name":"spam"}`)}); err != nil {
		t.Fatal(err)
	}
	const burst, rate, linesEach = 10_000, 2000, 3 // as package process has them
	eventually(t, "more than comes at once", func() bool { return heard.Load() > (burst+rate)/linesEach })
	if took := time.Since(began); took < 900*time.Millisecond {
		t.Errorf("%d notifications heard within %s", heard.Load(), took)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if _, err := p.Ask(ctx, process.Question{Method: "tools/call", Params: json.RawMessage(`{"name":"count"}`)}); err != nil {
		t.Errorf("an answer amid it: %v", err)
	}
}

// TestListsForEver: a server that says all the time that its long list has changed is asked
// for it a small part of the time.
func TestListsForEver(t *testing.T) {
	b := newBench(t)
	b.Odd("odd", "", "-many", "1500")
	b.approve(t, "odd", nil)
	b.both()
	alice := b.alice().begin(t, "odd")
	alice.must(t, "odd", "resources/list", nil)
	alice.listen(t, "odd")
	began, n, busy := time.Now(), 0, time.Duration(0)
	within(t, 2*time.Minute, "three lists", func() bool {
		alice.call(t, "odd", "say", map[string]any{"lines": []string{
			`{"jsonrpc":"2.0","method":"notifications/resources/list_changed"}`, `{"jsonrpc":"2.0","id":$ID,"result":{}}`,
		}})
		n, busy = 0, 0
		last := time.Duration(0) // behind which there was no pause yet
		for _, r := range b.audit.Of("odd/") {
			if r.Method == "resources/list" && r.Event == audit.Outcome && r.Time.After(began) { // but for the first, which has started it
				n, busy, last = n+1, busy+last, r.Duration
			}
		}
		return n >= 3
	})
	if elapsed := time.Since(began); busy > elapsed/4 {
		t.Errorf("%d lists took %s of %s", n, busy, elapsed)
	}
}

// TestSilent: a server that says nothing any more, whatever it is asked, is ended, so that who
// goes on asking is answered by another process. One that is only slow is not.
func TestSilent(t *testing.T) {
	b := newBench(t)
	b.Odd("odd", "")
	p, err := process.Start(t.Context(), process.Options{
		Server: "odd", Dial: func(ctx context.Context) (net.Conn, error) { return b.Dial(ctx, "odd") },
		ClientName: "test", ClientVersion: "1", Heard: func(string, []byte) {}, Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Cut(errors.New("the test is over"))
	const vain = 200 * time.Millisecond // is how long is waited for what does not come
	ask := func(tool string, most time.Duration) error {
		ctx, cancel := context.WithTimeout(t.Context(), most)
		defer cancel()
		_, err := p.Ask(ctx, process.Question{Method: "tools/call", Params: json.RawMessage(`{"name":"` + tool + `"}`)})
		return err
	}
	var all sync.WaitGroup
	for range 5 {
		all.Go(func() { _ = ask("hang", 2*time.Second) }) // at the same time
	}
	all.Wait()
	for range 2 {
		_ = ask("hang", vain)
		if err := ask("count", 20*time.Second); err != nil {
			t.Fatalf("a server that hangs at some calls: %v", err)
		}
	}
	_ = ask("half", vain)
	for range 2 {
		if err := ask("count", vain); !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("a server that is silent: %v", err)
		}
	}
	select {
	case <-p.Done():
		if !strings.Contains(p.Err().Error(), "said nothing while 3 requests") {
			t.Errorf("ended: %v", p.Err())
		}
	case <-time.After(20 * time.Second):
		t.Error("a server that is silent goes on")
	}
}
