// SPDX-License-Identifier: MIT

package front

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"sync"
	"time"
)

// budget is how many bytes of bodies may be in memory at once, of all callers.
type budget struct {
	most int64

	mu    sync.Mutex
	taken int64
}

// take takes n more bytes for a body of a caller, who may have a quarter of all. What
// others hold does not keep out a small body: those have room of their own, as many
// as there can be calls.
func (b *budget) take(s *share, body, n int64) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case s.body+n > b.most/4:
		return errShare
	case b.taken+n > b.most && body+n > smallBody:
		return errNoBudget
	}
	b.taken += n
	s.body += n
	return nil
}

func (b *budget) give(s *share, n int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.taken -= n
	s.body -= n
}

func (b *budget) used() int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.taken
}

// limitSize refuses a body that is announced too large before a byte of it is
// read, and bounds one that is not announced. MaxBytesHandler changes a copy of
// the request: net/http looks at the body of its own to tell whether a client
// still waits for 100 Continue, and would wait with it.
func (f *Front) limitSize(next http.Handler) http.Handler {
	bounded := http.MaxBytesHandler(next, f.o.MaxBody)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ContentLength > f.o.MaxBody {
			refuseSize(w, f.o.MaxBody)
			return
		}
		bounded.ServeHTTP(w, r)
	})
}

func refuseSize(w http.ResponseWriter, most int64) {
	w.Header().Set("Connection", "close")
	Refuse(w, http.StatusRequestEntityTooLarge, fmt.Sprintf("the body is larger than %d bytes: send less at once", most))
}

func (f *Front) refuseUngrantedSize(w http.ResponseWriter) {
	w.Header().Set("Connection", "close")
	Refuse(w, http.StatusRequestEntityTooLarge, fmt.Sprintf(
		"without any grant on this server a body may have %d bytes: call whoami to see which grant is missing", ungrantedBody))
}

var (
	errShare          = errors.New("the caller's share of the budget for bodies is used up")
	errNoBudget       = errors.New("the budget for bodies is used up")
	errUngrantedLarge = errors.New("the body is too large for a caller without a grant")
)

// Body reads the whole body, which is bounded in size and time, or refuses the
// request. Who sent it is identified anew when it took long: a body can be held
// back for as long as it takes to lose a grant.
func (v *Visit) Body(w http.ResponseWriter, r *http.Request) (body []byte, ok bool) {
	body, err := v.read(r)
	if err != nil {
		v.refuseBody(w, err)
		return nil, false
	}
	// From here on reading only serves to notice that the client hangs up.
	_ = http.NewResponseController(w).SetReadDeadline(time.Time{})
	return body, v.stillThere(w, r)
}

// refuseBody answers a request whose body was not read whole.
func (v *Visit) refuseBody(w http.ResponseWriter, err error) {
	var tooLarge *http.MaxBytesError
	var fast tooFast
	switch {
	case errors.As(err, &tooLarge):
		refuseSize(w, v.f.o.MaxBody)
	case errors.Is(err, errUngrantedLarge):
		v.f.refuseUngrantedSize(w)
	case errors.As(err, &fast):
		w.Header().Set("Connection", "close")
		Reject(w, nil, v.f.overLimit(v.share, limitRequests, v.share.most().Rate, fast.wait))
	case errors.Is(err, errShare):
		w.Header().Set("Connection", "close")
		v.f.refuseLimit(w, v.share, limitBody, int(v.f.bodies.most/4))
	case errors.Is(err, errNoBudget):
		w.Header().Set("Connection", "close")
		Reject(w, nil, v.f.bodiesFull())
	case errors.Is(err, os.ErrDeadlineExceeded):
		w.Header().Set("Connection", "close")
		Refuse(w, http.StatusRequestTimeout, "the body did not arrive in time")
	default:
		Reject(w, nil, ParseError("it did not arrive whole"))
	}
}

// read reads the body and takes its memory from the budget before it is there.
// What is announced may never come, so it reserves little.
func (v *Visit) read(r *http.Request) ([]byte, error) {
	granted := granted(v.Caller)
	if !granted && r.ContentLength > ungrantedBody {
		return nil, errUngrantedLarge
	}
	const first = 4 << 10
	var body []byte
	for {
		if len(body) == cap(body) {
			grown := max(first, 2*cap(body))
			if r.ContentLength >= 0 {
				grown = min(grown, int(r.ContentLength)+1) // with room to find the end
			}
			more := int64(grown - cap(body))
			if err := v.f.bodies.take(v.share, v.body, more); err != nil {
				return nil, err
			}
			v.body += more
			body = append(make([]byte, 0, grown), body...)
		}
		n, err := r.Body.Read(body[len(body):cap(body)])
		body = body[:len(body)+n]
		switch {
		case !granted && len(body) > ungrantedBody:
			return nil, errUngrantedLarge
		case errors.Is(err, io.EOF):
			return body, v.pay(r, len(body))
		case err != nil:
			return nil, err
		}
		if err := v.pay(r, len(body)); err != nil {
			return nil, err
		}
	}
}

// pay takes from the caller's rate what has come of a body whose size was not
// announced.
func (v *Visit) pay(r *http.Request, size int) error {
	due := size/bytesPerRequest - v.paid
	if r.ContentLength >= 0 || due == 0 {
		return nil
	}
	if wait := v.share.request(due); wait > 0 {
		return tooFast{wait}
	}
	v.paid += due
	return nil
}

// tooFast is the error of a body that comes faster than the caller's rate.
type tooFast struct{ wait time.Duration }

func (tooFast) Error() string { return "the body is over the rate of its caller" }

// stillThere identifies the caller anew when that was long ago.
func (v *Visit) stillThere(w http.ResponseWriter, r *http.Request) bool {
	if v.f.now().Sub(v.began) <= v.f.o.Recheck {
		return true
	}
	c, ok := v.f.resolve(w, r)
	if ok {
		v.Caller = c
	}
	return ok
}

// ParseError is the failure of a body that cannot be read (JSON-RPC 2.0, 5.1).
func ParseError(problem string) *Failure {
	return &Failure{Status: http.StatusBadRequest, Code: -32700, Message: "the body cannot be read: " + problem}
}
