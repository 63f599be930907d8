// SPDX-License-Identifier: MIT

// Package edit changes the text of a tailnet policy file by operations, and keeps
// comments and everything else that an operation does not touch byte for byte. Each
// operation names what it expects to find; all of them apply, or none. It is pure and
// knows the names of sections only: what a file means is package policy's.
//
// It works on ranges of bytes that the HuJSON parser names, since the parser's own
// patches lay out anew what they touch.
package edit

import (
	"fmt"
	"strings"
)

// The bounds of one call of [Apply].
const (
	MostOperations = 100     // operations, and steps of a JSON Patch
	MostBytes      = 4 << 20 // of the text, before and after each operation
	// mostWork bounds the bytes that are parsed: each change parses the text again.
	mostWork = 128 << 20
)

// Result is what operations make of a text.
type Result struct {
	Text string
	// Notes say what somebody should look at who reads the text, such as a comment that
	// stays where its rule is gone.
	Notes []string
}

// Apply applies operations to the text of a policy file, in their order: each finds
// what the ones before it left. Its error is an [*Error].
func Apply(text string, operations []Operation) (Result, error) {
	if len(operations) == 0 {
		return Result{}, &Error{Message: "there is no operation", Next: "give at least one operation"}
	}
	if len(operations) > MostOperations {
		return Result{}, &Error{Message: fmt.Sprintf("there are %d operations, and at most %d are taken", len(operations), MostOperations), Next: "make the change in several calls"}
	}
	d, err := read(text)
	if err != nil {
		return Result{}, &Error{Message: "the present policy file cannot be edited: " + err.Error(), Next: "mend the file with set_policy or in the admin console"}
	}
	governed := d.governed()
	for i, o := range operations {
		if err := d.operate(o); err != nil {
			return Result{}, at(i+1, o.Op, err)
		}
	}
	if governed && !d.governed() {
		return Result{}, &Error{
			Message: "nothing was changed: the file would have neither acls nor grants, which Tailscale takes for its default: every device may reach every other",
			Next:    "keep one of the two sections, as an empty list where nothing is to be allowed",
		}
	}
	return Result{Text: d.text, Notes: d.notes}, nil
}

// governed reports whether the file has access rules, be it an empty list of them.
func (d *document) governed() bool {
	for _, name := range []string{"acls", "grants"} {
		if m, ok := d.section(name); ok && m.value.Value.Kind() != 'n' {
			return true
		}
	}
	return false
}

func (d *document) operate(o Operation) error {
	if err := o.check(); err != nil {
		return err
	}
	switch o.Op {
	case "add_member":
		return d.addMember("groups", o)
	case "remove_member":
		return d.removeMember("groups", o)
	case "add_owner":
		return d.addMember("tagOwners", o)
	case "remove_owner":
		return d.removeMember("tagOwners", o)
	case "add_host":
		return d.addHost(o)
	case "change_host", "remove_host":
		return d.changeHost(o)
	case "add_rule", "add_test":
		return d.addRule(o)
	case "remove_rule", "remove_test":
		return d.removeRule(o)
	case "replace_rule":
		return d.replaceRule(o)
	case "replace_text":
		return d.replaceText(o)
	}
	return d.patch(o.Patch)
}

// replaceText replaces a text that occurs exactly once.
func (d *document) replaceText(o Operation) error {
	i := strings.Index(d.text, o.Old)
	if i < 0 {
		return d.missingText(o.Old)
	}
	// Occurrences may overlap: "aa" is twice in "aaa".
	if j := strings.Index(d.text[i+1:], o.Old); j >= 0 {
		return d.problem(i, "give a longer text, with what stands before or behind it", "the text occurs more than once: here and at %s", d.where(i+1+j))
	}
	if o.New == nil {
		return d.problem(i, "give new, empty to remove the text", "new is missing")
	}
	if *o.New == o.Old {
		return d.problem(i, "leave this operation out", "old and new are the same")
	}
	return d.apply(splice{i, i + len(o.Old), *o.New})
}

// missingText says where the beginning of a text that is not there occurs.
func (d *document) missingText(old string) error {
	const next = "read the file with get_policy and copy the text from there, with its spaces and ends of lines"
	for line := range strings.Lines(old) {
		line = strings.TrimSpace(line)
		if len(line) < 3 {
			continue
		}
		if i := strings.Index(d.text, line); i >= 0 {
			return d.problem(i, next, "the text does not occur as it was given; its line %s is here", quote(line))
		}
	}
	return &Error{Message: "the text does not occur in the file", Next: next}
}
