// SPDX-License-Identifier: MIT

package edit

import (
	"fmt"
	"slices"
	"strings"
)

// Operation is one change of a policy file. Which members an operation takes is in
// [forms]; one that it does not take is refused, since it was meant to do something.
type Operation struct {
	Op      string  `json:"op" jsonschema:"as above" enum:"add_member,remove_member,add_owner,remove_owner,add_rule,remove_rule,replace_rule,add_host,change_host,remove_host,add_test,remove_test,replace_text,json_patch"`
	Section string  `json:"section,omitempty" jsonschema:"of the rule or test" enum:"acls,grants,ssh,nodeAttrs,tests,sshTests"`
	Name    string  `json:"name,omitempty" jsonschema:"group, tag or host"`
	Member  string  `json:"member,omitempty" jsonschema:"login or group"`
	Create  bool    `json:"create,omitempty" jsonschema:"makes the group or tag"`
	Address string  `json:"address,omitempty" jsonschema:"its new one"`
	Was     string  `json:"was,omitempty" jsonschema:"its present one"`
	Rule    string  `json:"rule,omitempty" media:"application/hujson" jsonschema:"new, or the present one"`
	With    string  `json:"with,omitempty" media:"application/hujson" jsonschema:"the new rule"`
	After   string  `json:"after,omitempty" media:"application/hujson" jsonschema:"the rule before it"`
	Line    int     `json:"line,omitempty" jsonschema:"of one of equals" min:"1"`
	Old     string  `json:"old,omitempty" jsonschema:"occurs once"`
	New     *string `json:"new,omitempty" jsonschema:"in its place"`
	Patch   string  `json:"patch,omitempty" media:"application/json-patch+json" jsonschema:"RFC 6902"`
}

// forms are the members that each operation needs, and behind "|" those that it may
// have.
var forms = map[string]string{
	"add_member":    "name member | create",
	"remove_member": "name member |",
	"add_owner":     "name member | create",
	"remove_owner":  "name member |",
	"add_rule":      "section rule | after line",
	"remove_rule":   "section rule | line",
	"replace_rule":  "section rule with | line",
	"add_host":      "name address |",
	"change_host":   "name was address |",
	"remove_host":   "name was |",
	"add_test":      "rule | section after line",
	"remove_test":   "rule | section line",
	"replace_text":  "old new |",
	"json_patch":    "patch |",
}

// check refuses an operation that lacks something or has what it does not take.
func (o *Operation) check() error {
	form, known := forms[o.Op]
	if !known {
		return &Error{Message: "there is no operation " + quote(o.Op), Next: "op is one of add_member, remove_member, add_owner, remove_owner, add_rule, remove_rule, replace_rule, " +
			"add_host, change_host, remove_host, add_test, remove_test, replace_text, json_patch"}
	}
	needs, may, _ := strings.Cut(form, "|")
	required, allowed := strings.Fields(needs), strings.Fields(needs+may)
	next := "give op " + o.Op + " with " + strings.Join(required, ", ")
	if rest := strings.Fields(may); len(rest) > 0 {
		next += ", and perhaps " + strings.Join(rest, ", ")
	}
	given := o.given()
	for _, name := range required {
		if !slices.Contains(given, name) {
			return &Error{Message: name + " is missing", Next: next}
		}
	}
	for _, name := range given {
		if !slices.Contains(allowed, name) {
			return &Error{Message: fmt.Sprintf("it does not take %s", name), Next: next}
		}
	}
	tests := strings.HasSuffix(o.Op, "_test")
	if tests && o.Section == "" {
		o.Section = "tests"
	}
	if o.Section != "" && tests != slices.Contains([]string{"tests", "sshTests"}, o.Section) {
		return &Error{Message: o.Op + " is not for the section " + quote(o.Section), Next: "use add_test and remove_test for tests and sshTests, and the operations with rule for acls, grants, ssh and nodeAttrs"}
	}
	if !slices.Contains([]string{"", "acls", "grants", "ssh", "nodeAttrs", "tests", "sshTests"}, o.Section) {
		return &Error{Message: "there is no list of rules named " + quote(o.Section), Next: "section is acls, grants, ssh, nodeAttrs, tests or sshTests"}
	}
	return nil
}

// given names the members that an operation has besides op.
func (o *Operation) given() []string {
	var names []string
	for _, m := range []struct {
		name string
		is   bool
	}{
		{"section", o.Section != ""}, {"name", o.Name != ""}, {"member", o.Member != ""}, {"create", o.Create}, {"address", o.Address != ""}, {"was", o.Was != ""},
		{"rule", o.Rule != ""}, {"with", o.With != ""}, {"after", o.After != ""}, {"line", o.Line != 0}, {"old", o.Old != ""}, {"new", o.New != nil}, {"patch", o.Patch != ""},
	} {
		if m.is {
			names = append(names, m.name)
		}
	}
	return names
}
