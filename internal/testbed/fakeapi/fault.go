// SPDX-License-Identifier: MIT

package fakeapi

import (
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"
)

// Fault is one way to fail. It is made by a function of this file and given to
// [Server.Fail].
type Fault struct {
	kind        faultKind
	status      int
	body        string
	contentType string
	header      map[string]string
	delay       time.Duration
	held        <-chan struct{}
	times       int
	afterEffect bool
	edit        func(*answer)
}

type faultKind int

const (
	faultAnswer      faultKind = iota // answer something else
	faultWait                         // answer later
	faultCut                          // close the connection
	faultTruncate                     // send half of the answer
	faultTruncateRaw                  // the same, without a trace
	faultEdit                         // change the answer
)

// Status answers with an HTTP status and the API's error body for it.
func Status(status int) Fault {
	a := fail(status)
	return Fault{kind: faultAnswer, status: status, body: string(a.body), contentType: a.contentType}
}

// RateLimit answers 429 with a Retry-After of whole seconds; 0 leaves it out.
func RateLimit(after time.Duration) Fault {
	return Status(http.StatusTooManyRequests).RetryAfter(after)
}

// Body answers anything.
func Body(status int, contentType, body string) Fault {
	return Fault{kind: faultAnswer, status: status, body: body, contentType: contentType}
}

// HTML answers with a web page, as proxies and captive portals do.
func HTML(status int) Fault {
	const page = "<!DOCTYPE html>\n<html><head><title>Oops</title></head><body><script>alert(1)</script><h1>Something went wrong</h1></body></html>"
	return Body(status, "text/html; charset=utf-8", page)
}

// Empty answers with a status and nothing else.
func Empty(status int) Fault { return Body(status, "", "") }

// Redirect answers 307 with a Location.
func Redirect(location string) Fault {
	return Fault{kind: faultAnswer, status: http.StatusTemporaryRedirect, header: map[string]string{"Location": location}}
}

// Slow answers properly, after a while.
func Slow(d time.Duration) Fault { return Fault{kind: faultWait, delay: d} }

// Hold answers properly once release is called (any number of times), or the
// server is closed.
func Hold() (f Fault, release func()) {
	held := make(chan struct{})
	return Fault{kind: faultWait, held: held}, sync.OnceFunc(func() { close(held) })
}

// Cut closes the connection instead of answering; nothing has been done. (Go's
// client repeats a GET by itself when this happens on a connection that it has
// used before: a Cut of one time may go unnoticed.)
func Cut() Fault { return Fault{kind: faultCut} }

// Truncated does what is asked, announces the whole answer, and sends half of it.
func Truncated() Fault { return Fault{kind: faultTruncate, afterEffect: true} }

// TruncatedSilently does what is asked and sends half of the answer in a way that
// makes it look whole: neither length nor chunks, as HTTP/1.0 servers answer.
func TruncatedSilently() Fault { return Fault{kind: faultTruncateRaw, afterEffect: true} }

// ContentType does what is asked and labels the answer wrongly.
func ContentType(contentType string) Fault {
	return Fault{kind: faultEdit, edit: func(a *answer) { a.contentType = contentType }, afterEffect: true}
}

// Edited does what is asked and changes the body of a good answer. Edits of answers
// to requests at once are made at once.
func Edited(edit func(body []byte) []byte) Fault {
	return Fault{kind: faultEdit, afterEffect: true, edit: func(a *answer) {
		if a.status < 300 {
			a.body = edit(a.body)
		}
	}}
}

// Times limits the fault to the next n requests.
func (f Fault) Times(n int) Fault { f.times = n; return f }

// RetryAfter adds the header, in whole seconds.
func (f Fault) RetryAfter(d time.Duration) Fault {
	if d > 0 {
		f.header = map[string]string{"Retry-After": strconv.Itoa(int(d / time.Second))}
	}
	return f
}

// AfterEffect has the request done before the fault shows: the change is made and
// its answer is lost.
func (f Fault) AfterEffect() Fault { f.afterEffect = true; return f }

// Script is a fault that was set, and its count.
type Script struct {
	operation string
	fault     Fault
	reached   chan struct{}

	mu   *sync.Mutex // of faults
	hits int
}

// Hits returns how often the fault has occurred.
func (s *Script) Hits() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.hits
}

// Reached is closed when the fault occurs for the first time.
func (s *Script) Reached() <-chan struct{} { return s.reached }

type faults struct {
	mu      sync.Mutex
	scripts []*Script
}

// Fail makes an operation fail, by its operationId; the empty string stands for
// every operation but the token endpoints, which are oauthToken and
// oauthTokenExchange. Of several faults for one operation the first that is not
// used up occurs.
func (s *Server) Fail(operation string, f Fault) *Script {
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	script := &Script{operation: operation, fault: f, reached: make(chan struct{}), mu: &s.faults.mu}
	s.faults.scripts = append(s.faults.scripts, script)
	return script
}

// ClearFaults makes the server work again. What is held stays held.
func (s *Server) ClearFaults() {
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	s.faults.scripts = nil
}

// take uses up one occurrence of the fault that is due, if any.
func (f *faults) take(operation string) (Fault, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	i := slices.IndexFunc(f.scripts, func(s *Script) bool {
		anyOperation := s.operation == "" && operation != "oauthToken" && operation != "oauthTokenExchange"
		return (anyOperation || s.operation == operation) && (s.fault.times == 0 || s.hits < s.fault.times)
	})
	if i < 0 {
		return Fault{}, false
	}
	script := f.scripts[i]
	if script.hits++; script.hits == 1 {
		close(script.reached)
	}
	return script.fault, true
}
