// SPDX-License-Identifier: MIT

package process

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
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
	longestPause = 3 * time.Second
)

// read takes what the server writes to where it belongs, until there is no more.
func (p *Process) read() {
	lines := jsonrpc.NewLineReader(p.frames, frame.MaxLine)
	unasked := rate.NewLimiter(unaskedRate, unaskedBurst)
	var err error
	for err == nil {
		var line jsonrpc.Line
		if line, err = lines.Next(); err != nil {
			break
		}
		answer := false
		switch {
		case line.Over != nil:
			answer = p.tooLong(line.Over)
		case len(line.Msg) > 0:
			answer = p.message(line.Msg)
		}
		if !answer {
			// Its own callers wait with it, and no others.
			time.Sleep(min(unasked.ReserveN(time.Now(), 1+len(line.Msg)/unaskedSize).Delay(), longestPause))
		}
	}
	_ = p.conn.Close()
	p.over(err)
}

// over answers whoever waits, once nothing more can come.
func (p *Process) over(err error) {
	p.mu.Lock()
	if p.err == nil {
		p.err = p.ending(err)
	}
	waiting, rubbish := p.pending, p.rubbish
	p.pending, err = nil, p.err
	p.mu.Unlock()
	for _, w := range waiting {
		w.answer <- Answer{Err: err}
	}
	p.o.Log.Debug("server ended", "server", p.o.Server, "why", err, "rubbish", rubbish)
	close(p.done)
}

// ending says how the server ended: err is what reading ended with.
func (p *Process) ending(err error) error {
	end := p.frames.End()
	if end == nil {
		if errors.Is(err, io.EOF) {
			err = frame.ErrCut
		}
		return &Ended{Server: p.o.Server, How: err.Error()}
	}
	return &Ended{Server: p.o.Server, How: end.String(), Stderr: lastLine(end.Stderr), NotStarted: end.Outcome == frame.NotStarted}
}

// Ended is how a server ended, for whoever asked it something.
type Ended struct {
	Server, How string
	Stderr      string // its last line there, fit for a message
	NotStarted  bool   // it never ran
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
// somebody waits for.
func (p *Process) message(msg []byte) (answer bool) {
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
		p.notified(msg, &e)
	case jsonrpc.Request:
		p.asked(&e)
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
	if e.HasError {
		a = Answer{Err: serverError(msg)}
	}
	w.answer <- a
	return true
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

// tooLong answers the request whose answer was longer than a message may be, and reports
// whether there was one.
func (p *Process) tooLong(over *jsonrpc.Skim) bool {
	if over.ID == nil || over.HasMethod {
		p.waste()
		return false
	}
	w := p.take(over.ID)
	if w != nil {
		w.answer <- Answer{Err: &Refused{Code: fault.CodeTooLarge, Message: fmt.Sprintf(
			"the server %s answered with more than %d MiB; ask for less at once", p.o.Server, frame.MaxLine>>20)}}
	}
	return w != nil
}

// urlElicitationRequired is the code with which a server of 2025-11-25 fails a request until
// a person has visited a page of its choice.
const urlElicitationRequired = -32042

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
	if m.Error.Code == urlElicitationRequired {
		return asksClient()
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
func (p *Process) notified(msg []byte, e *jsonrpc.Envelope) {
	switch e.Method {
	case "notifications/progress":
	case "notifications/subscriptions/acknowledged":
		p.acknowledged(e)
		return
	case "":
		p.waste()
		return
	default:
		p.o.Heard(e.Method, msg)
		return
	}
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
	if len(e.Params) > mostProgressSize {
		p.waste()
		return
	}
	select {
	case w.progress <- bytes.Clone(e.Params): // and not the line with it
	default: // the reader waits for no client
	}
}

// asked answers a request of the server to its client.
func (p *Process) asked(e *jsonrpc.Envelope) {
	answer := []byte(`{"jsonrpc":"2.0","id":` + string(e.ID) + `,"result":{}}`)
	if e.Method != "ping" {
		answer = (&fault.Error{
			Code: fault.MethodNotFound, Message: "this gateway passes no " + strconv.Quote(redact.Text(e.Method)) + " on to clients, and has offered none: answer the call without it, or fail it",
		}).Answer(e.ID)
	}
	select {
	case p.replies <- answer:
	default: // it asks and does not read
		p.waste()
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
