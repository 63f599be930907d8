// SPDX-License-Identifier: MIT

package code

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
func boundTo(caller, call, read string) Binding {
	return Binding{Caller: caller, Call: Digest(caller, call), Read: Digest(read)}
}

// take is what Take says of a code.
func take(all *Store, b Binding, text string) Verdict {
	v, _ := all.Take(b, text)
	return v
}

// A code that is given back is good once more, until it would have ended, and has its
// place among those of its caller.
func TestCodeIsGivenBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var all Store
		b := boundTo("alice", "delete web-1", "online")
		all.Issue(b, "ABCD-EFGH")
		time.Sleep(time.Minute)
		all.Issue(b, "JKLM-NPQR")
		for range 2 {
			v, until := all.Take(b, "ABCD-EFGH")
			if v != Right || take(&all, b, "ABCD-EFGH") != Unknown {
				t.Fatalf("got %v, want it good once", v)
			}
			all.Return(b, "ABCD-EFGH", until)
		}
		if got := all.Open(b); len(got) != 2 || got[0] != "ABCD-EFGH" {
			t.Errorf("got %v open, want the older first", got)
		}
		time.Sleep(life - time.Minute)
		if got := all.Open(b); len(got) != 1 || got[0] != "JKLM-NPQR" {
			t.Errorf("at its end: got %v open", got)
		}
		all.check(t)
	})
}

func TestCodeIsGoodOnceForOneBinding(t *testing.T) {
	b := boundTo("alice", "delete web-1", "online")
	for _, c := range []struct {
		name string
		by   Binding
		want Verdict
	}{
		{"another caller", boundTo("bob", "delete web-1", "online"), Unknown},
		{"another call", boundTo("alice", "delete web-2", "online"), Unknown},
		{"another reading", boundTo("alice", "delete web-1", "offline"), Changed},
		{"the same", b, Right},
	} {
		var all Store
		all.Issue(b, "ABCD-EFGH")
		if got := take(&all, c.by, "ABCD-EFGH"); got != c.want {
			t.Errorf("%s: got %v, want %v", c.name, got, c.want)
		}
		left := c.want == Unknown
		if got := take(&all, b, "ABCD-EFGH") == Right; got != left {
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
	var all Store
	b := boundTo("alice", "delete web-1", "online")
	all.Issue(b, "ABCD-EFGH")
	start, won := make(chan struct{}), make(chan Verdict, many)
	var wait sync.WaitGroup
	for range many {
		wait.Go(func() {
			<-start
			won <- take(&all, b, "ABCD-EFGH")
		})
	}
	close(start)
	wait.Wait()
	close(won)
	n := 0
	for v := range won {
		if v == Right {
			n++
		}
	}
	if n != 1 {
		t.Errorf("%d had it, want one", n)
	}
}

func TestCodeExpires(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var all Store
		b := boundTo("alice", "delete web-1", "online")
		all.Issue(b, "ABCD-EFGH")
		all.Issue(b, "JKLM-NPQR")
		time.Sleep(life - time.Nanosecond)
		if got := take(&all, b, "ABCD-EFGH"); got != Right {
			t.Errorf("just before its end: got %v", got)
		}
		time.Sleep(time.Nanosecond)
		if got := all.Open(b); len(got) != 0 {
			t.Errorf("at its end: got %v open", got)
		}
		if got := take(&all, b, "JKLM-NPQR"); got != Unknown || all.total != 0 {
			t.Errorf("at its end: got %v and %d kept", got, all.total)
		}
	})
}

func TestWrongCodesVoid(t *testing.T) {
	var all Store
	b, other := boundTo("alice", "delete web-1", "online"), boundTo("alice", "delete web-2", "online")
	fill := func() {
		all.Issue(b, "ABCD-EFGH")
		all.Issue(other, "ABCD-EFGH")
	}
	fill()
	for range MostWrong - 1 {
		take(&all, b, "WRNG-WRNG")
	}
	if got := take(&all, b, "ABCD-EFGH"); got != Right {
		t.Errorf("after %d wrong ones: got %v", MostWrong-1, got)
	}
	fill()
	for range MostWrong {
		take(&all, b, "") // what can be no code is wrong too
	}
	if got := take(&all, b, "ABCD-EFGH"); got != Unknown {
		t.Errorf("after %d wrong ones: got %v", MostWrong, got)
	}
	if got := take(&all, other, "ABCD-EFGH"); got != Right {
		t.Errorf("those of another call: got %v", got)
	}
}

// check wants the sums to be right and the bounds kept.
func (c *Store) check(t *testing.T) {
	t.Helper()
	n := 0
	for caller, list := range c.callers {
		n += len(list)
		if len(list) == 0 || len(list) > perCaller {
			t.Errorf("%s holds %d", caller, len(list))
		}
	}
	if n != c.total || n > inAll {
		t.Errorf("got %d of %d kept, at most %d may be", n, c.total, inAll)
	}
}

// A caller that asks for many codes loses its own, and nobody else's.
func TestCodesHaveABound(t *testing.T) {
	var all Store
	text := func(i int) string { return fmt.Sprintf("%04d-CODE", i) }
	bob := boundTo("bob", "delete web-1", "")
	all.Issue(bob, text(0))
	for i := range 10 * perCaller {
		all.Issue(boundTo("eve", fmt.Sprint(i), ""), text(i))
	}
	all.check(t)
	for i, want := range map[int]Verdict{9*perCaller - 1: Unknown, 9 * perCaller: Right, 10*perCaller - 1: Right} {
		if got := take(&all, boundTo("eve", fmt.Sprint(i), ""), text(i)); got != want {
			t.Errorf("the code %d of eve: got %v, want %v", i, got, want)
		}
	}

	// Many callers fill all of it: those lose who hold most, the oldest first.
	for i := range inAll/perCaller + 10 {
		for j := range perCaller {
			all.Issue(boundTo(fmt.Sprint("eve", i), fmt.Sprint(j), ""), text(j))
		}
	}
	all.check(t)
	if all.total != inAll {
		t.Errorf("got %d kept, want %d", all.total, inAll)
	}
	carol := boundTo("carol", "delete web-1", "")
	all.Issue(carol, text(1))
	all.check(t)
	if got := take(&all, bob, text(0)); got != Right {
		t.Errorf("the one code of bob: got %v", got)
	}
	if got := take(&all, carol, text(1)); got != Right {
		t.Errorf("the newest: got %v", got)
	}
}

// What has expired makes room first.
func TestExpiredCodesMakeRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var all Store
		old := func(i int) Binding { return boundTo(fmt.Sprint("old", i), "", "") }
		for i := range inAll - 1 {
			all.Issue(old(i), "ABCD-EFGH")
		}
		time.Sleep(life)
		all.Issue(boundTo("alice", "", ""), "ABCD-EFGH")
		all.Issue(boundTo("bob", "", ""), "ABCD-EFGH")
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
		if got := Read(given); got != want {
			t.Errorf("%q: got %q, want %q", given, got, want)
		}
	}
	seen := map[string]bool{}
	for range 1000 {
		code := New()
		if Read(code) != code || Read(strings.ToLower(code)) != code || seen[code] {
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
		read := Read(given)
		if read != "" && (len(read) != 2*group+1 || Read(read) != read) {
			t.Fatalf("%q reads as %q, which does not read as itself", given, read)
		}
		handed = Read(handed)
		if handed == "" {
			handed = New()
		}
		var all Store
		if got := take(&all, b, read); got != Unknown {
			t.Errorf("%q was taken, and nothing is issued", read)
		}
		all.Issue(b, handed)
		if got := take(&all, other, read); got != Unknown {
			t.Errorf("%q was taken for another call", read)
		}
		same := subtle.ConstantTimeCompare([]byte(read), []byte(handed)) == 1
		if got := take(&all, b, read) == Right; got != same {
			t.Errorf("%q was taken for %q: %t", read, handed, got)
		}
		if got := take(&all, b, handed) == Right; got == same {
			t.Errorf("%q is good after it: %t", handed, got)
		}
	})
}
