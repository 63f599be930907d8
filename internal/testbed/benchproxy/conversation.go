// SPDX-License-Identifier: MIT

package main

import (
	"encoding/json"
	"io"
	"sync"
	"time"
)

// reply is one line that a proxy wrote.
type reply struct {
	line   []byte
	at     time.Time
	ID     json.RawMessage
	Method string
	Result json.RawMessage
	Error  *struct {
		Code    int
		Message string
	}
}

// conversation is what a client says and hears, without waiting for one before
// the other.
type conversation struct {
	p   *process
	out chan string // to be written; closed for the end of stdin

	mu      sync.Mutex
	heard   []reply
	noise   int           // lines that were no messages
	ended   bool          // stdout has
	changed chan struct{} // closed and replaced whenever one of these changes
}

func converse(p *process) *conversation {
	c := &conversation{p: p, out: make(chan string, 2*gateSize), changed: make(chan struct{})}
	go func() {
		for line := range c.out {
			if _, err := io.WriteString(p.stdin, line+"\n"); err != nil {
				break // it is gone; what it answered says so
			}
		}
		_ = p.stdin.Close()
	}()
	go c.listen()
	return c
}

func (c *conversation) listen() {
	for {
		line, err := c.p.stdout.ReadBytes('\n')
		r := reply{line: line, at: time.Now()}
		broken := json.Unmarshal(line, &r) != nil
		c.mu.Lock()
		switch {
		case err != nil:
			c.ended = true
		case broken:
			c.noise++
		default:
			c.heard = append(c.heard, r)
		}
		close(c.changed)
		c.changed = make(chan struct{})
		c.mu.Unlock()
		if err != nil {
			return
		}
	}
}

// await waits until what was heard is as wanted, stdout has ended, or time is
// up. It reports whether it was as wanted.
func (c *conversation) await(limit time.Duration, wanted func([]reply) bool) bool {
	late := time.NewTimer(limit)
	defer late.Stop()
	for {
		c.mu.Lock()
		ok, ended, changed := wanted(c.heard), c.ended, c.changed
		c.mu.Unlock()
		if ok || ended {
			return ok
		}
		select {
		case <-changed:
		case <-late.C:
			return false
		}
	}
}

// replies is everything heard so far, and how many lines were no messages.
func (c *conversation) replies() ([]reply, int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.heard[:len(c.heard):len(c.heard)], c.noise
}

// over reports whether the process has ended. One that has closed its stdout is
// given some time to.
func (c *conversation) over(limit time.Duration) bool {
	c.mu.Lock()
	ended := c.ended
	c.mu.Unlock()
	if !ended {
		limit = 0
	}
	select {
	case <-c.p.done:
		return true
	case <-time.After(limit):
		return false
	}
}

// results is how many of the replies hold a result.
func results(all []reply) int {
	n := 0
	for _, r := range all {
		if r.Result != nil {
			n++
		}
	}
	return n
}
