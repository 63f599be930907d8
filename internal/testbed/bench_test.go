// SPDX-License-Identifier: MIT

package testbed

import (
	"fmt"
	"testing"
)

// The benchmarks say what a test that uses a tailnet costs.

func eachKindB(b *testing.B, bench func(b *testing.B, opts Options)) {
	for _, opts := range []Options{{}, {Namespaces: true}} {
		b.Run(fmt.Sprintf("namespaces=%v", opts.Namespaces), func(b *testing.B) { bench(b, opts) })
	}
}

var threeNodes = []NodeOptions{
	{Name: "server", Tags: []string{"tag:mcp"}},
	{Name: "alice", Login: "alice@example.com"},
	{Name: "bob", Login: "bob@example.com"},
}

// BenchmarkStart makes a tailnet of three nodes that know each other.
func BenchmarkStart(b *testing.B) {
	eachKindB(b, func(b *testing.B, opts Options) {
		for b.Loop() {
			tn := New(b, opts)
			if _, err := tn.AddNodes(b.Context(), threeNodes...); err != nil {
				b.Fatal(err)
			}
			b.StopTimer()
			if err := tn.Close(); err != nil {
				b.Fatal(err)
			}
			b.StartTimer()
		}
	})
}

// BenchmarkSetGrants changes one grant and sees it in WhoIs.
func BenchmarkSetGrants(b *testing.B) {
	eachKindB(b, func(b *testing.B, opts Options) {
		tn := New(b, opts)
		nodes, err := tn.AddNodes(b.Context(), threeNodes...)
		if err != nil {
			b.Fatal(err)
		}
		for i := 0; b.Loop(); i++ {
			err := tn.SetGrants(b.Context(), nodes[0], Grant{Src: nodes[1:2], Cap: testCap, Values: []string{fmt.Sprint(i)}})
			if err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkRestart kills one of three nodes and has it back.
func BenchmarkRestart(b *testing.B) {
	eachKindB(b, func(b *testing.B, opts Options) {
		tn := New(b, opts)
		nodes, err := tn.AddNodes(b.Context(), threeNodes...)
		if err != nil {
			b.Fatal(err)
		}
		for b.Loop() {
			if err := nodes[0].Kill(b.Context()); err != nil {
				b.Fatal(err)
			}
			if err := nodes[0].Start(b.Context()); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkLogInAs gives one of three nodes another user and address.
func BenchmarkLogInAs(b *testing.B) {
	eachKindB(b, func(b *testing.B, opts Options) {
		tn := New(b, opts)
		nodes, err := tn.AddNodes(b.Context(), threeNodes...)
		if err != nil {
			b.Fatal(err)
		}
		for i := 0; b.Loop(); i++ {
			if err := nodes[1].LogInAs(b.Context(), fmt.Sprintf("user%d@example.com", i)); err != nil {
				b.Fatal(err)
			}
		}
	})
}
