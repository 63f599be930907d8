// SPDX-License-Identifier: MIT

package remote

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"mime"
	"net/http"
	"strconv"
	"sync"

	"tailscale-mcp/internal/jsonrpc"
	"tailscale-mcp/internal/jsonrpc/httpsse"
	"tailscale-mcp/internal/jsonrpc/mirror"
	"tailscale-mcp/internal/upstream/frame"
	"tailscale-mcp/internal/upstream/process"
)

// Media types of a response.
const (
	typeJSON   = "application/json"
	typeEvents = "text/event-stream"
)

// exchange is one request and its response.
type exchange struct {
	id     int64
	env    jsonrpc.Envelope
	msg    []byte
	header http.Header
	modern bool
	ctx    context.Context
	cancel context.CancelFunc

	relearned bool // it is sent for the second time, with the headers that its tool asks for
	nth       int  // of the headers of the entry that it was sent with
	renewed   bool // and was sent again with newer ones

	once sync.Once
	done chan struct{} // closed when the answer is there
}

func (x *exchange) finished() bool {
	select {
	case <-x.done:
		return true
	default:
		return false
	}
}

// exchange sends a request and takes its response to where it belongs. A request that is not
// answered by the server is by an error.
func (l *link) exchange(x *exchange) {
	err := l.try(x)
	var ended *process.Ended
	if err != nil && x.ctx.Err() == nil && !x.finished() {
		l.log.Debug("a request has no answer", "method", x.env.Method, "err", err)
		l.deliver(process.Received{ID: x.id, Err: err})
		_ = errors.As(err, &ended)
	}
	x.cancel()
	l.closed(x, ended)
}

// try sends a request, and returns why it was not answered; nil when it was.
func (l *link) try(x *exchange) error {
	_, x.nth = l.headers.clone()
	l.mu.Lock()
	sse := l.sse
	l.mu.Unlock()
	if sse {
		return l.older(x)
	}
	resp, err := l.send(x.ctx, http.MethodPost, &x.env, x.msg, x.header)
	if err != nil {
		return l.failure(err)
	}
	defer func() { _ = resp.Body.Close() }()
	switch kind := mediaType(resp); {
	case resp.StatusCode < 200 || resp.StatusCode > 299:
		err := l.refusal(x, resp)
		if err == nil || x.env.Method != "initialize" || !httpsse.Maybe(resp.StatusCode) {
			return err
		}
		l.mu.Lock()
		l.sse = true
		l.mu.Unlock()
		if l.older(x) != nil {
			return err // which says more of what answers there
		}
		return nil
	case resp.Header.Get("Content-Encoding") != "" && resp.Header.Get("Content-Encoding") != "identity":
		return l.bad("a compressed answer, which it was not asked for")
	case kind == typeJSON && resp.StatusCode != http.StatusNoContent:
		return l.single(x, resp)
	case kind == typeEvents:
		return l.streamed(x, resp)
	default:
		return l.noMCP(resp.StatusCode, kind)
	}
}

// send sends one HTTP request, and returns its response as it is: nothing is followed.
func (l *link) send(ctx context.Context, verb string, e *jsonrpc.Envelope, body []byte, more http.Header) (*http.Response, error) {
	h, _ := l.headers.clone()
	maps.Copy(h, more)
	l.mu.Lock()
	session, version, modern, post := l.session, l.version, l.modern, l.post
	l.mu.Unlock()
	switch {
	case e != nil && e.Modern():
		mirror.SetRequest(h, e, e.Version)
		if e.Method == "tools/call" {
			if m := l.tools.Of(e.Name); m != nil {
				m.Set(h, body)
			}
		}
	case !modern && (e == nil || e.Method != "initialize"):
		if version != "" {
			h[mirror.HeaderVersion] = []string{version}
		}
		if session != "" {
			h["Mcp-Session-Id"] = []string{session}
		}
	}
	h["Accept"] = []string{typeEvents}
	if verb == http.MethodPost {
		h["Accept"] = []string{typeJSON + ", " + typeEvents}
		h["Content-Type"] = []string{typeJSON}
	}
	to := l.at
	if verb == http.MethodPost && post != nil {
		to = post
	}
	r := (&http.Request{Method: verb, URL: to, Host: to.Host, Header: h, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1}).WithContext(ctx)
	if body != nil {
		r.ContentLength = int64(len(body))
		r.Body = io.NopCloser(bytes.NewReader(body))
		// Lets the transport send again what it has not begun to send.
		r.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil }
	}
	resp, err := l.http.RoundTrip(r)
	if err == nil && resp.StatusCode == http.StatusSwitchingProtocols {
		// Its body is the connection, which net/http no longer ends with ctx.
		_ = resp.Body.Close()
		resp.Body = http.NoBody
	}
	return resp, err
}

// tell sends what is answered by a status only.
func (l *link) tell(ctx context.Context, verb string, e *jsonrpc.Envelope, msg []byte) (status int, err error) {
	resp, err := l.send(ctx, verb, e, msg, nil)
	if err != nil {
		return 0, err
	}
	discard(resp)
	return resp.StatusCode, nil
}

// discard closes a response that has nothing more to say.
func discard(resp *http.Response) {
	_, _ = io.CopyN(io.Discard, resp.Body, 4<<10) // so that the connection can be used again
	_ = resp.Body.Close()
}

// single takes the one message of a response.
func (l *link) single(x *exchange, resp *http.Response) error {
	m := l.meter(x.ctx, resp.Body)
	defer m.next()
	body, err := jsonrpc.ReadAll(m, -1, frame.MaxLine)
	switch {
	case errors.Is(err, jsonrpc.ErrTooLarge):
		return l.tooLarge()
	case errors.Is(err, errNoRoom):
		return l.noRoom()
	case err != nil:
		return l.broken(err)
	}
	msg := bytes.Trim(body, jsonrpc.Space)
	e, err := jsonrpc.Scan(msg)
	switch {
	case err != nil:
		return l.bad("a body that is " + l.words(err.Error()))
	case e.Repeated != "":
		return l.bad("a message that has " + strconv.Quote(e.Repeated) + " twice")
	case e.Kind() != jsonrpc.Response && e.Kind() != jsonrpc.ErrorWithoutID:
		return l.bad("a message that is no response")
	case e.Kind() == jsonrpc.Response && jsonrpc.IDKey(e.ID) != jsonrpc.IDKey(x.env.ID):
		return l.bad("the answer to another request")
	}
	l.answer(x, &e, msg, resp.Header)
	return nil
}

// answer takes the answer to a request.
func (l *link) answer(x *exchange, e *jsonrpc.Envelope, msg []byte, h http.Header) {
	if e.Kind() == jsonrpc.ErrorWithoutID || jsonrpc.IDKey(e.ID) != jsonrpc.IDKey(x.env.ID) {
		msg = jsonrpc.WithID(msg, e, x.env.ID)
		if now, err := jsonrpc.Scan(msg); err != nil || now.Repeated != "" { // an id in other letters
			x.once.Do(func() { close(x.done) })
			l.deliver(process.Received{ID: x.id, Err: l.bad("an error whose id cannot be read")})
			return
		}
	}
	if e.HasError {
		msg = l.discreet(msg)
	}
	if e.HasResult && x.env.Method == "initialize" {
		l.opened(msg, h)
	}
	if e.HasResult && x.modern {
		l.mu.Lock()
		l.modern = true
		l.mu.Unlock()
	}
	if e.HasResult && x.modern && x.env.Method == "tools/list" {
		msg = l.learn(x.msg, msg)
	}
	if e.Multiline {
		msg = jsonrpc.OneLine(msg)
	}
	x.once.Do(func() { close(x.done) })
	l.deliver(process.Received{Line: jsonrpc.Line{Msg: msg}})
}

// learn takes note of the tools in an answer, and returns it without those whose definitions
// are invalid. One line of the log says so, however many they are.
func (l *link) learn(request, answer []byte) []byte {
	n, first, because := 0, "", ""
	answer = l.tools.Learn(0, request, answer, func(tool, why string) {
		if n++; n == 1 {
			first, because = tool, why
		}
	})
	if n > 0 {
		l.log.Warn("tools are left out: their definitions are invalid", "tools", n, "first", first, "why", because)
	}
	return answer
}

// mostSession is the longest id of a session, in bytes.
const mostSession = 4 << 10

// opened takes note of the session that an answer to initialize opens.
func (l *link) opened(msg []byte, h http.Header) {
	var said struct {
		Result struct {
			ProtocolVersion string `json:"protocolVersion"`
		} `json:"result"`
	}
	_ = json.Unmarshal(msg, &said) // whoever asked says what is wrong with it
	l.mu.Lock()
	defer l.mu.Unlock()
	if v := said.Result.ProtocolVersion; visible(v) && len(v) < 64 {
		l.version = v
	}
	if id := h.Get("Mcp-Session-Id"); visible(id) && len(id) <= mostSession {
		l.session = id
	}
}

// visible reports whether s is not empty and of visible ASCII only.
func visible(s string) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] > '~' {
			return false
		}
	}
	return s != ""
}

func mediaType(resp *http.Response) string {
	text := resp.Header.Get("Content-Type")
	kind, _, err := mime.ParseMediaType(text)
	if err != nil && !errors.Is(err, mime.ErrInvalidMediaParameter) { // which are of no concern
		return text
	}
	return kind
}
