// SPDX-License-Identifier: MIT

package parked

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"

	"tailscale-mcp/internal/asking"
)

// longestKey is how long a key of a question may be that is passed on, in bytes.
const longestKey = 256

func (c *Call) hearing() Hearing {
	c.t.mu.Lock()
	defer c.t.mu.Unlock()
	return c.heard
}

func (c *Call) progress(done, total float64, message string) {
	if h := c.hearing(); h.Progress != nil {
		h.Progress(done, total, message)
	}
}

func (c *Call) logged(params json.RawMessage) {
	if h := c.hearing(); h.Logged != nil {
		h.Logged(params)
	}
}

func (c *Call) hears() bool { return c.hearing().Logged != nil }

// ask asks the client of a call.
func (c *Call) ask(ctx context.Context, requests map[string]asking.Request) (map[string]asking.Response, error) {
	keys, answers := map[string]string{}, map[string]chan asking.Response{}
	size := 0
	for key, r := range requests {
		keys[key], answers[key] = key, make(chan asking.Response, 1)
		size += len(r.Method) + len(r.Params)
	}
	c.t.mu.Lock()
	err := c.room(len(requests), size)
	if err == nil {
		for key := range requests {
			// A client may know the key that its server gives, and the state holds once. Two
			// questions at a time have two.
			if _, taken := c.open[key]; taken || key == "" || len(key) > longestKey {
				keys[key] = "ask-" + rand.Text()
			}
		}
		for key, r := range requests {
			c.open[keys[key]] = open{r, answers[key]}
		}
		c.tell()
	}
	c.t.mu.Unlock()
	if err != nil {
		return nil, err
	}
	defer func() {
		c.t.mu.Lock()
		defer c.t.mu.Unlock()
		for _, key := range keys {
			delete(c.open, key)
		}
		c.give(size)
	}()
	responses := map[string]asking.Response{}
	for key := range requests {
		select {
		case responses[key] = <-answers[key]:
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-c.t.stopping:
			if c.left() { // and its server is not to go on as if nobody had answered
				<-ctx.Done()
				return nil, ctx.Err()
			}
			return nil, asking.ErrVoid
		}
	}
	return responses, nil
}

// left reports whether a call is void, whereupon its context ends.
func (c *Call) left() bool {
	c.t.mu.Lock()
	defer c.t.mu.Unlock()
	return c.gone
}

// room takes what n more questions of so many bytes need. The caller of room holds mu.
func (c *Call) room(n, size int) error {
	t := c.t
	of := t.ofCaller[c.binding.Caller]
	if of == nil {
		of = &use{}
	}
	all := size
	if !c.counted {
		all += c.size
	}
	switch {
	case t.stopped:
		return asking.ErrVoid
	case c.done || c.gone:
		return errors.New("the call is over")
	case len(c.open)+n > asking.MostAtOnce:
		return fmt.Errorf("%d questions of this call wait for answers, which is as many as may", len(c.open))
	case !c.counted && c.size > mostArguments:
		return fmt.Errorf("a call of more than %d KiB cannot wait for answers", mostArguments>>10)
	case t.bytes+all > mostBytes || of.bytes+all > mostBytes/4:
		return errors.New("too much waits for answers: of this caller, or of all")
	case c.counted:
		c.take(all)
		return nil
	case of.calls >= Most && !t.giveUp(c.binding.Caller):
		return fmt.Errorf("%d calls of this caller wait for answers, which is as many as may", of.calls)
	case t.all >= mostInAll:
		return errors.New("too many calls of all callers wait for answers")
	}
	release, err := c.hold()
	if err != nil {
		return err
	}
	t.ofCaller[c.binding.Caller] = of
	c.counted, c.release, c.binding.Params = true, release, c.digest()
	of.calls++
	t.all++
	c.take(all)
	return nil
}

// giveUp voids the call of a caller that has waited longest for its client, and reports
// whether there is one. The caller of giveUp holds mu.
func (t *Table) giveUp(caller string) bool {
	var oldest *Call
	for _, c := range t.byState {
		if c.binding.Caller == caller && c.counted && (oldest == nil || c.since.Before(oldest.since)) {
			oldest = c
		}
	}
	if oldest == nil {
		return false
	}
	oldest.void(ErrMany)
	oldest.leave() // it is told to end
	return true
}

// take and give change how many bytes a call has of the table.
func (c *Call) take(n int) {
	if !c.counted {
		return
	}
	c.bytes += n
	c.t.bytes += n
	c.t.ofCaller[c.binding.Caller].bytes += n
}

func (c *Call) give(n int) { c.take(-min(n, c.bytes)) }

// leave takes a call out of what is counted. The caller of leave holds mu.
func (c *Call) leave() {
	if !c.counted {
		return
	}
	c.give(c.bytes)
	c.counted = false
	c.t.all--
	of := c.t.ofCaller[c.binding.Caller]
	if of.calls--; of.calls == 0 {
		delete(c.t.ofCaller, c.binding.Caller)
	}
	c.release()
}
