// SPDX-License-Identifier: MIT

package code

import (
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"slices"
	"sync"
	"time"
)

// The bounds of what is handed out to be confirmed.
const (
	life = 5 * time.Minute
	// MostWrong is how many wrong codes one call may try: then its codes are void.
	MostWrong = 5
	perCaller = 32
	inAll     = 4096
)

// LifeText says for people how long a code is good.
var LifeText = fmt.Sprintf("%.0f minutes", life.Minutes())

// Store holds the codes and the questions that wait to be confirmed. Each is good
// once, for five minutes and for one binding. They are kept in memory only: with the
// process they die.
//
// Every caller has a share, and loses the oldest of its own when that is full; when
// all of it is full, the caller that holds most loses its oldest. So nobody is
// pushed out by one who asks for many.
type Store struct {
	mu      sync.Mutex
	callers map[string][]issued // the oldest first; no list is empty
	total   int
}

// Binding is what a code is good for. It holds digests, since neither arguments
// nor what was read are anything to keep: either may hold a secret.
type Binding struct {
	// Caller is whose code it is, by key.
	Caller string
	// Call is of the kind, the caller, the tool and its arguments, Read of what
	// the person is told that the call would do.
	Call, Read [sha256.Size]byte
}

// issued is one code, or the key of one question.
type issued struct {
	text       string
	call, read [sha256.Size]byte
	expires    time.Time
	wrong      int
}

// Verdict is what came of taking a code.
type Verdict int

// The verdicts.
const (
	// Unknown is a code that was never issued for this call, has expired, was used, or
	// is void.
	Unknown Verdict = iota
	// Changed is a code that was issued for this call, when something else was read.
	Changed
	// Right is a code that is good, and was until now.
	Right
)

// Digest is that of parts, none of which can pass for a part of its neighbour.
func Digest(parts ...string) (sum [sha256.Size]byte) {
	h := sha256.New()
	for _, part := range parts {
		_, _ = fmt.Fprintf(h, "%d %s", len(part), part)
	}
	h.Sum(sum[:0])
	return sum
}

// Issue keeps text until it is taken, has expired or has to make room.
func (c *Store) Issue(b Binding, text string) { c.keepUntil(b, text, time.Now().Add(life)) }

// Return makes a text good again that was taken, where nothing came of it: for what is
// left of its time, which Take has told.
func (c *Store) Return(b Binding, text string, until time.Time) { c.keepUntil(b, text, until) }

func (c *Store) keepUntil(b Binding, text string, until time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	c.expire(b.Caller, now)
	if len(c.callers[b.Caller]) >= perCaller {
		c.dropOldest(b.Caller)
	}
	if c.total >= inAll {
		for caller := range c.callers {
			c.expire(caller, now)
		}
	}
	if c.total >= inAll {
		c.dropOldest(c.largest())
	}
	if c.callers == nil {
		c.callers = map[string][]issued{}
	}
	own := c.callers[b.Caller]
	at := len(own)
	for at > 0 && own[at-1].expires.After(until) {
		at--
	}
	c.callers[b.Caller] = slices.Insert(own, at, issued{text: text, call: b.Call, read: b.Read, expires: until})
	c.total++
}

// Take uses up text, if it was issued for that call, and says whether it was for
// that reading too, and until when it would have been good. Of several who take the same
// at the same time one has it. A text that was not issued counts against every one that
// was for this call.
func (c *Store) Take(b Binding, text string) (v Verdict, until time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.expire(b.Caller, time.Now())
	own := c.callers[b.Caller]
	found := -1
	for i, code := range own { // all of them: how long it takes tells nothing
		if code.call == b.Call && subtle.ConstantTimeCompare([]byte(code.text), []byte(text)) == 1 {
			found = i
		}
	}
	if found < 0 {
		for i := range own {
			if own[i].call == b.Call {
				own[i].wrong++
			}
		}
		c.keep(b.Caller, func(i issued) bool { return i.wrong < MostWrong })
		return Unknown, time.Time{}
	}
	v, until = Changed, own[found].expires
	if own[found].read == b.Read {
		v = Right
	}
	c.keep(b.Caller, func(i issued) bool { return i.call != b.Call || i.text != text })
	return v, until
}

// Open returns the texts that are issued for a call, the oldest first.
func (c *Store) Open(b Binding) (texts []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.expire(b.Caller, time.Now())
	for _, code := range c.callers[b.Caller] {
		if code.call == b.Call {
			texts = append(texts, code.text)
		}
	}
	return texts
}

func (c *Store) expire(caller string, now time.Time) {
	c.keep(caller, func(i issued) bool { return now.Before(i.expires) })
}

// largest is the caller that holds most; of several, the one whose oldest is older.
func (c *Store) largest() (caller string) {
	for name, list := range c.callers {
		most := c.callers[caller]
		if len(list) > len(most) || len(list) == len(most) && list[0].expires.Before(most[0].expires) {
			caller = name
		}
	}
	return caller
}

func (c *Store) dropOldest(caller string) {
	oldest := true
	c.keep(caller, func(issued) bool {
		drop := oldest
		oldest = false
		return !drop
	})
}

// keep drops what is not to be kept of a caller's.
func (c *Store) keep(caller string, wanted func(issued) bool) {
	own := c.callers[caller]
	kept := slices.DeleteFunc(own, func(i issued) bool { return !wanted(i) })
	c.total -= len(own) - len(kept)
	if len(kept) == 0 {
		delete(c.callers, caller)
		return
	}
	c.callers[caller] = kept
}
