// SPDX-License-Identifier: MIT

package proxy

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"tailscale-mcp/internal/jsonrpc"
	"tailscale-mcp/internal/jsonrpc/fault"
)

// patience bounds every wait of the tests. Nothing waits that long when all is
// well.
const patience = time.Minute

// client is an MCP client on the stdio side of a relay.
type client struct {
	t      *testing.T
	relay  *relay
	stdin  *io.PipeWriter
	stdout *io.PipeReader
	stop   context.CancelFunc // what a signal does
	ended  chan error         // what run returned

	mu    sync.Mutex
	cond  *sync.Cond
	lines []string // everything from stdout
	taken []bool   // by await
	eof   bool
	asked map[string]int // requests sent, by id
	mute  map[string]bool
	once  sync.Once
	err   error
}

// option changes a relay before it runs.
type option func(*relay)

func drain(d time.Duration) option { return func(r *relay) { r.cfg.Drain = d } }
func limit(n int) option {
	return func(r *relay) { r.cfg.MaxMessage = n }
}

// connect starts a relay to server. At the end of the test it is stopped, and
// every request that was sent must have had one answer.
func connect(t *testing.T, server string, opts ...option) *client {
	t.Helper()
	return connectWith(t, Config{Server: mustURL(t, server)}, opts...)
}

func connectWith(t *testing.T, cfg Config, opts ...option) *client {
	t.Helper()
	if cfg.Log == nil {
		log := &output{to: t.Output()}
		t.Cleanup(log.end)
		cfg.Log = slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	}
	cfg.Agent = "test"
	ctx, cancel := context.WithCancel(context.Background())
	inR, inW := io.Pipe()
	outR, outW := io.Pipe()
	c := &client{
		t: t, relay: newRelay(ctx, cfg, outW), stdin: inW, stdout: outR, stop: cancel,
		ended: make(chan error, 1), asked: map[string]int{}, mute: map[string]bool{},
	}
	c.cond = sync.NewCond(&c.mu)
	c.relay.answerTime = patience // a slow host is to lose no answer
	for _, o := range opts {
		o(c.relay)
	}
	go func() {
		err := c.relay.run(ctx, inR)
		// As when the process ends.
		_ = inR.Close()
		_ = outW.Close()
		c.ended <- err
	}()
	go c.read(outR)
	t.Cleanup(func() { c.close() })
	return c
}

// connectTo is connect to a server that may be on no network.
func connectTo(t *testing.T, s *faultServer, opts ...option) *client {
	t.Helper()
	return connectWith(t, Config{Server: mustURL(t, s.url()), Dial: s.dial}, opts...)
}

// output is the log of a test for as long as that lasts: what the end of a relay has left behind
// may still log a moment later, and the test's own output panics then.
type output struct {
	mu sync.Mutex
	to io.Writer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.to.Write(p)
}

func (o *output) end() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.to = io.Discard
}

func mustURL(t *testing.T, s string) *url.URL {
	t.Helper()
	u, err := url.Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func (c *client) read(r io.Reader) {
	br := bufio.NewReaderSize(r, 1<<20)
	for {
		s, err := br.ReadString('\n')
		c.mu.Lock()
		if s != "" {
			c.lines = append(c.lines, strings.TrimSuffix(s, "\n"))
			c.taken = append(c.taken, false)
		}
		c.eof = err != nil
		c.cond.Broadcast()
		c.mu.Unlock()
		if err != nil {
			return
		}
	}
}

// send writes lines to the relay.
func (c *client) send(lines ...string) {
	c.t.Helper()
	for _, l := range lines {
		var m struct {
			ID     json.RawMessage
			Method *string
		}
		if json.Unmarshal([]byte(l), &m) == nil && m.Method != nil && jsonrpc.UsableID(m.ID) {
			c.mu.Lock()
			c.asked[string(m.ID)]++
			c.mu.Unlock()
		}
		if _, err := io.WriteString(c.stdin, l+"\n"); err != nil {
			c.t.Fatalf("writing to the relay: %v", err)
		}
	}
}

// await takes the first line not yet taken that match accepts.
func (c *client) await(what string, match func(string) bool) string {
	c.t.Helper()
	late := time.AfterFunc(patience, func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.cond.Broadcast()
	})
	defer late.Stop()
	deadline := time.Now().Add(patience)
	c.mu.Lock()
	defer c.mu.Unlock()
	for from := 0; ; {
		for i := from; i < len(c.lines); i++ {
			if !c.taken[i] && match(c.lines[i]) {
				c.taken[i] = true
				return c.lines[i]
			}
		}
		from = len(c.lines)
		if c.eof || !time.Now().Before(deadline) {
			c.t.Fatalf("waiting for %s: got only %q", what, short(c.lines))
		}
		c.cond.Wait()
	}
}

func short(lines []string) []string {
	var out []string
	for _, l := range lines {
		if len(l) > 300 {
			l = l[:300] + "…"
		}
		out = append(out, l)
	}
	return out
}

// answer waits for the answer to the request with this id, as written.
func (c *client) answer(id string) string {
	c.t.Helper()
	return c.await("the answer to "+id, func(l string) bool { return answerTo(l) == id })
}

// next waits for any line.
func (c *client) next() string {
	c.t.Helper()
	return c.await("a line", func(string) bool { return true })
}

// method waits for a request or notification of the server.
func (c *client) method(name string) string {
	c.t.Helper()
	return c.await(name, func(l string) bool {
		var m struct{ Method string }
		return json.Unmarshal([]byte(l), &m) == nil && m.Method == name
	})
}

// has reports whether the relay has written text.
func (c *client) has(text string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.ContainsFunc(c.lines, func(l string) bool { return strings.Contains(l, text) })
}

// answerTo is the id of a response as written, "" for anything else.
func answerTo(l string) string {
	var m struct {
		ID     json.RawMessage
		Method *string
	}
	if json.Unmarshal([]byte(l), &m) != nil || m.Method != nil {
		return ""
	}
	return string(m.ID)
}

// silent says that this request is to have no answer.
func (c *client) silent(id string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.mute[id] = true
}

// close ends stdin and waits for the end. It checks what holds for all tests:
// only JSON on stdout, and one answer for each request.
func (c *client) close() error {
	c.t.Helper()
	c.once.Do(func() {
		c.err = c.end()
		c.mu.Lock()
		defer c.mu.Unlock()
		got := map[string]int{}
		for _, l := range c.lines {
			if !json.Valid([]byte(l)) {
				c.t.Errorf("on stdout: got %q, want JSON", short([]string{l}))
			}
			got[answerTo(l)]++
		}
		for id, n := range c.asked {
			want := 1
			if c.mute[id] {
				want = 0
			}
			if got[id] != want {
				c.t.Errorf("request %s, sent %d times: got %d answers, want %d", id, n, got[id], want)
			}
		}
	})
	return c.err
}

// end ends stdin and waits for run to return.
func (c *client) end() error {
	c.t.Helper()
	defer c.stop()
	_ = c.stdin.Close()
	select {
	case err := <-c.ended:
		c.ended <- err // for who asks again
		c.mu.Lock()
		defer c.mu.Unlock()
		for !c.eof {
			c.cond.Wait()
		}
		_ = c.stdout.Close()
		return err
	case <-time.After(patience):
		c.t.Fatal("the relay does not end")
		return nil
	}
}

// failureIn is the error in an answer, and whether there is one.
func failureIn(t *testing.T, answer string) (fault.Error, bool) {
	t.Helper()
	var m struct{ Error *fault.Error }
	if err := json.Unmarshal([]byte(answer), &m); err != nil {
		t.Fatalf("reading %q: %v", answer, err)
	}
	if m.Error == nil {
		return fault.Error{}, false
	}
	return *m.Error, true
}

// Messages of both eras.
const (
	initialize = `{"jsonrpc":"2.0","id":"init","method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{"elicitation":{},"sampling":{},"roots":{}},"clientInfo":{"name":"t","version":"1"}}}`
	greeting   = `{"jsonrpc":"2.0","method":"notifications/initialized"}`
	meta       = `"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}`
)

// legacyCall is a call of a tool in a session.
func legacyCall(id, tool string) string {
	return `{"jsonrpc":"2.0","id":` + id + `,"method":"tools/call","params":{"name":"` + tool + `"}}`
}

// modernCall is a call of a tool in revision 2026-07-28.
func modernCall(id, tool string) string {
	return `{"jsonrpc":"2.0","id":` + id + `,"method":"tools/call","params":{"name":"` + tool + `",` + meta + `}}`
}

// open opens a session.
func (c *client) open() {
	c.t.Helper()
	c.send(initialize)
	if f, bad := failureIn(c.t, c.answer(`"init"`)); bad {
		c.t.Fatalf("initialize: got error %+v", f)
	}
	c.send(greeting)
}

func sprint(v any) string { return fmt.Sprint(v) }
