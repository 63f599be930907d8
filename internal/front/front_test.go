// SPDX-License-Identifier: MIT

package front

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"tailscale-mcp/internal/caller"
	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/identity"
)

// patience bounds whatever a test waits for.
const patience = 60 * time.Second

// bench is a Front on loopback. Connections look as if they came from the
// Tailscale addresses that clients choose, and each address is a person's.
type bench struct {
	*Front
	t    *testing.T
	addr string
	log  *lines
	// gates hold the handler until they are closed.
	held chan struct{} // one element per request that waits
	gate chan struct{}

	mu      sync.Mutex
	granted map[string]bool // by address
	limited map[string]int  // by limit
	kept    []func()        // gives back what work keeps
	clock   time.Time       // stands still unless a test moves it
}

type lines struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func newBench(t *testing.T, limits Limits, adjust ...func(*Options)) *bench {
	t.Helper()
	b := &bench{
		t: t, log: &lines{}, held: make(chan struct{}, 1<<12), gate: make(chan struct{}),
		granted: map[string]bool{}, limited: map[string]int{}, clock: time.Now(),
	}
	o := Options{
		Resolve: b.resolve,
		Names:   func() []string { return []string{"127.0.0.1"} },
		Health:  func() string { return "up" },
		Limits:  limits,
		// A slow host takes long over large bodies, and none is to be given up for that.
		BodyTime: 10 * patience,
		Log:      slog.New(slog.NewTextHandler(b.log, nil)),
		Observe: Observe{Limited: func(limit string) {
			b.mu.Lock()
			defer b.mu.Unlock()
			b.limited[limit]++
		}},
	}
	for _, f := range adjust {
		f(&o)
	}
	b.Front = New(o)
	b.now = func() time.Time { b.mu.Lock(); defer b.mu.Unlock(); return b.clock }
	b.HandleAnswers("/work", b.work, func(r *http.Request) bool { return r.URL.Query().Has("answer") })
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	b.addr = l.Addr().String()
	srv := b.HTTPServer()
	srv.ReadHeaderTimeout = patience
	go func() { _ = srv.Serve(disguised{l}) }()
	t.Cleanup(func() {
		select {
		case <-b.gate:
		default:
			close(b.gate)
		}
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		_ = srv.Close()
		_ = srv.Shutdown(ctx)
		// Whatever was taken has been given back.
		await(t, "every share to be given back", func() bool {
			s := b.Stats()
			return s.Connections == 0 && s.Idle == 0 && s.Unidentified == 0 && s.Calls == 0 && s.Streams == 0 && s.BodyBytes == 0
		})
	})
	return b
}

// work reads the body and does what the query says: hold, weigh, stream, keep, call.
func (b *bench) work(w http.ResponseWriter, r *http.Request, v *Visit) {
	body, ok := v.Body(w, r)
	if !ok {
		return
	}
	q := r.URL.Query()
	var weight int
	_, _ = fmt.Sscan(q.Get("weigh"), &weight)
	if q.Has("call") {
		if f := v.Call(); f != nil {
			Reject(w, json.RawMessage("7"), f)
			return
		}
	}
	if f := v.Weigh(weight - 1); f != nil {
		Reject(w, json.RawMessage("7"), f)
		return
	}
	if q.Has("stream") {
		if f := v.Stream(); f != nil {
			Reject(w, json.RawMessage("7"), f)
			return
		}
	}
	if q.Has("keep") {
		release, f := v.Keep()
		if f != nil {
			Reject(w, json.RawMessage("7"), f)
			return
		}
		b.mu.Lock()
		b.kept = append(b.kept, release)
		b.mu.Unlock()
	}
	if q.Has("hold") {
		b.held <- struct{}{}
		<-b.gate
	}
	fmt.Fprintf(w, "%s %d", v.Caller.Login, len(body))
}

func (b *bench) resolve(_ context.Context, remote netip.AddrPort) (caller.Caller, error) {
	addr := remote.Addr().String()
	c := caller.Caller{Login: addr + "@example.com", Node: "node-" + addr, NodeID: addr, Addr: remote}
	if strings.HasPrefix(addr, "192.") {
		return c, identity.ErrUnknown
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	var err error
	if b.granted[addr] {
		c.Rules, err = grant.Parse([]string{`{"tools":["*"]}`})
	}
	return c, err
}

// grant lets the caller at an address use something, from the next request on.
func (b *bench) grant(addrs ...string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, addr := range addrs {
		b.granted[addr] = true
	}
}

func (b *bench) wait(d time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.clock = b.clock.Add(d)
}

func (b *bench) refusedBy(limit string) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.limited[limit]
}

// disguised gives each connection the remote address that its first line says.
type disguised struct{ net.Listener }

type disguise struct {
	*net.TCPConn
	remote net.Addr
}

func (d disguise) RemoteAddr() net.Addr { return d.remote }

func (l disguised) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	var line []byte
	for one := make([]byte, 1); ; {
		if _, err := c.Read(one); err != nil {
			_ = c.Close()
			return l.Accept() // an error would be the end of the server
		}
		if one[0] == '\n' {
			break
		}
		line = append(line, one[0])
	}
	return disguise{c.(*net.TCPConn), net.TCPAddrFromAddrPort(netip.MustParseAddrPort(string(line)))}, nil
}

var ports uint16 = 1000

// dial opens a connection that looks as if it came from addr.
func (b *bench) dial(addr string) net.Conn {
	b.t.Helper()
	c, err := net.Dial("tcp", b.addr)
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(func() { c.Close() })
	b.mu.Lock()
	ports++
	remote := netip.AddrPortFrom(netip.MustParseAddr(addr), ports)
	b.mu.Unlock()
	_, _ = io.WriteString(c, remote.String()+"\n")
	_ = c.SetDeadline(time.Now().Add(patience))
	return c
}

// client sends requests that come from addr, each connection kept.
func (b *bench) client(addr string) *http.Client {
	t := &http.Transport{
		DialContext:         func(context.Context, string, string) (net.Conn, error) { return b.dial(addr), nil },
		MaxIdleConnsPerHost: 1 << 10, ExpectContinueTimeout: patience,
	}
	b.t.Cleanup(t.CloseIdleConnections)
	return &http.Client{Transport: t}
}

// answer is what came back.
type answer struct {
	status int
	header http.Header
	body   string
	err    error
}

func (b *bench) post(c *http.Client, query, body string) answer {
	return b.send(c, query, strings.NewReader(body))
}

// offered sends a large body once it is asked for. The server ends the connection of one that it
// refuses, and a client that is sending still may find that end and not the answer.
func (b *bench) offered(c *http.Client, body string) answer {
	return b.send(c, "", strings.NewReader(body), "Expect", "100-continue")
}

// unannounced sends a body without its size.
func (b *bench) unannounced(c *http.Client, body string) answer {
	return b.send(c, "", struct{ io.Reader }{strings.NewReader(body)})
}

func (b *bench) send(c *http.Client, query string, body io.Reader, header ...string) answer {
	r, err := http.NewRequest("POST", "http://"+b.addr+"/work?"+query, body)
	if err != nil {
		b.t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	response, err := c.Do(r)
	if err != nil {
		return answer{err: err}
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	return answer{response.StatusCode, response.Header, string(text), err}
}

// hold starts n requests that stay in flight, and returns when they are.
func (b *bench) hold(c *http.Client, query string, n int) (answers chan answer) {
	b.t.Helper()
	answers = make(chan answer, n)
	for range n {
		go func() { answers <- b.post(c, "hold&"+query, "") }()
	}
	for range n {
		select {
		case <-b.held:
		case a := <-answers:
			b.t.Fatalf("not held: %+v", a)
		case <-time.After(patience):
			b.t.Fatal("waited in vain for a request to be held")
		}
	}
	return answers
}

// served wants the answer of the handler.
func (a answer) served(t *testing.T) {
	t.Helper()
	if a.err != nil || a.status != 200 {
		t.Fatalf("not served: %+v", a)
	}
}

// over wants a refusal by a limit: 429, when to come again, and which limit.
func (a answer) over(t *testing.T, limit, says string) {
	t.Helper()
	var e struct {
		JSONRPC string
		Error   struct {
			Code    int
			Message string
			Data    struct {
				Code, Limit       string
				RetryAfterSeconds int
			}
		}
	}
	if err := json.Unmarshal([]byte(a.body), &e); err != nil {
		t.Fatalf("no JSON-RPC error: %+v", a)
	}
	retry := fmt.Sprint(e.Error.Data.RetryAfterSeconds)
	if a.status != 429 || a.header.Get("Retry-After") != retry || retry == "0" || e.JSONRPC != "2.0" || e.Error.Code != 429 ||
		e.Error.Data.Code != "rate_limited" || e.Error.Data.Limit != limit || !strings.HasPrefix(e.Error.Message, "rate_limited: ") || !strings.Contains(e.Error.Message, says) {
		t.Errorf("got %d %v %s, want the limit %q with %q", a.status, a.header, a.body, limit, says)
	}
}

func await(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !holds(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited in vain for %s", what)
		}
	}
}
