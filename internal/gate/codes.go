// SPDX-License-Identifier: MIT

package gate

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

// The bounds of what is handed out to be confirmed.
const (
	codeLife       = 5 * time.Minute
	mostWrong      = 5 // wrong codes for one call, after which its codes are void
	codesPerCaller = 32
	codesInAll     = 4096
)

// lifeText is codeLife for people.
var lifeText = fmt.Sprintf("%.0f minutes", codeLife.Minutes())

// codes are the codes and the questions that wait to be confirmed. Each is good
// once, for codeLife and for one binding. They are kept in memory only: with the
// process they die.
//
// Every caller has a share, and loses the oldest of its own when that is full; when
// all of it is full, the caller that holds most loses its oldest. So nobody is
// pushed out by one who asks for many.
type codes struct {
	mu      sync.Mutex
	callers map[string][]issued // the oldest first; no list is empty
	total   int
}

// binding is what a code is good for. It holds digests, since neither arguments
// nor what was read are anything to keep: either may hold a secret.
type binding struct {
	caller string
	// call is of the kind, the caller, the tool and its arguments, read of what
	// the person is told that the call would do.
	call, read [sha256.Size]byte
}

// issued is one code, or the key of one question.
type issued struct {
	text       string
	call, read [sha256.Size]byte
	expires    time.Time
	wrong      int
}

// verdict is what came of taking a code.
type verdict int

// The verdicts.
const (
	unknownCode verdict = iota // never issued for this call, expired, used or void
	changedCode                // issued for this call, when something else was read
	rightCode
)

// digest is that of parts, none of which can pass for a part of its neighbour.
func digest(parts ...string) (sum [sha256.Size]byte) {
	h := sha256.New()
	for _, part := range parts {
		_, _ = fmt.Fprintf(h, "%d %s", len(part), part)
	}
	h.Sum(sum[:0])
	return sum
}

// issue keeps text until it is taken, has expired or has to make room.
func (c *codes) issue(b binding, text string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	c.expire(b.caller, now)
	if len(c.callers[b.caller]) >= codesPerCaller {
		c.dropOldest(b.caller)
	}
	if c.total >= codesInAll {
		for caller := range c.callers {
			c.expire(caller, now)
		}
	}
	if c.total >= codesInAll {
		c.dropOldest(c.largest())
	}
	if c.callers == nil {
		c.callers = map[string][]issued{}
	}
	c.callers[b.caller] = append(c.callers[b.caller], issued{text: text, call: b.call, read: b.read, expires: now.Add(codeLife)})
	c.total++
}

// take uses up text, if it was issued for that call, and says whether it was for
// that reading too. Of several who take the same at the same time one has it. A
// text that was not issued counts against every one that was for this call.
func (c *codes) take(b binding, text string) verdict {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.expire(b.caller, time.Now())
	own := c.callers[b.caller]
	found := -1
	for i, code := range own { // all of them: how long it takes tells nothing
		if code.call == b.call && subtle.ConstantTimeCompare([]byte(code.text), []byte(text)) == 1 {
			found = i
		}
	}
	if found < 0 {
		for i := range own {
			if own[i].call == b.call {
				own[i].wrong++
			}
		}
		c.keep(b.caller, func(i issued) bool { return i.wrong < mostWrong })
		return unknownCode
	}
	v := changedCode
	if own[found].read == b.read {
		v = rightCode
	}
	c.keep(b.caller, func(i issued) bool { return i.call != b.call || i.text != text })
	return v
}

// open are the texts that are issued for a call, the oldest first.
func (c *codes) open(b binding) (texts []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.expire(b.caller, time.Now())
	for _, code := range c.callers[b.caller] {
		if code.call == b.call {
			texts = append(texts, code.text)
		}
	}
	return texts
}

func (c *codes) expire(caller string, now time.Time) {
	c.keep(caller, func(i issued) bool { return now.Before(i.expires) })
}

// largest is the caller that holds most; of several, the one whose oldest is older.
func (c *codes) largest() (caller string) {
	for name, list := range c.callers {
		most := c.callers[caller]
		if len(list) > len(most) || len(list) == len(most) && list[0].expires.Before(most[0].expires) {
			caller = name
		}
	}
	return caller
}

func (c *codes) dropOldest(caller string) {
	oldest := true
	c.keep(caller, func(issued) bool {
		drop := oldest
		oldest = false
		return !drop
	})
}

// keep drops what is not to be kept of a caller's.
func (c *codes) keep(caller string, wanted func(issued) bool) {
	own := c.callers[caller]
	kept := slices.DeleteFunc(own, func(i issued) bool { return !wanted(i) })
	c.total -= len(own) - len(kept)
	if len(kept) == 0 {
		delete(c.callers, caller)
		return
	}
	c.callers[caller] = kept
}

// letters are those of a code: 32, of which none looks like another.
const letters = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"

// codeGroup is the length of each of the two halves of a code.
const codeGroup = 4

// newCode is a code as people read it, such as ABCD-EFGH: 40 random bits.
func newCode() string {
	var b [2 * codeGroup]byte
	_, _ = rand.Read(b[:]) // never fails, see crypto/rand
	for i := range b {
		b[i] = letters[b[i]%byte(len(letters))]
	}
	return string(b[:codeGroup]) + "-" + string(b[codeGroup:])
}

// readCode is a code as newCode writes it, from what somebody has copied: in lower
// case, say, or without the hyphen. What can be no code is empty.
func readCode(given string) string {
	given = strings.TrimSpace(given)
	if len(given) == 2*codeGroup+1 && given[codeGroup] == '-' {
		given = given[:codeGroup] + given[codeGroup+1:]
	}
	if len(given) != 2*codeGroup {
		return ""
	}
	code := []byte(given)
	for i, b := range code {
		if b >= 'a' && b <= 'z' { // no other letter has a place here, whatever its capital is
			code[i] = b - 'a' + 'A'
		}
		if strings.IndexByte(letters, code[i]) < 0 {
			return ""
		}
	}
	return string(code[:codeGroup]) + "-" + string(code[codeGroup:])
}
