// SPDX-License-Identifier: MIT

package main

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// fault is one case in which a proxy can go wrong.
type fault struct {
	name   string
	wanted string // in words, what the rule that judges asks for
	play   func(*scene)
	judge  func(seen) verdict
}

const (
	oddID      = "9007199254740993" // the first integer that a float64 does not hold
	largeLimit = 30 * time.Second   // for a message of some MiB
	largeAsked = 11 << 20           // bytes of the large request

	largeAnswer = "large answer"
	exitCase    = "end of stdin"
)

// faults are the cases, in the order of the table.
var faults = []fault{
	{"string id, unknown fields both ways", "all arrive", func(sc *scene) {
		const id = `"call-1:a"`
		sc.asked = id
		sc.beginWith(id, `{"jsonrpc":"2.0","id":`+id+`,"method":"tools/call","params":{"name":"exact","arguments":{},"x-extra":{"a":1}}}`)
		sc.answer(id, sc.wait)
	}, judgeUnknownFields},
	{"request id " + oddID, "answered with this id", func(sc *scene) { sc.ask(oddID, "echo") }, judgeAnswered},
	{"12345678901234567890, 1.0 and 1e-7 in a result", "byte for byte", func(sc *scene) { sc.ask("1", "exact") }, judgeExact},
	{"tools/list_changed on the GET stream", "delivered", func(sc *scene) {
		sc.then("1", "echo")
		if sc.s.await(sc.ctx, sc.wait, func() bool { return sc.s.streams[sc.s.caller] != nil }) {
			sc.s.push(`{"jsonrpc":"2.0","method":"` + listChanged + `"}`)
			sc.talk.await(sc.wait, func(all []reply) bool {
				return slices.ContainsFunc(all, func(r reply) bool { return r.Method == listChanged })
			})
		}
	}, judgeListChanged},
	{largeAnswer, "answered", func(sc *scene) {
		sc.asked = "1"
		sc.beginWith("1", fmt.Sprintf(`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"large","arguments":{"size":%d}}}`, sc.size))
		sc.answer("1", largeLimit)
	}, judgeTimed},
	{"request of 11 MiB", "answered", func(sc *scene) {
		sc.asked = "1"
		sc.beginWith("1", `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"length","arguments":{"text":"`+strings.Repeat("x", largeAsked)+`"}}}`)
		sc.answer("1", 2*sc.wait)
		sc.then("2", "echo")
	}, judgeLargeRequest},
	{"HTTP 403 with a JSON-RPC error", "that error", func(sc *scene) { sc.ask("1", "forbidden") }, judgeForbidden},
	{"HTTP 429 with Retry-After", "an error that says 429", func(sc *scene) { sc.ask("1", "limited") }, judgeStatus("429")},
	{"HTTP 500", "an error that says 500", func(sc *scene) { sc.ask("1", "broken") }, judgeStatus("500")},
	{"event stream cut before the answer", "an error, run once", func(sc *scene) { sc.ask("1", "cut") }, judgeCut},
	{"the same after an event id", "resumed, run once", func(sc *scene) { sc.ask("1", "resumed") }, judgeResumed},
	{"a line that is no JSON", "-32700, goes on", func(sc *scene) {
		sc.say("this is no message")
		sc.then("1", "echo")
	}, judgeGarbage},
	{"a notification", "not answered", func(sc *scene) { sc.then("1", "echo") }, judgeNotification}, // the greeting
	{"a slow call and a fast one", "fast one not held up", func(sc *scene) {
		sc.asked = "1"
		sc.begin("1", "slow")
		sc.s.await(sc.ctx, sc.wait, func() bool { return sc.s.Slow != "" })
		sc.after = "2"
		sc.begin("2", "echo")
		sc.seen.first = sc.answer("2", sc.wait)
		close(sc.s.release)
		sc.answer("1", sc.wait)
	}, judgeOvertaking},
	{"notifications/cancelled", "the server hears of it", func(sc *scene) {
		sc.begin("1", "slow")
		if sc.s.await(sc.ctx, sc.wait, func() bool { return sc.s.Slow != "" }) {
			sc.say(cancellation("1"))
			sc.s.await(sc.ctx, sc.wait, func() bool { return len(sc.s.Cancelled) > 0 })
		}
	}, judgeCancelled},
	{"256 calls at once", "all at the server at once", func(sc *scene) {
		for i := range gateSize {
			sc.begin(fmt.Sprint(i+1), "gate")
		}
		sc.talk.await(gateLimit+2*sc.wait, func(all []reply) bool { return results(all) >= gateSize })
	}, judgeMany},
	{"the server forgets the session (404)", "answered once, run once", func(sc *scene) {
		sc.begin("1", "echo")
		sc.answer("1", sc.wait)
		sc.s.forget()
		sc.ask("2", "echo")
		sc.then("3", "echo")
	}, judgeForgotten},
	{"the server down, then back", "an error, then answered", func(sc *scene) {
		sc.s.stop()
		sc.ask("1", "echo")
		if err := sc.s.start(); err != nil {
			return // then the judgement is bad, and says that nothing was answered
		}
		sc.then("2", "echo")
	}, judgeDown},
	{exitCase, "exits 0 in 3 s, session ended", func(sc *scene) {
		sc.exit()
		sc.s.await(sc.ctx, time.Second, func() bool { return sc.s.Deleted > 0 })
	}, judgeExit},
}

// title is the name of the case in the table.
func (f *fault) title(opt *options) string {
	if f.name == largeAnswer {
		return fmt.Sprintf("answer of %d MiB", opt.message)
	}
	return f.name
}

// verdict judges, and counts against every case what no case is about.
func (f *fault) verdict(s seen) verdict {
	v := f.judge(s)
	if s.noise > 0 {
		v = verdict{v.text + "; other things on stdout", false}
	}
	return v
}

const listChanged = "notifications/tools/list_changed"
