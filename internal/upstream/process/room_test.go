// SPDX-License-Identifier: MIT

package process

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"strings"
	"testing"

	"tailscale-mcp/internal/upstream/frame"
)

// TestRoom: what one caller's servers have said half leaves the others theirs, short messages
// cost nothing, and nothing is left when all is given back.
func TestRoom(t *testing.T) {
	var r Room
	fill := func(caller string) (n int) {
		p := r.Of(caller, "of "+caller)
		for p.Take(64 << 10) {
			n += 64 << 10
		}
		return n
	}
	if got := fill("alice"); got != mostReading/3+freeReading {
		t.Errorf("alice has %d", got)
	}
	if got := fill("alice"); got != freeReading {
		t.Errorf("another process of hers has %d", got)
	}
	for _, caller := range []string{"bob", "carol"} {
		if got := fill(caller); got != mostReading/3+freeReading {
			t.Errorf("%s has %d", caller, got)
		}
	}
	if got := fill("dave"); got != freeReading {
		t.Errorf("dave has %d when all is taken", got)
	}
	for _, caller := range []string{"alice", "bob", "carol"} {
		p := &part{room: &r, caller: caller, server: "of " + caller, size: mostReading/3 + freeReading}
		p.Give(p.size)
	}
	if r.taken != 0 || len(r.of) != 0 || len(r.ofServer) != 0 {
		t.Errorf("left: %d, %v, %v", r.taken, r.of, r.ofServer)
	}
}

// TestRoomBesideHostile: a server that says something half to all its callers, and never the
// rest, leaves room for other servers.
func TestRoomBesideHostile(t *testing.T) {
	var r Room
	for _, caller := range []string{"alice", "bob", "carol", "dave"} {
		for p := r.Of(caller, "hostile"); p.Take(64 << 10); {
			continue
		}
	}
	if p := r.Of("eve", "other"); !p.Take(frame.MaxLine) {
		t.Error("another caller has no room for an answer of another server")
	}
}

// TestNoRoom: an answer for which there is no room fails its call, which is told why, and the
// next is answered.
func TestNoRoom(t *testing.T) {
	var room Room
	others := room.Of("alice", "odd")
	if !others.Take(mostReading/3 + freeReading) {
		t.Fatal("there is no room to begin with")
	}
	ours, theirs := net.Pipe()
	p := newProcess(Options{Server: "odd", Log: slog.New(slog.DiscardHandler), Heard: func(string, []byte) {}}, newPipe("odd", ours, room.Of("alice", "odd")))
	p.last = 0
	go p.read()
	asked := make(chan struct{})
	go func() {
		for in := bufio.NewReader(theirs); ; {
			if _, err := in.ReadBytes('\n'); err != nil {
				return
			}
			asked <- struct{}{}
		}
	}()
	w, err := frame.NewWriter(theirs, "")
	if err != nil {
		t.Fatal(err)
	}
	for id, want := range []string{"", "too many long answers", ""} {
		if id == 0 {
			continue
		}
		got := make(chan error)
		go func() {
			_, err := p.Ask(context.Background(), Question{Method: "tools/call", Params: json.RawMessage(`{}`)})
			got <- err
		}()
		<-asked
		answer := io.MultiReader(strings.NewReader(`{"jsonrpc":"2.0","id":`+string(rune('0'+id))+`,"result":{"x":"`), strings.NewReader(strings.Repeat("x", 2*freeReading)), strings.NewReader("\"}}\n"))
		if _, err := w.ReadFrom(answer); err != nil {
			t.Fatal(err)
		}
		err := <-got
		var refused *Refused
		if want == "" && err != nil || want != "" && (!errors.As(err, &refused) || !strings.Contains(refused.Message, want)) {
			t.Errorf("call %d: %v", id, err)
		}
		if id == 1 {
			others.Give(mostReading/3 + freeReading)
		}
	}
	p.kill(nil)
	<-p.Done()
	if room.taken != 0 {
		t.Errorf("%d bytes are still taken", room.taken)
	}
}
