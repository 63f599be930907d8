// SPDX-License-Identifier: MIT

package front

import (
	"context"
	"net/http"
	"sync"
	"time"

	"tailscale-mcp/internal/caller"
)

// Visit is one request of an identified caller, with what it takes of the shares.
// All of that is given back when its handler returns.
type Visit struct {
	// Caller is who sent the request. Body may replace it by the same caller with
	// the grants of a later moment.
	Caller caller.Caller

	f       *Front
	share   *share
	began   time.Time // when Caller was identified
	beyond  bool      // it is let in beyond the calls that the caller may have
	calls   int       // taken
	streams int
	body    int64 // bytes taken of the budget
	answer  int64 // bytes taken of the budget for answers
	paid    int   // requests that an unannounced body counted as so far
}

// admit identifies the caller, takes a request and a call of its share, and serves.
func (f *Front) admit(h Handler, mayAnswer func(*http.Request) bool) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		v := &Visit{f: f, began: f.now()}
		l := linkOf(r.Context())
		f.connections.asking(l)
		var ok bool
		if v.Caller, ok = f.resolve(w, r); !ok {
			return
		}
		by(w, v.Caller)
		v.share = f.shares.of(v.Caller)
		if !f.connections.identified(l, v.share) {
			f.refuseLimit(w, v.share, limitConnections, v.share.most().Connections)
			return
		}
		w.Header().Del("Connection") // it is kept, see admitConnection
		if wait := v.share.request(1 + int(max(r.ContentLength, 0)/bytesPerRequest)); wait > 0 {
			Reject(w, nil, f.overLimit(v.share, limitRequests, v.share.most().Rate, wait))
			return
		}
		switch {
		case v.share.take(1):
			v.calls = 1
		case mayAnswer != nil && mayAnswer(r) && v.share.goBeyond():
			v.beyond = true
		default:
			f.refuseLimit(w, v.share, limitCalls, v.share.most().Calls)
			return
		}
		defer v.end()
		h(w, r, v)
	})
}

// Call has a request count as a call that was let in since it might have been none. The failure
// is the answer to a caller who has as many calls in flight as it may.
func (v *Visit) Call() *Failure {
	if !v.beyond {
		return nil
	}
	return v.Weigh(1)
}

// Weigh takes further calls of the caller's share for a request that costs more
// than a read, until it ends. The failure is the answer to a caller who has too
// many calls in flight.
func (v *Visit) Weigh(calls int) *Failure {
	most := v.share.most().Calls
	if most >= 0 {
		calls = min(calls, most-v.calls) // what weighs more than all of them is let in alone
	}
	if calls <= 0 {
		return nil
	}
	if !v.share.take(calls) {
		return v.f.overLimit(v.share, limitCalls, most, time.Second)
	}
	v.calls += calls
	return nil
}

// Keep takes one more call of the caller's share for what goes on when the request has
// ended, until release is called.
func (v *Visit) Keep() (release func(), failure *Failure) {
	if !v.share.take(1) {
		return nil, v.f.overLimit(v.share, limitCalls, v.share.most().Calls, time.Second)
	}
	return sync.OnceFunc(func() { v.share.give(1, 0) }), nil
}

// Hold takes the memory of a large answer, of size bytes, which a client may read as slowly
// as it likes; where there is no room it waits for some, a few seconds and no longer than ctx.
// The failure is the answer to a caller who has left too many unread.
func (v *Visit) Hold(ctx context.Context, size int) *Failure {
	if size <= smallAnswer {
		return nil
	}
	if err := v.f.answers.take(ctx, v.share, int64(size)); err != nil {
		return v.f.answersFull()
	}
	v.answer += int64(size)
	return nil
}

// Stream has the request count as an open stream from now on, and not as a call.
func (v *Visit) Stream() *Failure {
	if !v.share.stream() {
		return v.f.overLimit(v.share, limitStreams, v.share.most().Streams, time.Second)
	}
	v.streams++
	v.share.give(v.calls, 0)
	v.calls = 0
	return nil
}

// Again identifies the caller anew, as a stream needs that outlives a decision.
func (v *Visit) Again(ctx context.Context) (caller.Caller, error) {
	return v.f.o.Resolve(ctx, v.Caller.Addr)
}

func (v *Visit) end() {
	v.share.give(v.calls, v.streams)
	if v.beyond {
		v.share.comeBack()
	}
	v.f.bodies.give(v.share, v.body)
	v.f.answers.give(v.share, v.answer)
}
