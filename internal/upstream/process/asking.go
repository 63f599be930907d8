// SPDX-License-Identifier: MIT

package process

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"tailscale-mcp/internal/asking"
	"tailscale-mcp/internal/jsonrpc"
)

const (
	// mostPosed is how many questions of one server may wait for answers.
	mostPosed = 16
	// unclaimedTime is how long one of them waits for a request with which it can be asked.
	unclaimedTime = time.Minute
	// longestID is how long the id of a question may be, in bytes, or its key.
	longestID = 1024
	// outsideEvery is how often a process may ask outside of any request on average, and
	// outsideBurst how often at once: there is no call that would bound it, and somebody may
	// have to answer each.
	outsideEvery = 10 * time.Second
	outsideBurst = asking.MostOfCall
)

// posed are the questions of a server of the older era that wait for answers; mu of the
// process guards it.
type posed struct {
	byID map[string]*question
	// unclaimed came while nobody could be asked: those that a server has at its start come
	// before the request that it was started for. The next such request takes them along.
	unclaimed []*question
}

// question is one of them.
type question struct {
	id        []byte // the server's
	request   asking.Request
	of        *pending // the request of ours that it belongs to; nil for none
	ctx       context.Context
	cancel    context.CancelFunc
	withdrawn bool        // the server wants no answer any more
	unclaimed *time.Timer // ends its wait for a request with which it can be asked; nil for none
	done      chan struct{}
}

// asked takes a request of a server of the older era to whom it is for: the client of one
// of our requests, else that of the process as a whole. of is the request on whose stream it
// came, 0 if that is not known: then it belongs to the newest that can be asked.
func (p *Process) asked(e *jsonrpc.Envelope, of int64) {
	if len(e.ID) > longestID {
		p.waste() // each message about it would repeat it
		return
	}
	if e.Method == "ping" {
		p.say([]byte(`{"jsonrpc":"2.0","id":` + string(e.ID) + `,"result":{}}`))
		return
	}
	r := asking.Request{Method: e.Method, Params: e.Params}
	err := p.o.Offers.Takes(r)
	if p.modern.Load() {
		err = fmt.Errorf("this gateway %w it: a server of %s asks by its result", asking.ErrNotOffered, modernRevision)
	}
	if err != nil {
		p.say(refusal(e.ID, r.Method, err))
		return
	}
	q := &question{id: bytes.Clone(e.ID), request: r.From(p.o.Server), done: make(chan struct{})}
	q.ctx, q.cancel = context.WithCancel(context.Background())
	if err := p.enter(q, of); err != nil {
		q.cancel()
		p.say(refusal(e.ID, r.Method, err))
	}
}

var (
	errMany     = errors.New("too many questions wait for answers")
	errOften    = fmt.Errorf("it has asked %d times during this call, which is as often as it may", asking.MostOfCall)
	errOutside  = fmt.Errorf("it asks more often outside of any request than once in %s", outsideEvery)
	errTwice    = errors.New("a question with this id waits for its answer")
	errNoAsker  = errors.New("there is nobody whom this gateway could ask")
	errOver     = errors.New("the request that it was asked for has ended")
	errNotAsked = errors.New("nobody was there to be asked for " + unclaimedTime.String())
)

// enter notes a question and has it asked. The error is why it is not.
func (p *Process) enter(q *question, of int64) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	key := jsonrpc.IDKey(q.id)
	w := p.asker(of)
	switch {
	case p.pending == nil:
		return errOver
	case p.posed.byID[key] != nil:
		return errTwice
	case len(p.posed.byID) >= mostPosed:
		return errMany
	case w != nil:
		if err := p.pose(q, w); err != nil {
			return err
		}
	case p.o.Outside == nil:
		return errNoAsker
	case !p.outside.Allow():
		return errOutside
	default:
		if ask := p.o.Outside(); ask != nil {
			go p.put(q, ask)
			break
		}
		p.posed.unclaimed = append(p.posed.unclaimed, q)
		q.unclaimed = time.AfterFunc(unclaimedTime, func() {
			if p.unclaim(q) {
				p.settled(q, asking.Response{}, errNotAsked)
			}
		})
	}
	if p.posed.byID == nil {
		p.posed.byID = map[string]*question{}
	}
	p.posed.byID[key] = q
	return nil
}

// asker is the request whose client is asked; nil for none. The caller of asker holds mu.
func (p *Process) asker(of int64) (found *pending) {
	if of != 0 {
		if w := p.pending[of]; w != nil && w.asking.Can() {
			return w
		}
		return nil
	}
	newest := int64(0)
	for id, w := range p.pending {
		if id > newest && w.asking.Can() {
			newest, found = id, w
		}
	}
	return found
}

// pose asks the client of a request. The caller of pose holds mu.
func (p *Process) pose(q *question, w *pending) error {
	if len(w.asked) >= asking.MostAtOnce {
		return errMany
	}
	if w.total++; w.total > asking.MostOfCall {
		return errOften
	}
	if err := w.asking.Offers.Takes(q.request); err != nil {
		return err
	}
	w.asked = append(w.asked, q)
	q.of = w
	go p.put(q, w.asking.Ask)
	return nil
}

// unclaim takes a question out of those that wait for a request, and reports whether it was
// one of them.
func (p *Process) unclaim(q *question) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	i := slices.Index(p.posed.unclaimed, q)
	if i >= 0 {
		p.posed.unclaimed = slices.Delete(p.posed.unclaimed, i, i+1)
	}
	return i >= 0
}

// claim asks the client of a request what has waited for it, before the request is sent: a
// server may need the answers to serve it.
func (p *Process) claim(w *pending) {
	if !w.asking.Can() {
		return
	}
	p.mu.Lock()
	var waiting []*question
	for _, q := range p.posed.unclaimed {
		if err := p.pose(q, w); err == nil {
			waiting = append(waiting, q)
		} else {
			go p.settled(q, asking.Response{}, err)
		}
	}
	p.posed.unclaimed = nil
	p.mu.Unlock()
	for _, q := range waiting {
		select {
		case <-q.done:
		case <-w.ctx.Done():
			return
		}
	}
}

// put asks, and answers the server.
func (p *Process) put(q *question, ask asking.Func) {
	const key = "" // the server gives none
	ctx := q.ctx
	if q.of != nil {
		defer context.AfterFunc(q.of.ctx, q.cancel)()
	}
	responses, err := ask(ctx, map[string]asking.Request{key: q.request})
	p.settled(q, responses[key], err)
}

// say has a reply written to the server. The reader does not write: it has to go on reading
// while the server may be busy writing. One that asks and does not read gets none.
func (p *Process) say(reply []byte) {
	select {
	case p.replies <- reply:
	default:
		p.waste()
	}
}
