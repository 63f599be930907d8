// SPDX-License-Identifier: MIT

package audit

import "testing"

// What is about a server is found by its name, and by that of its tool with or without it;
// in what is folded too.
func TestSelectionOfServers(t *testing.T) {
	own := Record{Event: Outcome, Method: "tools/call", Name: "read_file"}
	files := Record{Event: Outcome, Method: "tools/call", Server: "files", Name: "files/read_file"}
	folded := Record{Event: Decision, Server: "files", Count: 3, Names: []string{"tools/call files/read_file", "tools/call files/write_file"}}
	mixed := Record{Event: Decision, Count: 3, Names: []string{"tools/call files/read_file", "tools/call whoami"}}
	for _, c := range []struct {
		s                         Selection
		own, files, folded, mixed bool
	}{
		{Selection{}, true, true, true, true},
		{Selection{Server: "files"}, false, true, true, true},
		{Selection{Server: "file"}, false, false, false, false},
		{Selection{Tool: "read_file"}, true, true, true, false},
		{Selection{Tool: "files/read_file"}, false, true, true, true},
		{Selection{Server: "files", Tool: "write_file"}, false, false, true, false},
		{Selection{Tool: "whoami"}, false, false, false, true},
	} {
		if c.s.Has(own) != c.own || c.s.Has(files) != c.files || c.s.Has(folded) != c.folded || c.s.Has(mixed) != c.mixed {
			t.Errorf("%+v: got %v %v %v %v", c.s, c.s.Has(own), c.s.Has(files), c.s.Has(folded), c.s.Has(mixed))
		}
	}
}

// What is withheld is said as such, and is nobody's refusal.
func TestWithheld(t *testing.T) {
	r := Record{Event: Withheld, Server: "files", Name: "files/read_file", Reason: "the tool is changed since it was approved"}
	if got, want := r.message(), "withheld: files/read_file: the tool is changed since it was approved"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	refused := true
	if r.waits() || (Selection{Refused: &refused}).Has(r) || !(Selection{Server: "files"}).Has(r) {
		t.Error("it is taken for another event")
	}
}
