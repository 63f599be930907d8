// SPDX-License-Identifier: MIT

package mcpserver

import (
	"context"
	"net/http"

	"github.com/mark3labs/mcp-go/mcp"

	"tailscale-mcp/internal/caller"
	"tailscale-mcp/internal/front"
	"tailscale-mcp/internal/gate"
)

// exchange is one message on its way: who sent it, what it says, and where
// its answer goes.
type exchange struct {
	s      *Server
	visit  *front.Visit
	caller caller.Caller
	m      *message
	header http.Header
	answer answer
	// request is what the dispatcher is told, but for the name.
	request gate.Request
	// work bounds what the caller asked for: it ends when the caller cancels
	// or hangs up.
	work context.Context
	// decided is set once the dispatcher was asked, which records what it decides.
	decided bool
	// tail is the end of the response, where that is kept between requests.
	tail []byte
}

// serve takes one message of an identified caller.
func (s *Server) serve(w http.ResponseWriter, r *http.Request, v *front.Visit) {
	body, ok := v.Body(w, r)
	if !ok {
		return
	}
	m, f := parse(body)
	if f == nil {
		f = m.readVersion(r.Header.Get(mcp.HeaderProtocolVersion))
	}
	if f == nil {
		f = s.weigh(m, v)
	}
	if f != nil {
		front.Reject(w, m.id, f)
		return
	}
	x := s.exchange(w, r, v, m)
	defer x.recovered()
	f = x.checkVersion()
	switch {
	case m.id == nil && m.method == string(mcp.MethodNotificationCancelled):
		// The newer revisions cancel by closing the POST.
		if !m.modern {
			s.running.cancel(x.caller.Key(), m.cancelled)
		}
		x.answer.accept()
	case f != nil:
		x.refused(f)
	case m.id == nil:
		x.answer.accept()
	case m.subscribes():
		x.listen()
	default:
		x.call()
	}
}

// weigh takes from the caller's share what the message costs beyond a simple call.
func (s *Server) weigh(m *message, v *front.Visit) *failure {
	switch {
	case m.subscribes():
		return v.Stream()
	case m.method == string(mcp.MethodToolsCall):
		return v.Weigh(s.o.Dispatcher.Weight(v.Caller, m.name) - 1)
	}
	return nil
}

// subscribes reports whether the message asks for a stream that stays open.
func (m *message) subscribes() bool {
	return m.method == string(mcp.MethodSubscriptionsListen) && m.modern && m.id != nil
}

// exchange puts together what the later stages need.
func (s *Server) exchange(w http.ResponseWriter, r *http.Request, v *front.Visit, m *message) *exchange {
	x := &exchange{s: s, visit: v, caller: v.Caller, m: m, header: r.Header, answer: answer{ResponseWriter: w}, work: r.Context()}
	x.request = gate.Request{
		ID:            requestID(),
		Method:        m.method,
		Claimed:       claimed(r.Header),
		ClientName:    bounded(m.client.Name),
		ClientVersion: bounded(m.client.Version),
		Arguments:     m.arguments,
		Progress:      x.progress,
	}
	if x.request.ClientName == "" {
		x.request.ClientName, x.request.ClientVersion = userAgent(r)
	}
	w.Header().Set("X-Request-Id", x.request.ID)
	return x
}

// call runs a request to its answer.
func (x *exchange) call() {
	if !x.m.modern {
		// The work ends with its client, here as in the newest revision, although
		// the older ones say that hanging up should not be taken for cancelling
		// (Streamable HTTP, "Sending Messages"): nobody can come back for the answer,
		// and what goes on for nobody costs everybody. A change that has begun goes on
		// to its end all the same, and counts as in flight until then.
		work, cancel := context.WithCancel(x.work)
		defer cancel()
		x.work = work
		defer x.s.running.add(x.caller.Key(), x.m.id, cancel)()
	}
	x.respond()
}

// recovered answers a request that made the server panic. Tools do not come
// this far: the dispatcher sees to theirs.
func (x *exchange) recovered() {
	p := recover()
	if p == nil {
		return
	}
	x.s.logPanic(p)
	if x.m.id != nil {
		x.refuse(x.failed())
	}
}

// progress tells the client how far its call is, if it asked to be told.
func (x *exchange) progress(done, total float64, text string) {
	if x.m.progressToken == nil {
		return
	}
	params := map[string]any{"progressToken": x.m.progressToken, "progress": done}
	if total > 0 {
		params["total"] = total
	}
	if text != "" {
		params["message"] = text
	}
	if err := x.answer.notify("notifications/progress", params); err != nil {
		x.s.o.Log.Debug("progress not delivered", "request", x.request.ID, "err", err)
	}
}
