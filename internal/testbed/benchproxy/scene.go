// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// outcome is what became of one request.
type outcome struct {
	answers []reply       // with its id as it was sent, in the order they came
	exited  bool          // the process ended before the first of them
	took    time.Duration // to the first
	waited  time.Duration // for it, if there was none
}

// ok reports whether the one answer is a result.
func (o outcome) ok() bool { return len(o.answers) == 1 && o.answers[0].Result != nil }

// failed reports whether the one answer is an error.
func (o outcome) failed() bool { return len(o.answers) == 1 && o.answers[0].Error != nil }

// seen is what was seen of a proxy in one case. Judging needs nothing else.
type seen struct {
	asked  outcome  // the request that the case is about
	after  outcome  // one made afterwards, where the case makes one
	stray  []string // ids of answers to nothing that was asked
	nulls  []int    // codes of errors without an id
	heard  []string // methods of notifications
	noise  int      // lines on stdout that were no messages
	first  bool     // the request made afterwards was answered before the other
	many   int      // results, of many requests
	exit   *ending  // of the process, where the case makes it end
	server facts    // what the server saw
}

// ending is how a process ended once its stdin had.
type ending struct {
	code int
	took time.Duration
}

// scene is one case being played: a server, a proxy and its client.
type scene struct {
	ctx    context.Context
	s      *server
	p      *process
	talk   *conversation
	wait   time.Duration // for an answer that should come at once
	size   int           // of large messages, in bytes
	sent   map[string]time.Time
	limits map[string]time.Duration
	asked  string // id
	after  string // id
	seen   seen
}

// play plays one case of one contestant, on a server and a process of its own.
func play(ctx context.Context, c *contestant, f *fault, opt *options) (seen, error) {
	s, err := newServer()
	if err != nil {
		return seen{}, err
	}
	defer s.stop()
	p, _, err := c.open(ctx, s.url())
	if err != nil {
		return seen{}, err
	}
	defer p.kill()
	sc := &scene{
		ctx: ctx, s: s, p: p, talk: converse(p), wait: opt.wait, size: opt.message << 20,
		sent: map[string]time.Time{}, limits: map[string]time.Duration{},
	}
	f.play(sc)
	return sc.end(), ctx.Err()
}

// say sends a line that is not waited for.
func (sc *scene) say(line string) { sc.talk.out <- line }

// begin sends a call of a tool.
func (sc *scene) begin(id, tool string) {
	sc.beginWith(id, `{"jsonrpc":"2.0","id":`+id+`,"method":"tools/call","params":{"name":"`+tool+`","arguments":{"text":"hello"}}}`)
}

func (sc *scene) beginWith(id, line string) {
	sc.sent[id] = time.Now()
	sc.say(line)
}

// answer waits for the answer to a request.
func (sc *scene) answer(id string, limit time.Duration) bool {
	sc.limits[id] = limit
	return sc.talk.await(limit, func(all []reply) bool {
		return slices.ContainsFunc(all, func(r reply) bool { return string(r.ID) == id && r.Method == "" })
	})
}

// ask makes the request that the case is about; then makes one afterwards.
func (sc *scene) ask(id, tool string) { sc.asked = id; sc.begin(id, tool); sc.answer(id, sc.wait) }

func (sc *scene) then(id, tool string) { sc.after = id; sc.begin(id, tool); sc.answer(id, sc.wait) }

// exit ends stdin and waits for the process to end.
func (sc *scene) exit() {
	began := time.Now()
	close(sc.talk.out)
	select {
	case <-sc.p.done:
		sc.seen.exit = &ending{sc.p.cmd.ProcessState.ExitCode(), time.Since(began)}
	case <-time.After(sc.wait):
	case <-sc.ctx.Done():
	}
}

// end gathers what was seen.
func (sc *scene) end() seen {
	all, noise := sc.talk.replies()
	sc.seen.noise = noise
	sc.seen.asked, sc.seen.after = sc.outcome(sc.asked, all), sc.outcome(sc.after, all)
	sc.seen.server = sc.s.seen()
	for _, r := range all {
		_, known := sc.sent[string(r.ID)]
		switch {
		case r.Method != "":
			sc.seen.heard = append(sc.seen.heard, r.Method)
		case r.Error != nil && (r.ID == nil || string(r.ID) == "null"):
			sc.seen.nulls = append(sc.seen.nulls, r.Error.Code)
		case !known:
			sc.seen.stray = append(sc.seen.stray, string(r.ID))
		case r.Result != nil:
			sc.seen.many++
		}
	}
	return sc.seen
}

func (sc *scene) outcome(id string, all []reply) outcome {
	var o outcome
	if id == "" {
		return o
	}
	for _, r := range all {
		if string(r.ID) == id && r.Method == "" {
			o.answers = append(o.answers, r)
		}
	}
	if len(o.answers) > 0 {
		o.took = o.answers[0].at.Sub(sc.sent[id])
		return o
	}
	o.waited, o.exited = sc.limits[id], sc.talk.over(sc.wait)
	return o
}

// cancellation is the notification that a client does not want an answer.
func cancellation(id string) string {
	return fmt.Sprintf(`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":%s,"reason":"no longer wanted"}}`, id)
}
