// SPDX-License-Identifier: MIT

package proxy

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"sync"
	"testing"
)

// oldServer is an MCP server that speaks HTTP+SSE (2024-11-05), on loopback, whose tools
// do what servers should not. Its stream is at /sse.
type oldServer struct {
	*faultServer // keeps what was received, and waits for it

	mu      sync.Mutex
	streams map[string]*oldStream
	latest  *oldStream // the one opened last, also when it has ended
	opened  int
	refuse  int                                                        // the status of a POST to /sse
	first   string                                                     // the first event; %s is the session
	get     http.HandlerFunc                                           // in place of the stream
	does    map[string]func(*oldStream, http.ResponseWriter, received) // by tool, or by method
}

// oldStream is one stream of it.
type oldStream struct {
	id    string
	gone  chan struct{} // closed when it is to end
	mu    sync.Mutex
	write func(string)
	once  sync.Once
	dies  bool // it ends as that of a process that dies
}

// event sends one message.
func (s *oldStream) event(msg string) { s.raw("event: message\ndata: " + msg + "\n\n") }

// raw sends this.
func (s *oldStream) raw(text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case <-s.gone:
	default:
		s.write(text)
	}
}

// end ends the stream.
func (s *oldStream) end() { s.once.Do(func() { s.mu.Lock(); defer s.mu.Unlock(); close(s.gone) }) }

func serveOld(t *testing.T) *oldServer {
	t.Helper()
	o := &oldServer{faultServer: serve(t, nil), streams: map[string]*oldStream{}, refuse: http.StatusNotFound, first: "event: endpoint\ndata: /message?session=%s\n\n",
		does: map[string]func(*oldStream, http.ResponseWriter, received){}}
	o.instead = o.handle
	return o
}

func (o *oldServer) url() string {
	o.run()
	return o.URL + "/sse"
}

func (o *oldServer) handle(w http.ResponseWriter, r *http.Request) {
	raw, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	in := received{verb: r.Method + " " + r.URL.Path, header: r.Header.Clone(), body: string(raw)}
	_ = json.Unmarshal(raw, &in.msg)
	o.faultServer.mu.Lock()
	o.requests = append(o.requests, in)
	o.cond.Broadcast()
	o.faultServer.mu.Unlock()
	o.mu.Lock()
	s, refuse, get := o.streams[r.URL.Query().Get("session")], o.refuse, o.get
	o.mu.Unlock()
	switch {
	case r.URL.Path == "/sse" && r.Method == http.MethodGet && get != nil:
		get(w, r)
	case r.URL.Path == "/sse" && r.Method == http.MethodGet:
		o.stream(w, r)
	case r.URL.Path != "/message" || r.Method != http.MethodPost:
		http.Error(w, "Cannot "+r.Method+" "+r.URL.Path, refuse)
	case s == nil:
		http.Error(w, "no such session", http.StatusNotFound)
	default:
		o.mu.Lock()
		do := o.does[in.msg.Method]
		if do == nil && in.msg.Method == "tools/call" {
			do = o.does[in.msg.Params.Name]
		}
		o.mu.Unlock()
		if do == nil {
			do = oldAnswer
		}
		do(s, w, in)
	}
}

// stream is the answer to a GET.
func (o *oldServer) stream(w http.ResponseWriter, r *http.Request) {
	o.mu.Lock()
	o.opened++
	s := &oldStream{id: fmt.Sprint(o.opened), gone: make(chan struct{})}
	o.streams[s.id], o.latest = s, s
	first := o.first
	o.mu.Unlock()
	s.write = events(w)
	if first != "" {
		s.raw(fmt.Sprintf(first, s.id))
	}
	select {
	case <-s.gone:
	case <-r.Context().Done():
	case <-o.gone:
	}
	o.mu.Lock()
	delete(o.streams, s.id)
	o.mu.Unlock()
	s.end()
	if s.dies {
		cut(w)
	}
}

// last returns the stream that was opened last, also when it has ended.
func (o *oldServer) last() *oldStream {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.latest
}

// oldAnswer takes a message as it should be.
func oldAnswer(s *oldStream, w http.ResponseWriter, in received) {
	w.WriteHeader(http.StatusAccepted)
	switch {
	case in.msg.ID == nil || in.msg.Method == "":
	case in.msg.Method == "initialize":
		s.event(result(in, `{"protocolVersion":"2024-11-05","capabilities":{"tools":{"listChanged":true}},"serverInfo":{"name":"old","version":"1"}}`))
	default:
		s.event(result(in, `{"content":[]}`))
	}
}

// oldCut ends a stream as a process that dies does.
func oldCut(s *oldStream, _ http.ResponseWriter, _ received) {
	s.once.Do(func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.dies = true
		close(s.gone)
	})
}
