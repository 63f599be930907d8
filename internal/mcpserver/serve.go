// SPDX-License-Identifier: MIT

package mcpserver

import (
	"context"
	"encoding/json"
	"net/http"
	"sync"

	"github.com/mark3labs/mcp-go/mcp"

	"tailscale-mcp/internal/caller"
	"tailscale-mcp/internal/front"
	"tailscale-mcp/internal/gate"
	"tailscale-mcp/internal/mcpserver/message"
	"tailscale-mcp/internal/mcpserver/response"
	"tailscale-mcp/internal/session"
)

// exchange is one message on its way: who sent it, what it says, and where
// its answer goes.
type exchange struct {
	s      *Server
	visit  *front.Visit
	caller caller.Caller
	m      *message.Message
	header http.Header
	answer response.Response
	// asked is what the client asks for in its URL, and dispatcher the way to that.
	asked      asked
	dispatcher *gate.Dispatcher
	// request is what the dispatcher is told, but for the name.
	request gate.Request
	// work bounds what the caller asked for: it ends when the caller cancels
	// or hangs up.
	work context.Context
	// session is the one that the message is part of; nil for none.
	session *session.Session
	// looked is what the stream has seen last; of a stream only.
	looked   looked
	compared bool // with what its session was shown
	// decided is set once the dispatcher was asked, which records what it decides.
	decided bool
	// tail is the end of the response, in parts, where that is kept between requests or long.
	tail [][]byte
}

// serve takes one message of an identified caller.
func (s *Server) serve(w http.ResponseWriter, r *http.Request, v *front.Visit, a asked) {
	body, ok := v.Body(w, r)
	if !ok {
		return
	}
	dispatcher := s.o.Dispatcher.Showing(a.view)
	m, f := message.Parse(body)
	if f == nil {
		f = readVersion(m, r.Header.Get(mcp.HeaderProtocolVersion))
	}
	if f == nil && m.Responds() && (s.o.Sessions == nil || !s.hasSession(r)) {
		f = message.Invalid("this server has asked nothing here, so it takes no responses")
	}
	if f == nil {
		f = weigh(dispatcher, m, v)
	}
	if f != nil {
		front.Reject(w, m.ID, f)
		return
	}
	x := s.exchange(w, r, v, m)
	x.asked, x.dispatcher = a, dispatcher
	defer x.recovered()
	if !m.Modern && m.Method != string(mcp.MethodInitialize) && s.hasSession(r) && !x.join() {
		front.Reject(w, m.ID, noSession())
		return
	}
	x.request.Asking.Offers = x.offers()
	f = x.checkVersion()
	switch {
	case m.Responds():
		x.answers()
	case m.ID == nil && m.Method == string(mcp.MethodNotificationCancelled):
		// The newer revisions cancel by closing the POST.
		if !m.Modern {
			s.running.cancel(x.key(), m.Cancelled)
		}
		x.answer.Accept()
	case f != nil:
		x.refused(f)
	case m.ID == nil && m.Method == string(mcp.MethodNotificationRootsListChanged) && x.session != nil:
		s.o.Behind.RootsChanged(x.session)
		x.answer.Accept()
	case m.ID == nil:
		x.answer.Accept()
	case m.Subscribes():
		x.listen()
	default:
		x.call()
	}
}

// weigh takes from the caller's share what the message costs beyond a simple call.
func weigh(d *gate.Dispatcher, m *message.Message, v *front.Visit) *failure {
	switch {
	case m.Subscribes():
		return v.Stream()
	case m.Responds() || m.ID == nil:
		return nil // nobody waits for an answer to it, and a call may wait for it
	}
	f := v.Call()
	if f == nil && m.Method == string(mcp.MethodToolsCall) {
		f = v.Weigh(d.Weight(v.Caller, m.Name) - 1)
	}
	return f
}

// exchange puts together what the later stages need.
func (s *Server) exchange(w http.ResponseWriter, r *http.Request, v *front.Visit, m *message.Message) *exchange {
	x := &exchange{s: s, visit: v, caller: v.Caller, m: m, header: r.Header, answer: response.Response{ResponseWriter: w}, work: r.Context()}
	x.request = gate.Request{
		ID:            requestID(),
		Method:        m.Method,
		Newer:         m.Modern,
		Claimed:       claimed(r.Header),
		ClientName:    bounded(m.Client.Name),
		ClientVersion: bounded(m.Client.Version),
		Arguments:     m.Arguments,
		Meta:          m.Meta,
	}
	if m.ProgressToken != nil {
		x.request.Progress = x.progress
	}
	if m.Modern && m.LogLevel != "" && s.o.Behind != nil && s.o.Behind.Logging {
		x.request.Logging = gate.Logging{Level: string(m.LogLevel), Tell: x.logged}
	}
	if x.request.ClientName == "" {
		x.request.ClientName, x.request.ClientVersion = userAgent(r)
	}
	w.Header().Set("X-Request-Id", x.request.ID)
	return x
}

// call runs a request to its answer.
func (x *exchange) call() {
	switch {
	case !x.m.Modern:
		// The work ends with its client, here as in the newest revision, although
		// the older ones say that hanging up should not be taken for cancelling
		// (Streamable HTTP, "Sending Messages"): nobody can come back for the answer,
		// and what goes on for nobody costs everybody. A change that has begun goes on
		// to its end all the same, and counts as in flight until then.
		work, cancel := context.WithCancelCause(x.work)
		defer cancel(nil)
		x.work = work
		defer x.s.running.add(x.key(), x.m.ID, func() { cancel(gate.ErrCancelled) })()
	case x.s.o.Behind != nil:
		// Here hanging up is to cancel, and a server behind the gate is told so.
		work, cancel := context.WithCancelCause(context.WithoutCancel(x.work))
		defer cancel(nil)
		defer context.AfterFunc(x.work, func() { cancel(gate.ErrCancelled) })()
		x.work = work
	}
	x.respond()
}

// key tells apart those whose requests have ids of their own: sessions, and callers
// without any.
func (x *exchange) key() string {
	if x.session != nil {
		return x.session.ID
	}
	return x.caller.Key()
}

// recovered answers a request that made the server panic. Tools do not come
// this far: the dispatcher sees to theirs.
func (x *exchange) recovered() {
	p := recover()
	if p == nil {
		return
	}
	x.s.logPanic(p)
	if x.m.ID != nil {
		x.refuse(x.failed())
	}
}

// progress tells the client how far its call is, if it asked to be told.
func (x *exchange) progress(done, total float64, text string) {
	params := map[string]any{"progressToken": x.m.ProgressToken, "progress": done}
	if total > 0 {
		params["total"] = total
	}
	if text != "" {
		params["message"] = text
	}
	if err := x.answer.Notify("notifications/progress", params); err != nil {
		x.s.o.Log.Debug("progress not delivered", "request", x.request.ID, "err", err)
	}
}

// logged tells the client a log message of the server behind the gate, if it is of a level
// that it asked for.
func (x *exchange) logged(params json.RawMessage) {
	var p struct{ Level mcp.LoggingLevel }
	if json.Unmarshal(params, &p) != nil || !p.Level.ShouldSendTo(x.m.LogLevel) {
		return
	}
	if err := x.answer.Notify(string(mcp.MethodNotificationMessage), params); err != nil {
		x.s.o.Log.Debug("log message not delivered", "request", x.request.ID, "err", err)
	}
}

// running are the requests of older revisions in flight, so that their own
// caller can cancel them.
type running struct {
	mu   sync.Mutex
	byID map[string][]*context.CancelFunc
}

// add notes a request of the caller key and returns what forgets it again. A
// message without an id cannot be named and is not noted.
func (r *running) add(key string, id json.RawMessage, cancel context.CancelFunc) (remove func()) {
	if id == nil {
		return func() {}
	}
	k := key + "\x00" + string(id)
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.byID == nil {
		r.byID = map[string][]*context.CancelFunc{}
	}
	r.byID[k] = append(r.byID[k], &cancel)
	return func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		kept := r.byID[k][:0:0]
		for _, other := range r.byID[k] {
			if other != &cancel {
				kept = append(kept, other)
			}
		}
		if r.byID[k] = kept; len(kept) == 0 {
			delete(r.byID, k)
		}
	}
}

// cancel ends the caller's request with that id. Two programs on one node may
// use the same id at the same time: then it is not known which is meant, and
// neither is ended, which the protocol permits.
func (r *running) cancel(key string, id json.RawMessage) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if found := r.byID[key+"\x00"+string(id)]; len(found) == 1 {
		(*found[0])()
	}
}
