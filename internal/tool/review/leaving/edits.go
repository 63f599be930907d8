// SPDX-License-Identifier: MIT

package leaving

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"tailscale-mcp/internal/policy/edit"
	"tailscale-mcp/internal/policy/grammar"
)

// Edits are what takes somebody out of a policy file.
type Edits struct {
	Operations []edit.Operation
	// Notes are what to know before, a phrase each: groups that lose their last member,
	// rules that go whole.
	Notes []string
	// ByHand are the lines where somebody has to decide.
	ByHand []int
}

// patchStep is a step of a JSON Patch (RFC 6902).
type patchStep struct {
	Op    string `json:"op"`
	Path  string `json:"path"`
	Value string `json:"value,omitempty"`
}

// Out returns the operations, which were tried: it fails where they do not apply, or leave
// the person in another place than those to be decided by hand.
func Out(f *grammar.File, login string) (Edits, error) {
	places, err := Places(f, login)
	if err != nil || len(places) == 0 {
		return Edits{}, err
	}
	w := work{lists: map[string]int{}, gone: map[string]bool{}}
	for _, p := range places {
		w.take(p)
	}
	e := Edits{Operations: w.operations, Notes: w.notes}
	var steps []patchStep
	// From the end, so that no index is moved by what went before.
	for i := len(w.changes) - 1; i >= 0; i-- {
		switch c := w.changes[i]; {
		case w.gone[c.entry] && !c.whole: // goes with its entry
		case c.steps == nil:
			e.ByHand = append(e.ByHand, c.line)
		default:
			steps = append(steps, c.steps...)
		}
	}
	slices.Sort(e.ByHand)
	if len(steps) > 0 {
		text, err := json.Marshal(steps)
		if err != nil {
			return Edits{}, err
		}
		e.Operations = append(e.Operations, edit.Operation{Op: "json_patch", Patch: string(text)})
	}
	return e, e.try(f, login)
}

// work is what is known on the way through the places of a person.
type work struct {
	operations []edit.Operation
	notes      []string
	changes    []change
	lists      map[string]int  // how many are left of a list, by its pointer
	gone       map[string]bool // entries that go whole, by their pointer
}

// change is what becomes of one place outside of groups and tags; without steps somebody
// has to decide.
type change struct {
	entry string // the rule or test that it is in
	whole bool   // it removes that
	line  int
	steps []patchStep
}

func (w *work) take(p Place) {
	last := p.path[len(p.path)-1]
	list := pointer(p.path[:len(p.path)-1])
	if last.of > 0 {
		if _, known := w.lists[list]; !known {
			w.lists[list] = last.of
		}
		w.lists[list]--
	}
	if op, defined := definedIn(p); defined {
		w.operations = append(w.operations, edit.Operation{Op: op, Name: p.Name, Member: p.as})
		if w.lists[list] == 0 {
			w.notes = append(w.notes, fmt.Sprintf("%s has nobody left (line %d)", p.Name, p.Line))
		}
		return
	}
	self := pointer(p.path)
	c := change{line: p.Line}
	switch {
	case isApprover(p):
		c.steps = []patchStep{{"test", self, p.as}, {"remove", self, ""}}
	case !isRule(p):
	default:
		c.entry = pointer(p.path[:2])
		switch {
		case w.gone[c.entry]:
			return
		case w.alone(p, list):
			w.gone[c.entry], c.whole = true, true
			c.steps = []patchStep{{"test", self, p.as}, {"remove", c.entry, ""}}
			w.notes = append(w.notes, fmt.Sprintf("the entry of %s with line %d goes whole: without them it means nothing", p.Section, p.Line))
		case len(p.path) == 4:
			c.steps = []patchStep{{"test", self, p.as}, {"remove", self, ""}}
		}
	}
	w.changes = append(w.changes, c)
}

// definedIn returns the operation for a place in the list of a group or tag.
func definedIn(p Place) (op string, ok bool) {
	if len(p.path) != 3 {
		return "", false
	}
	switch strings.ToLower(p.Section) {
	case "groups":
		return "remove_member", true
	case "tagowners":
		return "remove_owner", true
	}
	return "", false
}

// isRule reports whether a place is in an entry of a list of rules or tests.
func isRule(p Place) bool {
	switch strings.ToLower(p.Section) {
	case "acls", "grants", "ssh", "nodeattrs", "tests", "sshtests":
		return len(p.path) >= 3 && p.path[1].of > 0
	}
	return false
}

// isApprover reports whether a place is in a list of autoApprovers.
func isApprover(p Place) bool {
	return strings.EqualFold(p.Section, "autoApprovers") && p.path[len(p.path)-1].of > 0
}

// alone reports whether an entry means nothing without the person: the source of a test is
// one, a rule without one of its ends is none, nor a test that wants nothing.
func (w *work) alone(p Place, list string) bool {
	switch {
	case len(p.path) == 3:
		return true // "src" of a test
	case len(p.path) != 4:
		return false
	}
	field := strings.ToLower(p.path[2].name)
	if wanted(field) {
		key := "targets of " + pointer(p.path[:2])
		if _, known := w.lists[key]; !known {
			w.lists[key] = p.wants
		}
		w.lists[key]--
		return w.lists[key] == 0
	}
	return w.lists[list] == 0 && slices.Contains([]string{"src", "dst", "users", "ports", "target", "via"}, field)
}

// try applies the operations, and looks whether they do what they are for.
func (e *Edits) try(f *grammar.File, login string) error {
	if len(e.Operations) == 0 {
		return nil
	}
	result, err := edit.Apply(f.Text, e.Operations)
	if err != nil {
		return err
	}
	after, err := grammar.Parse(result.Text)
	if err != nil {
		return err
	}
	left, err := Places(after, login)
	if err != nil {
		return err
	}
	if len(left) != len(e.ByHand) {
		return fmt.Errorf("they leave %s at %d places", login, len(left))
	}
	return nil
}
