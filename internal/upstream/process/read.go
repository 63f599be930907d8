// SPDX-License-Identifier: MIT

package process

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"golang.org/x/time/rate"

	"tailscale-mcp/internal/jsonrpc"
	"tailscale-mcp/internal/jsonrpc/fault"
	"tailscale-mcp/internal/redact"
	"tailscale-mcp/internal/upstream/frame"
)

// unaskedRate and unaskedBurst are how many lines a second, and at once, a server may write
// that answer nothing: notifications, questions, and what is no message. A long one counts as
// one more for each unaskedSize bytes. Who writes more is read more slowly, since reading is
// at the cost of all; longestPause is the longest that one line costs.
const (
	unaskedRate  = 2000
	unaskedBurst = 10_000
	unaskedSize  = 4 << 10
	// unaskedShared is how many times as fast one is read that serves all callers: there is
	// one of a server, and all of them wait for what it says.
	unaskedShared = 5
	longestPause  = 3 * time.Second
)

// read takes what the server writes to where it belongs, until there is no more.
func (p *Process) read() {
	unasked := rate.NewLimiter(unaskedRate, unaskedBurst)
	if p.o.Shared {
		unasked.SetLimit(unaskedShared * unaskedRate)
	}
	var err error
	for err == nil {
		var line Received
		if line, err = p.link.Next(); err != nil {
			break
		}
		p.spoke()
		answer := false
		switch {
		case line.Err != nil:
			answer = p.unanswered(line.ID, line.Err)
		case line.Over != nil:
			answer = p.tooLong(line.Line)
		case len(line.Msg) > 0:
			answer = p.message(line.Msg, line.Of)
		}
		if !answer {
			// Its own callers wait with it, and no others.
			time.Sleep(min(unasked.ReserveN(time.Now(), 1+len(line.Msg)/unaskedSize).Delay(), longestPause))
		}
	}
	p.link.Cut()
	p.over(err)
}

// over answers whoever waits, once nothing more can come.
func (p *Process) over(err error) {
	p.mu.Lock()
	if p.err == nil {
		p.err = p.link.Ending(err)
	}
	waiting, rubbish := p.pending, p.rubbish
	p.pending, err = nil, p.err
	p.mu.Unlock()
	p.withdraw()
	for _, w := range waiting {
		w.answer <- Answer{Err: err}
	}
	p.o.Log.Debug("server ended", "server", p.o.Server, "why", err, "rubbish", rubbish)
	close(p.done)
}

// Error implements error.
func (e *Ended) Error() string {
	text := "the server " + e.Server + " has ended: " + e.How
	if e.Stderr != "" {
		text += "; its last words: " + strconv.Quote(e.Stderr)
	}
	return text
}

// lastLine is the last line that says something.
func lastLine(stderr []byte) string {
	lines := strings.Split(strings.TrimRight(string(stderr), jsonrpc.Space), "\n")
	return redact.Text(lines[len(lines)-1])
}

// message takes one line that the server wrote, and reports whether it is an answer that
// somebody waits for. of is the request on whose stream it came, 0 if that is not known.
func (p *Process) message(msg []byte, of int64) (answer bool) {
	msg = WithoutOwn(msg)
	e, err := jsonrpc.Scan(msg)
	if err != nil || e.Repeated != "" {
		p.waste()
		return false
	}
	switch e.Kind() {
	case jsonrpc.Response:
		return p.answered(msg, &e)
	case jsonrpc.Notification:
		p.notified(msg, &e, of)
	case jsonrpc.Request:
		p.asked(&e, of)
	case jsonrpc.Invalid, jsonrpc.ErrorWithoutID:
		p.waste()
	}
	return false
}

func (p *Process) waste() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.rubbish++
}

// answered hands an answer to the request that it is for. One that nobody waits for, as
// after a request was cancelled, is dropped; it reports whether somebody did.
func (p *Process) answered(msg []byte, e *jsonrpc.Envelope) bool {
	w := p.take(e.ID)
	if w == nil {
		p.waste()
		return false
	}
	a := Answer{Result: e.Result}
	if e.HasError && !(e.HasResult && string(e.Error) == "null") { // as some write that there is none
		a = Answer{Err: serverError(msg)}
	}
	w.answer <- a
	return true
}

// unanswered tells a request why it has no answer.
func (p *Process) unanswered(id int64, err error) bool {
	w := p.take(strconv.AppendInt(nil, id, 10))
	if w != nil {
		w.answer <- Answer{Err: err}
	}
	return w != nil
}

// take removes the request with this id from those that wait; nil if there is none.
func (p *Process) take(id []byte) *pending {
	n, err := strconv.ParseInt(jsonrpc.IDKey(id), 10, 64)
	if err != nil {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	w := p.pending[n]
	delete(p.pending, n)
	return w
}

// tooLong answers the request whose answer was longer than a message may be, or than there
// was room for, and reports whether there was one.
func (p *Process) tooLong(line jsonrpc.Line) bool {
	over := line.Over
	if over.ID == nil || over.HasMethod {
		p.waste()
		return false
	}
	w := p.take(over.ID)
	if w == nil {
		return false
	}
	why := fmt.Sprintf("the server %s answered with more than %d MiB; ask for less at once", p.o.Server, frame.MaxLine>>20)
	if line.NoRoom {
		why = fmt.Sprintf("the answer of the server %s was dropped: too many long answers are being read at the same time; what the call did is done; make such calls one after the other, or ask for less", p.o.Server)
	}
	w.answer <- Answer{Err: &Refused{Code: fault.CodeTooLarge, Message: why}}
	return true
}

// mostWords and mostErrorData are how much of an error is passed on, in bytes: its message
// goes into the records, too.
const (
	mostWords     = 4 << 10
	mostErrorData = 256 << 10
)

// serverError is the error of an answer.
func serverError(msg []byte) error {
	var m struct {
		Error struct {
			Code    int             `json:"code"`
			Message string          `json:"message"`
			Data    json.RawMessage `json:"data"`
		} `json:"error"`
	}
	if json.Unmarshal(msg, &m) != nil {
		return &Refused{Code: fault.CodeBadAnswer, Message: "the server answered with an error that cannot be read"}
	}
	if len(m.Error.Message) > mostWords {
		m.Error.Message = strings.ToValidUTF8(m.Error.Message[:mostWords], "") + "…"
	}
	if len(m.Error.Data) > mostErrorData {
		m.Error.Data = nil
	}
	return &Refused{Code: m.Error.Code, Message: m.Error.Message, Data: bytes.Clone(m.Error.Data)} // and not the line with it
}

// notified takes a notification to the request that it is about, or to all.
func (p *Process) notified(msg []byte, e *jsonrpc.Envelope, of int64) {
	switch e.Method {
	case "notifications/progress":
		p.progressed(msg, e)
	case "notifications/message":
		if !p.logged(msg, e, of) {
			p.o.Heard(e.Method, msg)
		}
	case "notifications/cancelled":
		p.withdrawn(e)
	case "notifications/subscriptions/acknowledged":
		p.acknowledged(e)
	case "":
		p.waste()
	default:
		p.o.Heard(e.Method, msg)
	}
}

// progressed takes the progress of a request to who waits for its answer.
func (p *Process) progressed(msg []byte, e *jsonrpc.Envelope) {
	token := jsonrpc.Param(msg, "progressToken")
	n, err := strconv.ParseInt(string(bytes.Trim(token, `"`)), 10, 64)
	if err != nil {
		p.waste()
		return
	}
	p.mu.Lock()
	w := p.pending[n]
	p.mu.Unlock()
	if w == nil || w.progress == nil {
		p.waste() // its request is over: nobody is to hear of it any more
		return
	}
	p.deliver(w, w.progress, e.Params)
}

// deliver has the client of a request be told something before its answer.
func (p *Process) deliver(w *pending, tell func(json.RawMessage), params []byte) {
	if len(params) > mostSaidSize {
		p.waste()
		return
	}
	params = bytes.Clone(params) // and not the line with it
	select {
	case w.said <- func() { tell(params) }:
	default: // the reader waits for no client
	}
}

// reply writes the answers to the server's own requests. The reader does not: it has to
// go on reading while the server may be busy writing.
func (p *Process) reply() {
	for {
		select {
		case answer := <-p.replies:
			_ = p.send(answer)
		case <-p.done:
			return
		}
	}
}
