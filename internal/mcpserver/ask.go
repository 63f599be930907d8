// SPDX-License-Identifier: MIT

package mcpserver

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"

	"tailscale-mcp/internal/asking"
	codes "tailscale-mcp/internal/failure"
	"tailscale-mcp/internal/gate"
	"tailscale-mcp/internal/mcpserver/message"
	"tailscale-mcp/internal/mcpserver/parked"
	"tailscale-mcp/internal/session"
)

// A change that has to be confirmed asks the person, where the client can. One of
// 2026-07-28 is answered with input_required, and makes the call again with the answer
// (multi round-trip requests). In between the server keeps the key of the question only,
// which is good for one answer. One of the older revisions with a session with a server
// behind the gate is sent the question while it waits; without a session it is asked by
// the proxy, or has the argument confirm only.
//
// Servers behind the gate ask in the same two ways. Their calls cannot be made again: they
// go on meanwhile, see package parked.

// wanted is a field that the form once had. Who says there that the change is not
// wanted is believed.
const wanted = "wanted"

// offers are what a server behind the gate may ask of the client of this request.
func (x *exchange) offers() asking.Offers {
	switch b := x.s.o.Behind; {
	case b == nil:
	case x.m.Modern:
		return asking.Of(x.m.Capabilities).And(b.Asks)
	case x.session != nil:
		return x.session.Offers.And(b.Asks)
	}
	return asking.Offers{}
}

// holder is the name of the process that serves the request, of a server behind the gate.
func (x *exchange) holder() string {
	if x.session != nil {
		return x.session.ID
	}
	return session.Holder(x.caller.Key(), x.m.Modern, x.request.Asking.Offers)
}

// made makes a call of the dispatcher, during which a server may ask the client something.
// The error is an *[asksFirst] when the client is to be asked first.
func (x *exchange) made(kind gate.Kind, r gate.Request, call func(context.Context, gate.Request) (gate.Result, error)) (gate.Result, error) {
	offers, said, err := x.offers(), parked.Said{}, error(nil)
	if x.m.Rounds {
		said = parked.SaidIn(x.m.Params)
	}
	var c *parked.Call
	switch {
	case x.s.o.Behind != nil && x.m.Modern && said.RequestState != "":
		c, err = x.resumed(kind, r, said)
	case offers == (asking.Offers{}):
		return call(x.work, r)
	case !x.m.Modern:
		r.Asking = asking.Client{Offers: offers, Ask: x.askGranted(kind, r), URLError: offers.URL}
		return call(x.work, r)
	default:
		c = x.parkable(r, offers, call)
	}
	if err != nil {
		return gate.Result{}, err
	}
	step := c.Wait(x.work)
	if step.Requests != nil {
		return gate.Result{}, &asksFirst{step}
	}
	out, _ := step.Result.(ended)
	return out.Result, out.err
}

// ended is what came of a call that could be parked.
type ended struct {
	gate.Result
	err error
}

// binding ties a call that waits to its request.
func (x *exchange) binding(r gate.Request) parked.Binding {
	return parked.Binding{Caller: x.caller.Key(), Server: x.s.o.Behind.Name, Method: x.m.Method, Name: r.Name}
}

// hearing is how the client hears of a call that could be parked.
func (x *exchange) hearing() parked.Hearing {
	return parked.Hearing{Progress: x.request.Progress, Logged: x.request.Logging.Tell}
}

// resumed is the call that goes on with this request.
func (x *exchange) resumed(kind gate.Kind, r gate.Request, s parked.Said) (*parked.Call, error) {
	b := x.binding(r)
	b.Params = parked.Digest(x.m.Params)
	if err := x.dispatcher.Again(x.work, x.caller, r, kind); err != nil {
		x.s.o.Parked.Void(s.RequestState, b, errors.New("its caller is no longer granted it"))
		return nil, err
	}
	responses, ok := s.Responses()
	if !ok {
		return nil, &notGoing{message.InvalidParams("an answer in params.inputResponses is no object")}
	}
	c, err := x.s.o.Parked.Resume(s.RequestState, b, responses, x.hearing())
	if err != nil {
		x.dispatcher.Refused(x.work, x.caller, r, err.Error())
		return nil, &notGoing{message.InvalidParams("%v; make the call again, without requestState and inputResponses, if that does no harm", err)}
	}
	return c, nil
}

// parkable begins a call that can wait for its client to come back.
func (x *exchange) parkable(r gate.Request, offers asking.Offers, call func(context.Context, gate.Request) (gate.Result, error)) *parked.Call {
	s, visit, params := x.s, x.visit, x.m.Params
	watched, logs := r.Progress != nil, r.Logging.Tell != nil
	o := parked.Options{
		Binding: x.binding(r), Hearing: x.hearing(), Digest: func() [32]byte { return parked.Digest(params) }, Size: len(x.m.Body), Kept: keptResult,
		Cancelled: gate.ErrCancelled,
		Void: func(why error) error {
			return &codes.Error{
				Code: codes.Cancelled, Message: "the call was cancelled, and the server told so: " + why.Error(), Next: "call again if it is still wanted", Cause: gate.ErrCancelled,
			}
		},
		Hold: func() (func(), error) {
			release, f := visit.Keep()
			if f != nil {
				return nil, errors.New(f.Message)
			}
			return release, nil
		},
	}
	return s.o.Parked.Run(context.WithoutCancel(x.work), o, func(ctx context.Context, ask asking.Func, tell parked.Hearing) (result any) {
		defer func() {
			if p := recover(); p != nil {
				s.logPanic(p)
				result = ended{err: &codes.Error{Code: codes.Internal, Message: "the server failed while answering (request " + r.ID + ")", Next: "an administrator of the host looks at: journalctl -u tailscale-mcp"}}
			}
		}()
		r.Asking = asking.Client{Offers: offers, Ask: ask}
		if watched {
			r.Progress = tell.Progress
		}
		if logs {
			r.Logging.Tell, r.Logging.Hears = tell.Logged, tell.Hears
		}
		out, err := call(ctx, r)
		return ended{out, err}
	})
}

// mostKept is how large a result may be that is kept until its client comes for it, in bytes.
const mostKept = 256 << 10

// keptResult is what is kept of a result.
func keptResult(result any) (any, int) {
	out, _ := result.(ended)
	size := len(out.Raw)
	if size > mostKept {
		return ended{err: &codes.Error{
			Code: codes.ResultTooLarge, Message: "the server ended the call before its question was answered, and its result was too large to be kept",
			Next: "look whether it was carried out before you call again",
		}}, 0
	}
	return out, size
}

// confirmation is the question whether a change is wanted. The form has no field: the
// person accepts it or does not.
func confirmation(q gate.Question) map[string]asking.Request {
	return map[string]asking.Request{q.Key: {Method: asking.Elicit, Params: mustJSON(mcp.ElicitationParams{
		Message:         q.Text,
		RequestedSchema: map[string]any{"type": "object", "properties": map[string]any{}},
	})}}
}

// answerOf is what the person said to the question with that key. Whatever is no
// clear yes is a no.
func answerOf(responses mcp.InputResponses, key string) gate.Answer {
	if _, ok := responses[key]; !ok {
		return gate.Unanswered
	}
	answer := server.ElicitationResponse(responses, key)
	if answer == nil || answer.Action != mcp.ElicitationResponseActionAccept {
		return gate.Declined
	}
	switch fields := answer.Content.(type) {
	case nil:
	case map[string]any:
		if said, ok := fields[wanted]; ok && said != true {
			return gate.Declined
		}
	default:
		return gate.Declined
	}
	return gate.Accepted
}

// agreed calls a tool. A person at a client of the older revisions with a session is asked
// at once whether the change is wanted, and the call made again with the answer.
func (x *exchange) agreed(ctx context.Context, r gate.Request) (gate.Result, error) {
	if x.m.Modern || x.session == nil || !x.session.Offers.Form {
		return x.dispatcher.Call(ctx, x.caller, r)
	}
	answers, c := mcp.InputResponses{}, x.caller
	r.Answer = func(key string) gate.Answer { return answerOf(answers, key) }
	for {
		out, err := x.dispatcher.Call(ctx, c, r)
		var told *gate.Error
		if !errors.As(err, &told) || told.Ask == nil || len(answers) > 1 { // what it touches changes all the time
			return out, err
		}
		said, err := x.askNow(ctx, confirmation(*told.Ask))
		if err == nil {
			c, err = x.anew(ctx)
		}
		if err != nil {
			return gate.Result{}, &codes.Error{Code: codes.ConfirmationRequired, Message: "nothing was changed: the person was asked and has not answered", Next: "call again when the person is there", Cause: err}
		}
		for key, a := range said {
			given := mcp.InputResponses{}
			if a.Result == nil || json.Unmarshal(mustJSON(map[string]json.RawMessage{key: a.Result}), &given) != nil {
				given = mcp.InputResponses{key: {}} // no clear yes
			}
			answers[key] = given[key]
		}
	}
}

var errNoLonger = errors.New("the caller is no longer granted what it has asked for")

// askGranted is askNow for a server, which gets the answers if the request is granted still, as
// with clients of 2026-07-28 when they come back.
func (x *exchange) askGranted(kind gate.Kind, r gate.Request) asking.Func {
	return func(ctx context.Context, requests map[string]asking.Request) (map[string]asking.Response, error) {
		responses, err := x.askNow(ctx, requests)
		if err != nil {
			return nil, err
		}
		c, err := x.anew(ctx)
		if err != nil {
			x.s.o.Log.Info("answers dropped: their caller could not be identified again", "request", r.ID, "err", err)
			return nil, errNoLonger
		}
		if x.dispatcher.Again(ctx, c, r, kind) != nil { // which is on record
			return nil, errNoLonger
		}
		return responses, nil
	}
}

// askNow asks a client of the older revisions during its request, on the stream that this
// is answered with.
func (x *exchange) askNow(ctx context.Context, requests map[string]asking.Request) (map[string]asking.Response, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(x.work, func() {
		if !errors.Is(context.Cause(x.work), gate.ErrCancelled) { // else ctx ends, with the call
			cancel() // a change goes on without its client, and asks nobody
		}
	})()
	quiet := make(chan struct{})
	defer close(quiet)
	go func() {
		t := time.NewTicker(x.s.o.KeepAlive)
		defer t.Stop()
		for {
			select {
			case <-t.C:
				_ = x.answer.KeepAlive()
			case <-quiet:
				return
			}
		}
	}()
	responses, err := x.session.Put(ctx, x.s.o.Parked.Stopping(), session.Asker{
		Ask: func(id string, r asking.Request) error { return x.answer.Request(id, r.Method, r.Params) },
		Withdraw: func(id string) {
			_ = x.answer.Notify(string(mcp.MethodNotificationCancelled), map[string]string{"requestId": id})
		},
	}, requests)
	if err != nil && x.work.Err() != nil {
		err = asking.ErrVoid
	}
	return responses, err
}
