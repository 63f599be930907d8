// SPDX-License-Identifier: MIT

package proxy

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"tailscale-mcp/internal/jsonrpc/fault"
)

const (
	soakWindow  = 24 // calls in flight
	soakHanging = 4  // of them, those that wait to be cancelled
)

// soakClient is a client of both eras at once that keeps a proxy busy and holds
// it to its promises. It keeps no more than it needs for that.
type soakClient struct {
	t      *testing.T
	name   string
	server *soakServer
	stdin  io.WriteCloser

	write sync.Mutex // held while writing stdin

	mu       sync.Mutex
	cond     *sync.Cond
	rnd      *rand.Rand
	next     int
	open     map[string]soakCall // requests that are to be answered, by id as written
	hanging  []string            // of open, those that nobody answers
	late     map[string]bool     // cancelled ones, which may have one answer or none
	nonsense int                 // lines that are to be refused, with id null
	sent     map[string]int      // by tool
	got      map[string]int      // by kind
	good     map[string]int      // results by tool
	eof      bool
	findings int
}

type soakCall struct {
	tool string
	at   time.Time
}

func (c soakCall) String() string {
	return fmt.Sprintf("%s for %v", c.tool, time.Since(c.at).Round(time.Millisecond))
}

func newSoakClient(t *testing.T, name string, seed uint64, s *soakServer, stdin io.WriteCloser, stdout io.Reader) *soakClient {
	c := &soakClient{
		t: t, name: name, server: s, stdin: stdin, rnd: rand.New(rand.NewPCG(seed, 2)),
		open: map[string]soakCall{}, late: map[string]bool{}, sent: map[string]int{}, got: map[string]int{}, good: map[string]int{},
	}
	c.cond = sync.NewCond(&c.mu)
	go c.read(stdout)
	return c
}

// finding is something that must not be.
func (c *soakClient) finding(format string, args ...any) {
	if c.findings++; c.findings <= 10 {
		c.t.Errorf(c.name+": "+format, args...)
	}
}

func (c *soakClient) line(l string) {
	c.write.Lock()
	defer c.write.Unlock()
	_, _ = io.WriteString(c.stdin, l+"\n") // that it failed shows in what is not answered
}

// read takes what the proxy writes until it ends.
func (c *soakClient) read(stdout io.Reader) {
	br := bufio.NewReaderSize(stdout, 1<<20)
	for {
		l, err := br.ReadString('\n')
		c.mu.Lock()
		if l != "" {
			c.take(strings.TrimSuffix(l, "\n"))
		}
		c.eof = err != nil
		c.cond.Broadcast()
		c.mu.Unlock()
		if err != nil {
			return
		}
	}
}

// take looks at one line of the proxy.
func (c *soakClient) take(l string) {
	var m struct {
		JSONRPC string
		ID      json.RawMessage
		Method  string
		Params  struct{ ProgressToken json.RawMessage }
		Result  *struct{ For json.RawMessage }
		Error   *fault.Error
	}
	if err := json.Unmarshal([]byte(l), &m); err != nil || m.JSONRPC != "2.0" {
		c.finding("on stdout: got %q, want a message", short([]string{l}))
		return
	}
	switch {
	case m.Method != "" && m.ID != nil:
		c.got["requests of the server"]++
		go c.line(`{"jsonrpc":"2.0","id":` + string(m.ID) + `,"result":{"action":"accept","content":{}}}`)
		return
	case m.Method != "":
		c.got[m.Method]++
		token := string(m.Params.ProgressToken)
		if _, waits := c.open[token]; token != "" && !waits && !c.late[token] {
			c.finding("got progress of %s, which is answered: %q", token, l)
		}
		return
	case (m.Error == nil) == (m.Result == nil):
		c.finding("got %q, want either a result or an error", short([]string{l}))
	case string(m.ID) == "null" && c.nonsense > 0 && m.Error != nil && m.Error.Code == fault.ParseError:
		c.nonsense--
		c.got["refused lines"]++
		return
	}
	kind := "results"
	if m.Error != nil {
		kind = fmt.Sprintf("errors %d", m.Error.Code)
		if m.Error.Code == fault.CodeUnreachable {
			go c.server.unreachable()
		}
	}
	id := string(m.ID)
	call, waits := c.open[id]
	switch {
	case waits:
		delete(c.open, id)
		if call.tool == "hang" {
			c.hanging = slices.DeleteFunc(c.hanging, func(h string) bool { return h == id })
		}
	case c.late[id]:
		delete(c.late, id)
		kind = "answers to cancelled requests"
	default:
		c.finding("got an answer to %s, which waits for none: %q", id, short([]string{l}))
	}
	c.got[kind]++
	switch {
	case m.Error != nil && m.Error.Code == fault.CodeInternal:
		c.finding("got a defect: %q", l)
	case m.Result != nil && call.tool != "" && call.tool != methodInitialize:
		c.good[call.tool]++
		if string(m.Result.For) != id || slices.Contains(soakFails, call.tool) {
			c.finding("got for %s of %s what is not its result: %q", id, call.tool, short([]string{l}))
		}
	}
}

// await waits for a condition that is about the answers of the proxy. It is a
// finding when that does not come.
func (c *soakClient) await(what string, done func() bool) {
	c.t.Helper()
	tick := time.NewTicker(time.Second) // for the patience: nothing else is measured by it
	defer tick.Stop()
	stop := make(chan struct{})
	defer close(stop)
	go func() {
		for {
			select {
			case <-tick.C:
				c.cond.Broadcast()
			case <-stop:
				return
			}
		}
	}()
	deadline := time.Now().Add(3 * patience)
	for !done() {
		if c.eof || time.Now().After(deadline) {
			c.finding("waiting for %s: stdout ended %v; in flight: %v", what, c.eof, c.open)
			return
		}
		c.cond.Wait()
	}
}

// load keeps the proxy busy until the time is over and everything was tried.
func (c *soakClient) load(until time.Time) {
	c.t.Helper()
	c.server.atRest(false)
	c.mu.Lock()
	defer c.mu.Unlock()
	for time.Now().Before(until) || !c.server.tried() {
		c.await("a free place", func() bool { return len(c.open) < soakWindow })
		tool := soakTools[c.rnd.IntN(len(soakTools))]
		cancel := c.rnd.IntN(30) == 0
		var old string
		if tool == "hang" && len(c.hanging) >= soakHanging {
			old = c.hanging[0]
		}
		nonsense := c.rnd.IntN(100) == 0
		if nonsense {
			c.nonsense++
		}
		id, msg := c.call(tool)
		c.mu.Unlock()
		if nonsense {
			c.line("nonsense")
		}
		c.line(msg)
		if cancel {
			c.cancel(id)
		}
		if old != "" {
			c.cancel(old)
		}
		c.mu.Lock()
		if c.findings > 10 || c.t.Failed() {
			return
		}
	}
}

// call enters a new request of either era.
func (c *soakClient) call(tool string) (id, msg string) {
	c.next++
	switch c.next % 3 {
	case 0:
		id = fmt.Sprintf(`"%s-%d"`, c.name, c.next)
	case 1:
		id = fmt.Sprint(c.next)
	default:
		id = fmt.Sprint(9007199254740993 + c.next) // which JavaScript cannot tell apart
	}
	c.open[id] = soakCall{tool, time.Now()}
	c.sent[tool]++
	if tool == "hang" {
		c.hanging = append(c.hanging, id)
	}
	if c.rnd.IntN(2) == 0 {
		return id, modernCall(id, tool)
	}
	return id, legacyCall(id, tool)
}

// cancel cancels a request, unless it is answered.
func (c *soakClient) cancel(id string) {
	c.mu.Lock()
	_, waits := c.open[id]
	if waits {
		delete(c.open, id)
		c.hanging = slices.DeleteFunc(c.hanging, func(h string) bool { return h == id })
		c.late[id] = true
		c.got["cancelled"]++
	}
	c.cond.Broadcast()
	c.mu.Unlock()
	if waits {
		c.line(`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":` + id + `}}`)
	}
}

// settle lets everything end: nothing happens to the server any more, every
// request is answered, both eras work, and the one connection left is the
// stream of the session, which is a new one: that of an old one may be waiting
// half a minute before it is asked for again.
func (c *soakClient) settle() {
	c.t.Helper()
	c.server.atRest(true)
	c.mu.Lock()
	hanging := slices.Clone(c.hanging)
	c.mu.Unlock()
	for _, id := range hanging {
		c.cancel(id)
	}
	c.mu.Lock()
	c.await("every answer", func() bool { return len(c.open) == 0 && c.nonsense == 0 })
	c.server.forgetAll()
	deadline := time.Now().Add(patience)
	for _, era := range []func(id, tool string) string{legacyCall, modernCall} {
		for before := c.got["results"]; c.got["results"] == before; {
			id, _ := c.call("fast")
			c.mu.Unlock()
			c.line(era(id, "fast"))
			c.mu.Lock()
			c.await("an answer", func() bool { return len(c.open) == 0 })
			if c.t.Failed() || time.Now().After(deadline) {
				c.finding("at rest: got no result since %v", deadline.Add(-patience))
				break
			}
			if c.got["results"] == before { // a session that could not be opened is not tried again at once
				c.mu.Unlock()
				time.Sleep(10 * time.Millisecond)
				c.mu.Lock()
			}
		}
	}
	c.mu.Unlock()
	c.server.settle()
}

// counts is a map in one line.
func counts(m map[string]int) string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(m)) {
		fmt.Fprintf(&b, ", %s %d", name, m[name])
	}
	return strings.TrimPrefix(b.String(), ", ")
}

func total(m map[string]int) (n int) {
	for _, v := range m {
		n += v
	}
	return n
}

// begin opens the session, with its stream.
func (c *soakClient) begin() {
	c.t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.open[`"init"`] = soakCall{methodInitialize, time.Now()}
	c.mu.Unlock()
	c.line(initialize)
	c.mu.Lock()
	c.await("the answer to initialize", func() bool { return len(c.open) == 0 })
	c.mu.Unlock()
	c.line(greeting)
	c.server.settle()
	c.mu.Lock()
}

// report says what there was, and checks that it was something.
func (c *soakClient) report() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.server.mu.Lock()
	defer c.server.mu.Unlock()
	c.t.Logf("%s: %d requests (%s)", c.name, total(c.sent), counts(c.sent))
	for _, tool := range soakTools {
		if !slices.Contains(soakFails, tool) && c.good[tool] == 0 {
			c.t.Errorf("%s: got no result of %s, called %d times", c.name, tool, c.sent[tool])
		}
	}
	c.t.Logf("%s: got %s", c.name, counts(c.got))
	c.t.Logf("%s: faults %s", c.name, counts(c.server.faults))
}
