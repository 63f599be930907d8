// SPDX-License-Identifier: MIT

package process

import (
	"sync"

	"tailscale-mcp/internal/jsonrpc"
	"tailscale-mcp/internal/upstream/frame"
)

const (
	// mostReading is how many bytes of messages all processes may have read half, besides
	// freeReading of each; the processes of one caller may have a third of it: two of the
	// longest messages. Those of one server may have two thirds: it may leave half a message
	// to each of its callers for good, and others are not to be without for that.
	mostReading = 96 << 20
	freeReading = 1 << 20
)

// Room is the memory of the messages that several processes are in the middle of reading. A
// server may take its time to write one. The zero value is ready.
type Room struct {
	mu    sync.Mutex
	taken int
	// of and ofServer are what the processes of a caller have taken, and those of a server; who
	// has nothing is not in them.
	of, ofServer map[string]int
}

// Of is the part of it for one process that a caller has of a server.
func (r *Room) Of(caller, server string) jsonrpc.Room {
	return &part{room: r, caller: caller, server: server}
}

// part is what one process has taken.
type part struct {
	room   *Room
	caller string
	server string
	size   int // of what it reads, so far; room.mu guards it
}

// counted is how much counts of what is that long.
func counted(size int) int { return max(0, size-freeReading) }

func (p *part) Take(n int) bool {
	p.room.mu.Lock()
	defer p.room.mu.Unlock()
	more := counted(p.size+n) - counted(p.size)
	if more > 0 && (p.room.taken+more > mostReading || p.room.of[p.caller]+more > mostReading/3 || p.room.ofServer[p.server]+more > mostReading*2/3) {
		return false
	}
	p.size += n
	p.add(more)
	return true
}

func (p *part) Give(n int) {
	p.room.mu.Lock()
	defer p.room.mu.Unlock()
	p.add(counted(p.size-n) - counted(p.size))
	p.size -= n
}

// add counts n bytes more, or less. The caller of add holds mu.
func (p *part) add(n int) {
	if n == 0 {
		return
	}
	r := p.room
	if r.of == nil {
		r.of, r.ofServer = map[string]int{}, map[string]int{}
	}
	r.taken += n
	if r.of[p.caller] += n; r.of[p.caller] == 0 {
		delete(r.of, p.caller)
	}
	if r.ofServer[p.server] += n; r.ofServer[p.server] == 0 {
		delete(r.ofServer, p.server)
	}
}

// The longest message of one caller fits, whoever else reads what.
var _ [mostReading/3 - frame.MaxLine]struct{}
