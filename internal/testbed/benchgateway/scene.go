// SPDX-License-Identifier: MIT

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"tailscale-mcp/internal/testbed/load"
)

// verdict is what became of one scene, and whether that is what is wanted.
type verdict struct {
	text string
	good bool
}

// scenery is where a scene is played: a gateway of its own, and two callers who have been
// answered before.
type scenery struct {
	ctx    context.Context
	g      *running
	c      contestant
	a, b   *client
	wait   time.Duration // for an answer
	folder string        // for what the scene needs
}

// scene is one behaviour, proven by what callers are answered.
type scene struct {
	title, wanted string
	play          func(s *scenery) verdict
}

var scenes = []scene{
	{"the server dies in a call", "an error that says how, then answered; nobody else notices", dies},
	{"the server is busy with the call of one", "the other is answered meanwhile", busy},
	{"the server writes 4 MiB to stderr in a call", "answered, and so is another", floodsErr},
	{"the server writes to stdout without end", "another is answered", floodsOut},
	{"what the server remembers of one", "another does not see it", remembers},
	{"the session of one in the hands of another", "refused", stolen},
	{"a result with 9007199254740993, 1.0 and unknown members", "byte for byte", exact},
}

// play plays one scene of one contestant.
func play(ctx context.Context, c contestant, sc scene, o options) verdict {
	fail := func(err error) verdict { return verdict{"did not begin: " + short(err), false} }
	folder, err := os.MkdirTemp("", "bench-gateway-scene-")
	if err != nil {
		return fail(err)
	}
	defer os.RemoveAll(folder)
	g, err := c.start(ctx)
	if err != nil {
		return fail(err)
	}
	defer g.stop()
	s := &scenery{ctx: ctx, g: g, c: c, wait: o.wait, folder: folder}
	for n, who := range []**client{&s.a, &s.b} {
		if *who, err = connect(ctx, g.url, c.revision, stranger(n)); err != nil {
			return fail(err)
		}
		defer (*who).http.CloseIdleConnections()
		if _, err := (*who).echo(ctx); err != nil {
			return fail(err)
		}
	}
	return sc.play(s)
}

// ask calls a tool for as long as an answer may take.
func (s *scenery) ask(who *client, tool, arguments string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(s.ctx, s.wait)
	defer cancel()
	return who.call(ctx, tool, arguments)
}

// say is what became of a call.
func (s *scenery) say(err error) string {
	switch {
	case err == nil:
		return "answered"
	case errors.Is(err, context.DeadlineExceeded):
		return "no answer in " + s.wait.String()
	}
	return "refused: " + short(err)
}

var digits = regexp.MustCompile(`127\.0\.0\.1:\d+(->127\.0\.\d+\.\d+:\d+)?`)

// short is an error in as many words as a table has room for.
func short(err error) string {
	text := digits.ReplaceAllString(strings.ReplaceAll(err.Error(), "\n", " "), "…")
	text, _, _ = strings.Cut(text, `: {"jsonrpc"`) // behind the status
	if r := []rune(text); len(r) > 90 {
		text = string(r[:90]) + "…"
	}
	return text
}

func dies(s *scenery) verdict {
	_, died := s.ask(s.a, "die", "{}")
	_, after := s.ask(s.a, "echo", echoed)
	_, other := s.ask(s.b, "echo", echoed)
	told := died != nil && strings.Contains(died.Error(), "out of luck")
	text := "an error with its last words"
	switch {
	case died != nil && errors.Is(died, context.DeadlineExceeded):
		text = s.say(died)
	case !told:
		text = "an error that does not say how"
	}
	return verdict{text + "; then " + s.say(after) + "; another: " + s.say(other), told && after == nil && other == nil}
}

func busy(s *scenery) verdict {
	until := filepath.Join(s.folder, "until")
	slow := make(chan error, 1)
	go func() {
		ctx, cancel := context.WithTimeout(s.ctx, 10*s.wait)
		defer cancel()
		_, err := s.a.call(ctx, "wait", fmt.Sprintf(`{"for":%q}`, until))
		slow <- err
	}()
	release := func() error { return errors.Join(os.WriteFile(until, nil, 0o600), <-slow) }
	for { // until it has begun
		if _, err := os.Stat(until + ".began"); err == nil {
			break
		}
		select {
		case err := <-slow:
			return verdict{"the slow one: " + s.say(err), false}
		case <-time.After(time.Millisecond):
		}
	}
	_, other := s.ask(s.b, "echo", echoed)
	if err := release(); err != nil {
		return verdict{"the slow one: " + s.say(err), false}
	}
	return verdict{"another: " + s.say(other), other == nil}
}

func floodsErr(s *scenery) verdict {
	_, own := s.ask(s.a, "flood", "{}")
	_, other := s.ask(s.b, "echo", echoed)
	return verdict{s.say(own) + "; another: " + s.say(other), own == nil && other == nil}
}

// floodCalls is how many calls another makes beside a flood.
const floodCalls = 20

func floodsOut(s *scenery) verdict {
	if _, err := s.ask(s.a, "spam", "{}"); err != nil && !errors.Is(err, context.DeadlineExceeded) {
		return verdict{"the one: " + s.say(err), false}
	}
	for range floodCalls {
		if _, err := s.ask(s.b, "echo", echoed); err != nil {
			return verdict{"another: " + s.say(err), false}
		}
	}
	return verdict{fmt.Sprintf("another: %d calls answered", floodCalls), true}
}

func remembers(s *scenery) verdict {
	_, first := s.ask(s.a, "count", "{}")
	_, second := s.ask(s.a, "count", "{}")
	other, err := s.ask(s.b, "count", "{}")
	if err := errors.Join(first, second, err); err != nil {
		return verdict{s.say(err), false}
	}
	if !bytes.Contains(other, []byte(`"1 of `)) {
		return verdict{"another sees it", false}
	}
	return verdict{"not seen", true}
}

func stolen(s *scenery) verdict {
	if s.c.revision == load.Modern {
		return verdict{"there are no sessions", true}
	}
	s.b.session = s.a.session
	if _, err := s.ask(s.b, "echo", echoed); err != nil {
		return verdict{"refused", !errors.Is(err, context.DeadlineExceeded)}
	}
	return verdict{"answered", false}
}

func exact(s *scenery) verdict {
	got, err := s.ask(s.a, "media", "{}")
	switch {
	case err != nil:
		return verdict{s.say(err), false}
	case !bytes.Contains(got, []byte(`"structuredContent":{"big":9007199254740993,"e":1e2},"unknown":[1,{}]`)), !bytes.Contains(got, []byte(`"n":1.0`)):
		return verdict{"changed", false}
	}
	return verdict{"unchanged", true}
}
