// SPDX-License-Identifier: MIT

package audit

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// folded returns a trail without a file, and what reaches the journal.
func folded(t *testing.T) (*Trail, *kept) {
	k := &kept{}
	return NewTrail(nil, NewQueue(k, noLoss(t))), k
}

// refusal is what eve was refused, from another port each time.
func refusal(who string, i int, name string) Record {
	return Record{
		Time: time.Now(), Event: Decision, RequestID: fmt.Sprint("r", i), Login: who, NodeID: "n" + who, Method: "tools/call", Name: name,
		Addr: netip.AddrPortFrom(netip.MustParseAddr("100.64.0.9"), uint16(1000+i%1000)), Reason: "no grant allows it",
	}
}

// A flood of one caller is a record at once and one a second, and what others were
// refused stands beside it as it is.
func TestFoldFlood(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		trail, k := folded(t)
		for i := range 5000 {
			if err := trail.Write(t.Context(), refusal("eve", i, fmt.Sprint("delete_", i%3))); err != nil {
				t.Fatal(err)
			}
		}
		_ = trail.Write(t.Context(), refusal("bob", 0, "delete_x"))
		settle()
		got := k.all()
		if len(got) != 2 || got[0].Count != 0 || got[0].RequestID != "r0" || got[1].Login != "bob" {
			t.Fatalf("at once: got %+v, want the first of each", got)
		}
		time.Sleep(foldTime)
		synctest.Wait()
		if got = k.all(); len(got) != 3 {
			t.Fatalf("after a second: got %d records, want one more", len(got))
		}
		r := got[2]
		if r.Login != "eve" || r.Count != 4999 || r.Method != "tools/call" || r.Name != "" || r.Reason != "no grant allows it" || r.Addr.Port() != 0 ||
			strings.Join(r.Names, " ") != "tools/call delete_1 tools/call delete_2 tools/call delete_0" {
			t.Errorf("got %+v, want the number and the three names", r)
		}
		// Nothing follows: the caller is forgotten, and the next refusal stands at once.
		time.Sleep(2 * foldTime)
		_ = trail.Write(t.Context(), refusal("eve", 7, "delete_x"))
		settle()
		if got = k.all(); len(got) != 4 || got[3].RequestID != "r7" {
			t.Errorf("after a pause: got %d records, want one at once", len(got))
		}
		_ = trail.Close()
	})
}

// A flood that goes on is one record a second, whatever its names; one that
// follows alone is itself.
func TestFoldGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		trail, k := folded(t)
		for i := range 10 * 50 {
			_ = trail.Write(t.Context(), refusal("eve", i, fmt.Sprint("name", i)))
			time.Sleep(foldTime / 50)
		}
		time.Sleep(3 * foldTime)
		_ = trail.Write(t.Context(), refusal("eve", 1, "a"))
		_ = trail.Write(t.Context(), refusal("eve", 2, "b"))
		_ = trail.Close() // which does not wait for the end of the second
		got := k.all()
		if len(got) > 14 {
			t.Errorf("ten seconds made %d records, want one a second", len(got)-2)
		}
		sum := 0
		for _, r := range got {
			sum += max(r.Count, 1)
			if len(r.Names) > foldNames+1 {
				t.Errorf("got %d names, want %d and how many more", len(r.Names), foldNames)
			}
			if len(r.Names) > foldNames && r.Names[foldNames] != fmt.Sprintf("... and %d more refusals", r.Count-foldNames) {
				t.Errorf("of %d refusals: got %q", r.Count, r.Names[foldNames])
			}
		}
		if sum != 502 {
			t.Errorf("the records stand for %d refusals, want 502", sum)
		}
		if last := got[len(got)-1]; last.RequestID != "r2" || last.Count != 0 || last.Name != "b" || last.Addr.Port() != 1002 {
			t.Errorf("got %+v, want the one refusal as it was", last)
		}
	})
}

// More callers than are told apart do not make more records, nor use more memory.
func TestFoldManyCallers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		trail, k := folded(t)
		const callers = foldCallers + 500
		for i := range callers {
			r := refusal("", i, strings.Repeat("x", 3*foldName))
			r.NodeID, r.Addr = "", netip.AddrPortFrom(netip.AddrFrom4([4]byte{100, 64, byte(i >> 8), byte(i)}), 1)
			for range 2 {
				_ = trail.Write(t.Context(), r)
			}
		}
		if got := len(trail.fold.windows); got != foldCallers+1 {
			t.Errorf("got %d windows, want %d and one for the others", got, foldCallers)
		}
		_ = trail.Close()
		sum := 0
		for _, r := range k.all() {
			sum += max(r.Count, 1)
			if r.Count > 2 && (r.Addr.IsValid() || !strings.HasPrefix(r.message(), "refused: several callers: 999 times: ")) {
				t.Errorf("got %+v, want the others without an address", r)
			}
		}
		if got := len(k.all()); got != 2*foldCallers+2 || sum != 2*callers {
			t.Errorf("got %d records for %d refusals, want %d for %d", got, sum, 2*foldCallers+2, 2*callers)
		}
	})
}

// Refusals that are folded are refusals of one caller: who it is does not depend
// on the port, and names cannot be made to look like another's.
func TestFoldKey(t *testing.T) {
	a := Record{Tags: []string{"tag:a", "tag:b"}, NodeID: "n1"}
	for name, b := range map[string]Record{
		"tags":      {Tags: []string{"tag:a"}, NodeID: "n1"},
		"tag names": {Tags: []string{"tag:a tag:b"}, NodeID: "n1"},
		"node":      {Tags: []string{"tag:a", "tag:b"}, NodeID: "n2"},
		"login":     {Login: "tag:a", NodeID: "n1"},
		"nobody":    {Addr: netip.MustParseAddrPort("100.64.0.1:1")},
	} {
		if foldKey(a) == foldKey(b) {
			t.Errorf("%s: two callers have one key", name)
		}
	}
	x, y := Record{Addr: netip.MustParseAddrPort("100.64.0.1:1")}, Record{Addr: netip.MustParseAddrPort("100.64.0.1:2")}
	if foldKey(x) != foldKey(y) {
		t.Error("one address has two keys")
	}
}
