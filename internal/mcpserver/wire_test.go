// SPDX-License-Identifier: MIT

package mcpserver

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// What no HTTP client would send: requests written by hand on a connection.

// wire is a connection of alice's.
type wire struct {
	net.Conn
	in *bufio.Reader
}

func (b *bench) dial(t testing.TB) *wire {
	t.Helper()
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP("127.0.0.2")}}
	c, err := d.Dial("tcp", b.addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	_ = c.SetDeadline(time.Now().Add(patience))
	return &wire{c, bufio.NewReader(c)}
}

// send writes text; the server may have closed the connection already.
func (w *wire) send(text string) { _, _ = io.WriteString(w, text) }

// response reads one response.
func (w *wire) response(t testing.TB) reply {
	t.Helper()
	r, err := w.try()
	if err != nil {
		t.Fatalf("reading a response: %v", err)
	}
	return r
}

func (w *wire) try() (r reply, err error) {
	res, err := http.ReadResponse(w.in, nil)
	if err != nil {
		return r, err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	r = reply{status: res.StatusCode, header: res.Header, body: string(body)}
	if res.Close {
		r.header.Set("Connection", "close") // ReadResponse takes it away
	}
	_ = json.Unmarshal(body, &r)
	return r, err
}

// post is a request with headers in front of the usual ones.
func post(headers, body string) string {
	return "POST /mcp HTTP/1.1\r\n" + headers + usual + fmt.Sprintf("Content-Length: %d\r\n\r\n", len(body)) + body
}

const usual = "Content-Type: application/json\r\nAccept: application/json, text/event-stream\r\nMCP-Protocol-Version: 2025-11-25\r\n"

const host = "Host: mcp.example.ts.net\r\n"

func TestWire(t *testing.T) {
	b := newBench(t)
	for _, c := range []struct {
		name, text string
		status     int
	}{
		{"as it should be", post(host, plain), 200},
		{"HTTP/1.0", strings.Replace(post(host, plain), "HTTP/1.1", "HTTP/1.0", 1), 200},
		{"HTTP/1.0 without Host", strings.Replace(post("", plain), "HTTP/1.1", "HTTP/1.0", 1), 403},
		{"HTTP/1.1 without Host", post("", plain), 400},
		{"two Hosts", post(host+"Host: evil.example\r\n", plain), 400},
		{"empty Host", post("Host: \r\n", plain), 403},
		{"Host with a zone", post("Host: [fd7a:115c:a1e0::1%25eth0]\r\n", plain), 403},
		{"a target of another host", strings.Replace(post(host, plain), "/mcp", "http://evil.example/mcp", 1), 403},
		{"our host in the target, another in Host", strings.Replace(post("Host: evil.example\r\n", plain), "/mcp", "http://mcp.example.ts.net/mcp", 1), 200},
		{"two Origins", post(host+"Origin: http://mcp.example.ts.net\r\nOrigin: http://evil.example\r\n", plain), 403},
		{"an empty Origin", post(host+"Origin: \r\n", plain), 403},
		{"two Content-Encodings", post(host+"Content-Encoding: identity\r\nContent-Encoding: gzip\r\n", plain), 415},
		{"another path", strings.Replace(post(host, plain), "/mcp", "/mcp/", 1), 404},
		{"a path in disguise", strings.Replace(post(host, plain), "/mcp", "/x/../mcp", 1), 307},
		{"no method", strings.Replace(post(host, plain), "POST ", " ", 1), 400},
		{"HTTP/2 in plain text", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400},
		{"HTTP/9", strings.Replace(post(host, plain), "HTTP/1.1", "HTTP/9.9", 1), 505},
		{"TLS", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400},
		{"a folded header", post(host+"X-A: b\r\n c\r\n", plain), 200},
		{"a NUL in a header", post(host+"X-A: \x00\r\n", plain), 400},
		{"a header without a name", post(host+": x\r\n", plain), 400},
		{"white space before the colon", post(host+"Origin : http://evil.example\r\n", plain), 400},

		{"lengths that differ", post(host+"Content-Length: 5\r\n", plain), 400},
		{"a length that is none", post(host+"Content-Length: x\r\n", plain), 400},
		{"a negative length", post(host+"Content-Length: -1\r\n", plain), 400},
		{"an encoding of the transfer that is unknown", post(host+"Transfer-Encoding: gzip, chunked\r\n", plain), 501},
		{"an encoding of the transfer in disguise", post(host+"Transfer-Encoding: xchunked\r\n", plain), 501},
		{"two encodings of the transfer", post(host+"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", plain), 501},
		{"chunked", "POST /mcp HTTP/1.1\r\n" + host + usual + "Transfer-Encoding: chunked\r\n\r\n" + chunked(plain), 200},
		{"chunked without an end", "POST /mcp HTTP/1.1\r\n" + host + usual + "Transfer-Encoding: chunked\r\n\r\nzz\r\n", 400},
		{"a chunk of endless length", "POST /mcp HTTP/1.1\r\n" + host + usual + "Transfer-Encoding: chunked\r\n\r\nffffffffffffffff1\r\n", 400},

		{"a header of a megabyte", "POST /mcp HTTP/1.1\r\n" + host + "X-A: " + strings.Repeat("x", 1<<20) + "\r\n\r\n", 431},
		{"a hundred thousand headers", "POST /mcp HTTP/1.1\r\n" + host + strings.Repeat("X-A: b\r\n", 100_000) + "\r\n", 431},
		{"a target of a megabyte", "POST /mcp?" + strings.Repeat("x", 1<<20) + " HTTP/1.1\r\n" + host + "\r\n", 431},
		{"200 MiB announced", "POST /mcp HTTP/1.1\r\n" + host + usual + "Content-Length: 209715200\r\n\r\n{", 413},
		{"more than there are bytes announced", "POST /mcp HTTP/1.1\r\n" + host + usual + "Content-Length: 9223372036854775807\r\n\r\n{", 413},
		{"200 MiB announced, waiting to be asked", "POST /mcp HTTP/1.1\r\n" + host + usual + "Content-Length: 209715200\r\nExpect: 100-continue\r\n\r\n", 413},
		{"an expectation that is unknown", post(host+"Expect: a-miracle\r\n", plain), 417},
		{"a foreign page, waiting to be asked", "POST /mcp HTTP/1.1\r\n" + host + usual + "Content-Length: 10\r\nOrigin: null\r\nExpect: 100-continue\r\n\r\n", 403},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := b.dial(t)
			go w.send(c.text) // the server may answer before it has read all
			r := w.response(t)
			if r.status != c.status {
				t.Errorf("status %d, want %d: %s", r.status, c.status, r.body)
			}
			if r.status == 200 && r.Result == nil {
				t.Errorf("no result: %s", r.body)
			}
		})
	}
	b.quiet(t)
	b.unharmed(t)
}

func chunked(body string) string {
	return fmt.Sprintf("1\r\n%s\r\n%x;ext=1\r\n%s\r\n0\r\nTrailer: x\r\n\r\n", body[:1], len(body)-1, body[1:])
}

func TestPipelining(t *testing.T) {
	b := newBench(t)
	w := b.dial(t)
	var all strings.Builder
	for i := range 50 {
		all.WriteString(post(host, fmt.Sprintf(`{"jsonrpc":"2.0","id":%d,"method":"ping"}`, i)))
	}
	go w.send(all.String())
	for i := range 50 {
		if r := w.response(t); r.status != 200 || string(r.ID) != fmt.Sprint(i) {
			t.Fatalf("response %d: status %d, %s", i, r.status, r.body)
		}
	}
}

func TestContinue(t *testing.T) {
	b := newBench(t)
	w := b.dial(t)
	w.send("POST /mcp HTTP/1.1\r\n" + host + usual + fmt.Sprintf("Content-Length: %d\r\nExpect: 100-continue\r\n\r\n", len(plain)))
	if r := w.response(t); r.status != 100 {
		t.Fatalf("status %d, want 100", r.status)
	}
	w.send(plain)
	if r := w.response(t); r.status != 200 || r.Result == nil {
		t.Errorf("status %d, %s", r.status, r.body)
	}
}

// TestSlowRequests: who takes too long is let go, in whatever part of a
// request, and also where the request was refused before that part.
func TestSlowRequests(t *testing.T) {
	// Long enough for requests that are not slow, on a machine that is.
	b := newBench(t, func(o *setup) { o.header, o.front.BodyTime = 2*time.Second, 2*time.Second })
	var wg sync.WaitGroup
	for _, c := range []struct {
		name, text string
		status     int // 0: closed without a word
	}{
		{"nothing at all", "", 0},
		{"the request line", "POST /mc", 400},
		{"headers", "POST /mcp HTTP/1.1\r\n" + host + "X-A: ", 0},
		{"the body", "POST /mcp HTTP/1.1\r\n" + host + usual + "Content-Length: 100\r\n\r\n{", 408},
		{"a chunk", "POST /mcp HTTP/1.1\r\n" + host + usual + "Transfer-Encoding: chunked\r\n\r\n5\r\n{", 408},
		{"the body of a foreign page", "POST /mcp HTTP/1.1\r\n" + host + usual + "Origin: null\r\nContent-Length: 100\r\n\r\n{", 403},
		{"the body of another method", "PUT /mcp HTTP/1.1\r\n" + host + "Content-Length: 100\r\n\r\n{", 405},
		{"the body of another path", "POST /etc HTTP/1.1\r\n" + host + "Content-Length: 100\r\n\r\n{", 404},
		{"the body of the health check", "GET /healthz HTTP/1.1\r\n" + host + "Content-Length: 100\r\n\r\n{", 200},
	} {
		w := b.dial(t)
		wg.Go(func() {
			w.send(c.text)
			if c.status != 0 {
				if r, err := w.try(); err != nil || r.status != c.status {
					t.Errorf("%s: status %d, want %d: %s, %v", c.name, r.status, c.status, r.body, err)
				}
			}
			if more, err := io.ReadAll(w.in); len(more) > 0 || errors.Is(err, os.ErrDeadlineExceeded) {
				t.Errorf("%s: not closed, but %q, %v", c.name, more, err)
			}
		})
	}
	b.unharmed(t) // meanwhile
	wg.Wait()
	b.unharmed(t)
	if got := b.front.HTTPServer().ReadHeaderTimeout; got != 5*time.Second {
		t.Errorf("the daemon waits %v for headers, want 5s", got)
	}
}

// TestBodyTimeIsNotCallTime: the bound on the arrival of a body does not end
// the call, whose client has to stay connected to get its answer.
func TestBodyTimeIsNotCallTime(t *testing.T) {
	b := newBench(t, func(o *setup) { o.front.BodyTime = 50 * time.Millisecond })
	b.grant("alice@example.com", `{"tools":["*"]}`)
	alice := b.alice(t, modern)
	done := alice.start(t.Context(), 1, "get_slow", map[string]any{"gate": "g", "text": "x"})
	b.arrive(t, "g")
	time.Sleep(150 * time.Millisecond) // there is nothing to wait for but time itself
	b.tools.Open("g")
	if text, isError := receive(t, "the answer", done).toolText(t); isError || text != `{"text":"x"}` {
		t.Errorf("got %s", text)
	}
}

// TestBodyHeldBackPastAGrant: a decision is about now, not about when the
// headers came.
func TestBodyHeldBackPastAGrant(t *testing.T) {
	b := newBench(t) // decides anew after 10 ms
	b.grant("alice@example.com", `{"tools":["set_echo"]}`)
	body := `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"set_echo","arguments":{"text":"x"}}}`
	w := b.dial(t)
	text := post(host, body)
	w.send(text[:len(text)-1])
	await(t, "the caller to be identified", func() bool { return b.resolved() > 0 })
	b.grant("alice@example.com")
	time.Sleep(b.o.Recheck)
	w.send(text[len(text)-1:])
	if got, isError := w.response(t).toolText(t); !isError || !strings.HasPrefix(got, "access_denied: ") {
		t.Errorf("a call with a grant that is gone got %s", got)
	}
	if ran := b.tools.Ran(); len(ran) != 0 {
		t.Errorf("ran %v", ran)
	}
}

// TestHugeBodiesLeaveMemoryFlat sends 10 bodies of 200 MiB at once.
func TestHugeBodiesLeaveMemoryFlat(t *testing.T) {
	const size, most = 200 << 20, 256 << 20
	b := newBench(t)
	before := memory()
	block := strings.Repeat(" ", 64<<10)
	var wg sync.WaitGroup
	var refused [2]atomic.Int32
	for i := range 10 {
		w := b.dial(t)
		wg.Go(func() {
			header := fmt.Sprintf("Content-Length: %d\r\n\r\n", size)
			chunk := block
			if i%2 == 0 {
				header, chunk = "Transfer-Encoding: chunked\r\n\r\n", fmt.Sprintf("%x\r\n%s\r\n", len(block), block)
			}
			sent := make(chan struct{})
			go func() {
				defer close(sent)
				w.send("POST /mcp HTTP/1.1\r\n" + host + usual + header)
				for range size / len(block) {
					if _, err := io.WriteString(w, chunk); err != nil {
						return
					}
				}
			}()
			r, err := w.try()
			switch {
			case err == nil && r.status == 413 && r.header.Get("Connection") == "close":
				refused[i%2].Add(1)
			case err == nil || errors.Is(err, os.ErrDeadlineExceeded):
				t.Errorf("status %d, %s, %v", r.status, r.body, err)
			default:
				// Who goes on sending for half a second past the refusal may
				// lose it to the reset of the connection.
			}
			w.Close()
			<-sent
		})
	}
	wg.Wait()
	for i, kind := range []string{"chunked", "announced"} {
		if refused[i].Load() == 0 {
			t.Errorf("no body that was %s got 413", kind)
		}
	}
	after := memory()
	if grown := int64(after.Sys) - int64(before.Sys); grown > most {
		t.Errorf("memory grew by %d MiB", grown>>20)
	}
	if kept := int64(after.HeapAlloc) - int64(before.HeapAlloc); kept > 16<<20 {
		t.Errorf("%d MiB are still held", kept>>20)
	}
	b.unharmed(t)
}

func memory() (m runtime.MemStats) {
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m
}
