// SPDX-License-Identifier: MIT

package change

import (
	"fmt"
	"strings"
	"testing"

	"tailscale-mcp/internal/policy"
)

var vocabulary = []string{
	"*", "autogroup:member", "autogroup:tagged", "autogroup:admin", "autogroup:self", "autogroup:danger-all", "group:ops", "group:synced",
	"alice@example.com", "bob@example.com", "carol@example.com", "dave@example.com", "tag:web", "tag:mcp", "tag:idle", "office", "nonsense", "autogroup:internet",
}

// rulesOf makes rules out of bytes.
func rulesOf(data []byte) string {
	next := func() int {
		if len(data) == 0 {
			return 0
		}
		n := int(data[0])
		data = data[1:]
		return n
	}
	var b strings.Builder
	b.WriteString(sections + `"grants": [`)
	for i := 0; len(data) > 0 && i < 5; i++ {
		ip := []string{`"*"`, `"tcp:443"`, `"udp:53","440-450"`, `"tcp:1-442","tcp:444-65535"`, `"443"`}[next()%5]
		more := []string{"", "", `, "srcPosture": ["posture:a"]`, `, "app": {"example.com/cap/mcp": [{}]}`}[next()%4]
		fmt.Fprintf(&b, `{"src": [%q, %q], "dst": [%q], "ip": [%s]%s},`, vocabulary[next()%len(vocabulary)], vocabulary[next()%len(vocabulary)], vocabulary[next()%len(vocabulary)], ip, more)
	}
	return b.String() + `]}`
}

// FuzzDiff: a file has no difference from itself; whoever reaches a device by one file and
// not by the other is in the difference; and what may be lost of the caller's is told.
func FuzzDiff(f *testing.F) {
	f.Add([]byte("one file"), []byte("and another"))
	for i := range 30 {
		f.Add([]byte{byte(i), 0, byte(i), byte(i * 3), byte(i * 5)}, []byte{byte(i * 7), 1, byte(i), byte(i * 3), byte(i * 11), 0, 2, byte(i), 3, 4})
	}
	f.Fuzz(func(t *testing.T, a, b []byte) {
		net := small()
		net.Devices[2].PostureKnown = false
		one, other := rulesOf(a), rulesOf(b)
		old, now := compile(t, one, net), compile(t, other, net)
		if all := Diff(old, compile(t, one, net), focus); len(all) > 0 {
			t.Fatalf("a difference from itself: %v: %s", all, one)
		}
		seen := map[bool]bool{}
		for _, c := range Diff(old, now, focus) {
			if c.Kind == "network" {
				seen[c.Gains] = true
			}
		}
		for _, s := range net.Devices {
			for _, d := range net.Devices {
				src, _ := old.Endpoint(s.ID)
				dst, _ := old.Endpoint(d.ID)
				q := policy.Question{Src: src, Dst: dst, Proto: 6, Port: 443}
				before, after := old.Reach(q).Answer, now.Reach(q).Answer
				if (before == policy.No && after != policy.No || before == policy.Unknown && after == policy.Yes) && !seen[true] {
					t.Fatalf("%s gains %s, from %v to %v, and nobody says so: from %s to %s", s.Name, d.Name, before, after, one, other)
				}
				if (after == policy.No && before != policy.No || before == policy.Yes && after == policy.Unknown) && !seen[false] {
					t.Fatalf("%s loses %s, from %v to %v, and nobody says so: from %s to %s", s.Name, d.Name, before, after, one, other)
				}
			}
		}
		LocksOut(old, now, focus)
	})
}
