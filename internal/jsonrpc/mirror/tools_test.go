// SPDX-License-Identifier: MIT

package mirror

import (
	"fmt"
	"testing"
)

// TestPX17CutOut: which bytes go with a tool.
func TestPX17CutOut(t *testing.T) {
	tests := []struct {
		name, tools string // a lower-case one stays
		want        string
	}{
		{"none", `["a", "b"]`, `["a", "b"]`},
		{"first", `[ "A" , "b"]`, `[ "b"]`},
		{"last", `["a" , "B" ]`, `["a" ]`},
		{"middle", `["a", "B" ,"c"]`, `["a" ,"c"]`},
		{"two in front", `[ "A", "B", "c", "d" ]`, `[ "c", "d" ]`},
		{"two at the end", `["a" ,"B", "C" ]`, `["a" ]`},
		{"every other", `["A","b","C","d","E"]`, `["b","d"]`},
		{"the only one", `[ "A" ]`, `[  ]`},
		{"all", `["A" , "B","C"]`, `[]`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			msg := []byte(`{"result":{"tools":` + tt.tools + `,"x":[1,2]}}`)
			list := readToolList(msg)
			var out []int
			for i, tool := range list.tools {
				if c := msg[tool.from+1]; c >= 'A' && c <= 'Z' {
					out = append(out, i)
				}
			}
			if got, want := string(cutOut(msg, without(list.tools, out))), `{"result":{"tools":`+tt.want+`,"x":[1,2]}}`; got != want {
				t.Errorf("got %s, want %s", got, want)
			}
		})
	}
}

// TestPX17ChangedMeanwhile: a list that the server made before its tools
// changed is not learned.
func TestPX17ChangedMeanwhile(t *testing.T) {
	var k Tools
	before := k.Version()
	k.Changed()
	k.remember(before, "a", knownTool{headers: &Headers{header: "Mcp-Param-Old"}})
	k.Complete(before)
	if !k.Missing("a") || k.Of("a") != nil {
		t.Error("the tool is known, want it to be asked for")
	}
	k.remember(k.Version(), "a", knownTool{})
	if k.Missing("a") || !k.Missing("b") {
		t.Error("want a known and b not")
	}
	k.Complete(k.Version())
	if k.Missing("b") {
		t.Error("b is missing after the whole list was learned")
	}
}

// TestPX17Bounds: however many and large the tools of a server are, what is
// remembered of them stays within its bounds, and the newest is in it.
func TestPX17Bounds(t *testing.T) {
	for _, size := range []int{1, maxKnownSchemas / 10} {
		var k Tools
		for i := range 3 * maxKnownTools {
			name := fmt.Sprint(i)
			k.remember(0, name, knownTool{size: size})
			if len(k.tools) > maxKnownTools || k.size > maxKnownSchemas {
				t.Fatalf("got %d tools of %d bytes, want at most %d of %d", len(k.tools), k.size, maxKnownTools, maxKnownSchemas)
			}
			if k.Missing(name) {
				t.Fatalf("%s is not known right after it was learned", name)
			}
		}
	}
	var k Tools
	for range 10 {
		k.remember(0, "same", knownTool{size: maxKnownSchemas / 3})
	}
	if k.size != maxKnownSchemas/3 {
		t.Errorf("got %d bytes for one tool learned again and again, want %d", k.size, maxKnownSchemas/3)
	}
}
