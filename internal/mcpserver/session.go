// SPDX-License-Identifier: MIT

package mcpserver

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/mark3labs/mcp-go/mcp"

	"tailscale-mcp/internal/asking"
	"tailscale-mcp/internal/caller"
	"tailscale-mcp/internal/front"
	"tailscale-mcp/internal/mcpserver/message"
)

// Clients of the older revisions may have a session with a server behind the gate: it is
// answered to initialize, named in each later request, and has the one stream (GET) on
// which its client is told what belongs to no request. A client that does not name it is
// served as those of 2026-07-28 are, who have none.

// sessionHeader names the session.
const sessionHeader = "Mcp-Session-Id"

// hasSession reports whether a request names a session where there are any. In the newer
// revisions the header means nothing.
func (s *Server) hasSession(r *http.Request) bool {
	return s.o.Sessions != nil && r.Header.Get(sessionHeader) != "" && !mcp.IsModernProtocol(r.Header.Get(mcp.HeaderProtocolVersion))
}

// MayAnswer reports whether a request may be what calls of its caller wait for: an answer, the
// word that one is cancelled, the stream or the end of their session. All of these name that.
func MayAnswer(r *http.Request) bool { return r.Header.Get(sessionHeader) != "" }

// noSession is the answer to whoever names a session that is not its own, or no more:
// which of these it is, it does not say.
func noSession() *failure {
	return &failure{
		Status: http.StatusNotFound, Code: http.StatusNotFound,
		Message: "you have no such session here: it is over, or the server has restarted; send initialize without the header " + sessionHeader,
	}
}

// join makes the message one of the session that it names, and reports whether its caller
// has that.
func (x *exchange) join() bool {
	own := x.s.o.Sessions.Find(x.header.Get(sessionHeader), x.s.o.Behind.Name, x.caller.Key())
	if own == nil {
		return false
	}
	x.session, x.request.Session = own, own.ID
	if own.ClientName != "" {
		x.request.ClientName, x.request.ClientVersion = own.ClientName, own.ClientVersion
	}
	return true
}

// begun begins a session for a client that initializes, and reports whether it has. No
// process is started for it.
func (x *exchange) begun() bool {
	if x.s.o.Sessions == nil {
		return false
	}
	var p struct {
		ClientInfo   struct{ Name, Version string }
		Capabilities json.RawMessage
	}
	_ = json.Unmarshal(x.m.Params, &p) // mcp-go has read it
	x.session = x.s.o.Sessions.Begin(x.s.o.Behind.Name, x.caller.Key(), bounded(p.ClientInfo.Name), bounded(p.ClientInfo.Version))
	if x.session == nil {
		return false // there are too many: it is served without
	}
	x.session.Offers = asking.Of(p.Capabilities)
	x.answer.Header().Set(sessionHeader, x.session.ID)
	x.changed(x.caller) // what it is shown from now on
	return true
}

// ofSession answers what is no message: the stream of a session, and its end.
func (s *Server) ofSession(w http.ResponseWriter, r *http.Request, v *front.Visit) {
	x := s.exchange(w, r, v, &message.Message{Method: r.Method + " " + r.URL.Path})
	x.dispatcher = s.o.Dispatcher
	defer x.recovered()
	switch {
	case r.Method != http.MethodGet && r.Method != http.MethodDelete, !s.hasSession(r):
		w.Header().Set("Allow", http.MethodPost)
		front.Refuse(w, http.StatusMethodNotAllowed, "the method here is POST; GET and DELETE are for a session, of revisions before 2026-07-28, that the header "+sessionHeader+" names")
	case !x.join():
		front.Reject(w, nil, noSession())
	case r.Method == http.MethodDelete:
		s.o.Sessions.End(x.session.ID)
		w.WriteHeader(http.StatusNoContent)
	case !accepts(strings.Join(r.Header.Values("Accept"), ","), "text", "event-stream"):
		front.Refuse(w, http.StatusNotAcceptable, "send the header Accept: text/event-stream")
	default:
		if f := v.Stream(); f != nil {
			front.Reject(w, nil, f)
			return
		}
		_ = http.NewResponseController(w).SetReadDeadline(time.Time{}) // there is no body to be late
		x.stream()
	}
}

// stream tells the client what belongs to none of its requests, until it goes, its session
// is over, it opens another stream, or a new request of its caller would be refused. What
// was told on a stream before is not told again: Last-Event-ID is ignored.
func (x *exchange) stream() {
	s, own, c := x.s, x.session, x.caller
	gone := own.Attach()
	defer own.Detach(gone)
	x.recorded(c)
	if x.answer.Open() != nil || x.tellChanges(c) != nil {
		return
	}
	recheck, keepAlive := time.NewTicker(s.o.Recheck), time.NewTicker(s.o.KeepAlive)
	defer recheck.Stop()
	defer keepAlive.Stop()
	for {
		var err error
		select {
		case <-x.work.Done():
			return
		case <-s.stopping.Done():
			return
		case <-own.Done():
			return
		case <-gone:
			return
		case <-keepAlive.C:
			err = x.answer.KeepAlive()
		case <-own.Wake():
			err = x.tellEvents(c)
		case <-recheck.C:
			var ok bool
			if c, ok = x.still(c); !ok {
				return
			}
			err = x.tellChanges(c)
		}
		if err != nil {
			return
		}
	}
}

// still is the caller as it is now, and reports whether it may have the stream still.
func (x *exchange) still(was caller.Caller) (caller.Caller, bool) {
	c, err := x.visit.Again(x.work)
	if x.work.Err() != nil {
		return was, false // the client has gone, which says nothing about the caller
	}
	if err != nil || c.Key() != x.caller.Key() || x.s.o.Behind != nil && !c.Rules.At(time.Now()).Reach(x.s.o.Behind.Name) {
		x.s.o.Log.Info("stream ended: its caller may no longer have it", "caller", x.caller.String(), "request", x.request.ID, "err", err)
		x.dispatcher.Refused(x.work, x.caller, x.request, "the caller may no longer have the stream")
		return was, false
	}
	return c, true
}

// anew is the caller with what it is granted now: a person may take minutes to answer.
func (x *exchange) anew(ctx context.Context) (caller.Caller, error) {
	c, err := x.visit.Again(ctx)
	if err == nil && c.Key() != x.caller.Key() {
		err = errors.New("the address of the caller is another's by now")
	}
	return c, err
}

// tellEvents tells what the server has said, as far as the caller may know it now.
func (x *exchange) tellEvents(c caller.Caller) error {
	for _, e := range x.session.Take() {
		if e.URI != "" && !x.dispatcher.MayReadOther(c, e.URI) {
			continue
		}
		var params any
		if len(e.Params) > 0 {
			params = e.Params
		}
		var err error
		if e.ID != "" {
			err = x.answer.Request(e.ID, e.Method, e.Params)
		} else {
			err = x.answer.Notify(e.Method, params)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// tellChanges says which lists have changed, of what the caller is shown of them.
func (x *exchange) tellChanges(c caller.Caller) error {
	told := x.changed(c)
	told[2] = x.relisted(c) || told[2]
	for i, is := range told {
		if !is {
			continue
		}
		if err := x.answer.Notify(changes[i], nil); err != nil {
			return err
		}
	}
	return nil
}

// relistTime is how long a server may take to say what it lists to a stream.
const relistTime = 5 * time.Second

// relistShare is how many times as long as a list took a stream waits until it asks for the
// next: a server may say all the time that its list has changed, to many streams, and the
// list may be long.
const relistShare = 10

// relisted reports whether the server lists other resources than the client was shown, of
// those that it may see; where it was shown none, any change counts, and where the server
// does not answer. It is asked only if it has said that something has changed, and for so
// long only that a stream whose caller may no longer have it does not stay.
func (x *exchange) relisted(c caller.Caller) bool {
	if x.session == nil || time.Now().Before(x.looked.relist) || !x.session.TakeListChanged() {
		return false
	}
	defer func(began time.Time) { x.looked.relist = time.Now().Add(relistShare * time.Since(began)) }(time.Now())
	request := x.request
	request.Method = string(mcp.MethodResourcesList)
	ctx, cancel := context.WithTimeout(x.work, relistTime)
	defer cancel()
	shown, err := x.dispatcher.ListOthers(ctx, c, request)
	if err != nil {
		return ctx.Err() != nil && x.work.Err() == nil
	}
	other, first := x.session.Show(listed, state(shown))
	return other || first
}

// changed reports which lists are others than those that the session was shown before, and
// notes that it is shown these. Of the resources it is those that are known without the server.
func (x *exchange) changed(c caller.Caller) (is [3]bool) {
	before := x.looked.at
	view := x.view(c)
	if !before.IsZero() && before.Equal(x.looked.at) && x.compared {
		return is // the very same
	}
	x.compared = true
	for i, names := range view {
		is[i], _ = x.session.Show(changes[i], state(names))
	}
	return is
}

// listed is the list of resources that the server has answered itself.
const listed = "resources/list"

// state tells two states of a list apart.
func state[T any](list []T) string {
	sum := sha256.Sum256(mustJSON(list))
	return string(sum[:])
}

// answers takes a client's answer to a question of its session. One that nobody waits for is
// dropped, as if it had come too late.
func (x *exchange) answers() {
	var id string
	if json.Unmarshal(x.m.ID, &id) == nil && x.session != nil {
		x.session.Answer(id, asking.Response{Result: x.m.Result, Error: x.m.Error})
	}
	x.answer.Accept()
}
