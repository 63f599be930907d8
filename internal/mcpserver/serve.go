// SPDX-License-Identifier: MIT

package mcpserver

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/mark3labs/mcp-go/mcp"

	"tailscale-mcp/internal/caller"
	"tailscale-mcp/internal/tool"
)

const (
	// longest bounds a call of an older revision, which its client's hanging
	// up does not end (Streamable HTTP, "Sending Messages": disconnection
	// should not be taken for cancellation). Tools have tighter bounds.
	longest = 10 * time.Minute

	codeCancelled = 499
)

// exchange is one message on its way: who sent it, what it says, and where
// its answer goes.
type exchange struct {
	s      *Server
	caller caller.Caller
	m      *message
	answer *answer
	// request is what the dispatcher is told, but for the name.
	request tool.Request
	// work bounds what the caller asked for: it ends when the caller cancels.
	// mcp-go does not get to see that in the older revisions, since it answers
	// nothing then, not even for a change that was made all the same.
	work context.Context
	// subscribed is what a subscriptions/listen asks for.
	subscribed mcp.SubscriptionFilter
}

type exchangeKey struct{}

func exchangeFrom(ctx context.Context) *exchange {
	x, _ := ctx.Value(exchangeKey{}).(*exchange)
	return x
}

// serve takes one message of an identified caller.
func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	start := time.Now()
	body, ok := s.readBody(w, r)
	if !ok {
		return
	}
	c := callerFrom(r.Context())
	if time.Since(start) > s.o.Recheck/2 {
		// A body can be held back for as long as it takes to lose a grant.
		if c, ok = s.resolve(w, r); !ok {
			return
		}
	}
	m, f := parse(body)
	if f == nil {
		f = m.readVersion(r.Header.Get(mcp.HeaderProtocolVersion))
	}
	if f != nil {
		reject(w, m.id, f)
		return
	}
	x := s.exchange(w, r, c, m)
	defer x.recovered()

	switch {
	case m.method == "notifications/cancelled" && m.id == nil:
		// mcp-go would look the id up among all requests of all clients.
		if !m.modern {
			s.running.cancel(x.caller.Key(), m.cancelled)
		}
		w.WriteHeader(http.StatusAccepted)
	case m.method == string(mcp.MethodSubscriptionsListen) && m.modern && m.id != nil:
		s.listen(x, r)
	default:
		s.call(x, r)
	}
}

// readVersion takes the revision that the header names. One that does not exist
// is refused with those that do, in the form of the newest: older revisions
// want status 400 and leave the body open.
func (m *message) readVersion(header string) *failure {
	m.modern = m.modern || mcp.IsModernProtocol(header)
	if m.modern || header == "" || mcp.IsValidProtocolVersion(header) || m.method == string(mcp.MethodInitialize) {
		return nil // mcp-go compares header and body of the newer revisions
	}
	return &failure{
		status: http.StatusBadRequest, Code: mcp.UNSUPPORTED_PROTOCOL_VERSION,
		Message: "this server does not speak the protocol revision in the header MCP-Protocol-Version",
		Data:    map[string]any{"supported": mcp.ValidProtocolVersions, "requested": header},
	}
}

// exchange puts together what the later stages need.
func (s *Server) exchange(w http.ResponseWriter, r *http.Request, c caller.Caller, m *message) *exchange {
	x := &exchange{s: s, caller: c, m: m, answer: &answer{ResponseWriter: w, m: m}, work: r.Context()}
	x.request = tool.Request{
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

// call runs a message to its answer.
func (s *Server) call(x *exchange, r *http.Request) {
	ctx := r.Context()
	if !x.m.modern {
		var end, cancel context.CancelFunc
		ctx, end = context.WithCancel(context.WithoutCancel(ctx))
		defer end()
		x.work, cancel = context.WithTimeout(ctx, longest)
		defer cancel()
		defer s.running.add(x.caller.Key(), x.m.id, cancel)()
	}
	s.pass(ctx, x, r)
	// Unanswered is only what was cancelled by closing the POST, and then nobody
	// reads this; but no request ends without an answer.
	x.answer.finish(errorResponse{"2.0", x.m.id, &failure{Code: codeCancelled, Message: "the request was cancelled"}})
}

// recovered answers a request that made the server panic. Tools do not come
// this far: the dispatcher sees to theirs.
func (x *exchange) recovered() {
	p := recover()
	if p == nil {
		return
	}
	x.s.logPanic(p)
	x.answer.finish(errorResponse{"2.0", x.m.id, &failure{
		Code: mcp.INTERNAL_ERROR, Message: "the server failed while answering (request " + x.request.ID + ")",
	}})
}

// pass hands the message to the mcp-go server of its caller.
func (s *Server) pass(ctx context.Context, x *exchange, r *http.Request) {
	body, standIn := x.m.exactID()
	x.answer.standIn = standIn
	r = r.WithContext(context.WithValue(ctx, exchangeKey{}, x))
	r.Body = io.NopCloser(bytes.NewReader(body))
	// No session was issued, so whatever a client claims here means nothing.
	r.Header.Del("Mcp-Session-Id")
	r.Header.Del("Last-Event-Id")
	s.peers.get(x.caller.Key()).ServeHTTP(x.answer, r)
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

// Notify sends a notification to the client whose message ctx belongs to,
// ahead of the answer. Log messages go only to who asked for them: since
// 2026-07-28 a request says so itself.
func Notify(ctx context.Context, method string, params map[string]any) error {
	x := exchangeFrom(ctx)
	if method == "notifications/message" && x.m.modern {
		level := mcp.LoggingLevel(fmt.Sprint(params["level"])) // which may be a plain string
		if x.m.logLevel == "" || !level.ShouldSendTo(x.m.logLevel) {
			return nil
		}
	}
	return x.answer.notify(method, params)
}
