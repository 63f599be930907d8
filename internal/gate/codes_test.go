// SPDX-License-Identifier: MIT

package gate

import (
	"crypto/subtle"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// boundTo is a binding of a caller's call, with what it read.
func boundTo(caller, call, read string) binding {
	return binding{caller: caller, call: digest(caller, call), read: digest(read)}
}

func TestCodeIsGoodOnceForOneBinding(t *testing.T) {
	b := boundTo("alice", "delete web-1", "online")
	for _, c := range []struct {
		name string
		by   binding
		want verdict
	}{
		{"another caller", boundTo("bob", "delete web-1", "online"), unknownCode},
		{"another call", boundTo("alice", "delete web-2", "online"), unknownCode},
		{"another reading", boundTo("alice", "delete web-1", "offline"), changedCode},
		{"the same", b, rightCode},
	} {
		var all codes
		all.issue(b, "ABCD-EFGH")
		if got := all.take(c.by, "ABCD-EFGH"); got != c.want {
			t.Errorf("%s: got %v, want %v", c.name, got, c.want)
		}
		left := c.want == unknownCode
		if got := all.take(b, "ABCD-EFGH") == rightCode; got != left {
			t.Errorf("after %s: it is still good: %t, want %t", c.name, got, left)
		}
		if all.total != 0 || len(all.callers) != 0 {
			t.Errorf("after %s: got %+v kept", c.name, all.callers)
		}
	}
}

// Of those who use the same code at the same time one wins.
func TestCodeUsedByManyAtOnce(t *testing.T) {
	const many = 64
	var all codes
	b := boundTo("alice", "delete web-1", "online")
	all.issue(b, "ABCD-EFGH")
	start, won := make(chan struct{}), make(chan verdict, many)
	var wait sync.WaitGroup
	for range many {
		wait.Go(func() {
			<-start
			won <- all.take(b, "ABCD-EFGH")
		})
	}
	close(start)
	wait.Wait()
	close(won)
	n := 0
	for v := range won {
		if v == rightCode {
			n++
		}
	}
	if n != 1 {
		t.Errorf("%d had it, want one", n)
	}
}

func TestCodeExpires(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var all codes
		b := boundTo("alice", "delete web-1", "online")
		all.issue(b, "ABCD-EFGH")
		all.issue(b, "JKLM-NPQR")
		time.Sleep(codeLife - time.Nanosecond)
		if got := all.take(b, "ABCD-EFGH"); got != rightCode {
			t.Errorf("just before its end: got %v", got)
		}
		time.Sleep(time.Nanosecond)
		if got := all.open(b); len(got) != 0 {
			t.Errorf("at its end: got %v open", got)
		}
		if got := all.take(b, "JKLM-NPQR"); got != unknownCode || all.total != 0 {
			t.Errorf("at its end: got %v and %d kept", got, all.total)
		}
	})
}

func TestWrongCodesVoid(t *testing.T) {
	var all codes
	b, other := boundTo("alice", "delete web-1", "online"), boundTo("alice", "delete web-2", "online")
	fill := func() {
		all.issue(b, "ABCD-EFGH")
		all.issue(other, "ABCD-EFGH")
	}
	fill()
	for range mostWrong - 1 {
		all.take(b, "WRNG-WRNG")
	}
	if got := all.take(b, "ABCD-EFGH"); got != rightCode {
		t.Errorf("after %d wrong ones: got %v", mostWrong-1, got)
	}
	fill()
	for range mostWrong {
		all.take(b, "") // what can be no code is wrong too
	}
	if got := all.take(b, "ABCD-EFGH"); got != unknownCode {
		t.Errorf("after %d wrong ones: got %v", mostWrong, got)
	}
	if got := all.take(other, "ABCD-EFGH"); got != rightCode {
		t.Errorf("those of another call: got %v", got)
	}
}

// check wants the sums to be right and the bounds kept.
func (c *codes) check(t *testing.T) {
	t.Helper()
	n := 0
	for caller, list := range c.callers {
		n += len(list)
		if len(list) == 0 || len(list) > codesPerCaller {
			t.Errorf("%s holds %d", caller, len(list))
		}
	}
	if n != c.total || n > codesInAll {
		t.Errorf("got %d of %d kept, at most %d may be", n, c.total, codesInAll)
	}
}

// A caller that asks for many codes loses its own, and nobody else's.
func TestCodesHaveABound(t *testing.T) {
	var all codes
	text := func(i int) string { return fmt.Sprintf("%04d-CODE", i) }
	bob := boundTo("bob", "delete web-1", "")
	all.issue(bob, text(0))
	for i := range 10 * codesPerCaller {
		all.issue(boundTo("eve", fmt.Sprint(i), ""), text(i))
	}
	all.check(t)
	for i, want := range map[int]verdict{9*codesPerCaller - 1: unknownCode, 9 * codesPerCaller: rightCode, 10*codesPerCaller - 1: rightCode} {
		if got := all.take(boundTo("eve", fmt.Sprint(i), ""), text(i)); got != want {
			t.Errorf("the code %d of eve: got %v, want %v", i, got, want)
		}
	}

	// Many callers fill all of it: those lose who hold most, the oldest first.
	for i := range codesInAll/codesPerCaller + 10 {
		for j := range codesPerCaller {
			all.issue(boundTo(fmt.Sprint("eve", i), fmt.Sprint(j), ""), text(j))
		}
	}
	all.check(t)
	if all.total != codesInAll {
		t.Errorf("got %d kept, want %d", all.total, codesInAll)
	}
	carol := boundTo("carol", "delete web-1", "")
	all.issue(carol, text(1))
	all.check(t)
	if got := all.take(bob, text(0)); got != rightCode {
		t.Errorf("the one code of bob: got %v", got)
	}
	if got := all.take(carol, text(1)); got != rightCode {
		t.Errorf("the newest: got %v", got)
	}
}

// What has expired makes room first.
func TestExpiredCodesMakeRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var all codes
		old := func(i int) binding { return boundTo(fmt.Sprint("old", i), "", "") }
		for i := range codesInAll - 1 {
			all.issue(old(i), "ABCD-EFGH")
		}
		time.Sleep(codeLife)
		all.issue(boundTo("alice", "", ""), "ABCD-EFGH")
		all.issue(boundTo("bob", "", ""), "ABCD-EFGH")
		all.check(t)
		if all.total != 2 {
			t.Errorf("got %d kept, want 2", all.total)
		}
	})
}

func TestReadCode(t *testing.T) {
	for given, want := range map[string]string{
		"ABCD-EFGH": "ABCD-EFGH", "abcd-efgh": "ABCD-EFGH", "ABCDEFGH": "ABCD-EFGH", " aBcD2345\n": "ABCD-2345",
		"": "", "web-1": "", "ABCD-EFG": "", "ABCD-EFGHJ": "", "ABCDE-FGH": "", "ABCD--EFGH": "", "ABCD-EFGI": "", "ABCD-EFG0": "",
		"ABC\u212a-EFG": "", "\u017fBCD-EFGH": "", "ABCD_EFGH": "", "ABCD EFGH": "",
	} {
		if got := readCode(given); got != want {
			t.Errorf("%q: got %q, want %q", given, got, want)
		}
	}
	seen := map[string]bool{}
	for range 1000 {
		code := newCode()
		if readCode(code) != code || readCode(strings.ToLower(code)) != code || seen[code] {
			t.Errorf("got the code %q, which does not read as it is or came twice", code)
		}
		seen[code] = true
	}
}

// FuzzCode takes any text for a code: only what was issued is taken, and once.
func FuzzCode(f *testing.F) {
	for _, seed := range []string{"ABCD-EFGH", "abcdefgh", "", "web-1", "ABCD-EFGI", "\u017fBCD-EFGH", "\xff\xfe--", strings.Repeat("A", 1<<12)} {
		f.Add(seed, "ABCD-EFGH")
		f.Add(seed, seed)
	}
	b, other := boundTo("alice", "delete web-1", "online"), boundTo("alice", "delete web-2", "online")
	f.Fuzz(func(t *testing.T, given, handed string) {
		read := readCode(given)
		if read != "" && (len(read) != 2*codeGroup+1 || readCode(read) != read) {
			t.Fatalf("%q reads as %q, which does not read as itself", given, read)
		}
		handed = readCode(handed)
		if handed == "" {
			handed = newCode()
		}
		var all codes
		if got := all.take(b, read); got != unknownCode {
			t.Errorf("%q was taken, and nothing is issued", read)
		}
		all.issue(b, handed)
		if got := all.take(other, read); got != unknownCode {
			t.Errorf("%q was taken for another call", read)
		}
		same := subtle.ConstantTimeCompare([]byte(read), []byte(handed)) == 1
		if got := all.take(b, read) == rightCode; got != same {
			t.Errorf("%q was taken for %q: %t", read, handed, got)
		}
		if got := all.take(b, handed) == rightCode; got == same {
			t.Errorf("%q is good after it: %t", handed, got)
		}
	})
}
