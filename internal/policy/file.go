// SPDX-License-Identifier: MIT

package policy

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/tailscale/hujson"

	"tailscale-mcp/internal/policy/nesting"
)

// File holds the parts of a policy file that decide about access to this server.
type File struct {
	Groups            map[string][]string
	Hosts             map[string]string
	IPSets, Postures  map[string]any
	DefaultSrcPosture []string
	ACLs              []ACL
	Grants            []Grant
}

// Grant is one grant of a policy file.
type Grant struct {
	Src, Dst, IP, Via, SrcPosture []string
	App                           map[string][]json.RawMessage
}

// ACL is one network rule in the older form; Users and Ports are its oldest names.
type ACL struct {
	Src, Users, Dst, Ports, SrcPosture []string
	Proto                              any
}

// Unreadable is the error of a text that is not a policy file which every reader
// understands alike.
type Unreadable struct {
	// Why says what is wrong, and Next how to mend it.
	Why, Next string
}

func (e *Unreadable) Error() string { return e.Why }

// Parse reads a whole policy file as far as this server understands it. Its errors
// are of the type [*Unreadable].
func Parse(text string) (File, error) {
	const whole = "give the whole policy file in HuJSON, as get_policy shows it"
	var f File
	if nesting.TooDeep(text) {
		return f, &Unreadable{fmt.Sprintf("the policy is not readable: it has more than %d lists and objects within each other", nesting.Most), whole}
	}
	v, err := hujson.Parse([]byte(text))
	switch {
	case err != nil:
		return f, &Unreadable{fmt.Sprintf("the policy is not readable: %v", err), whole}
	case v.Value.Kind() != '{':
		return f, &Unreadable{"the policy is no object", whole}
	}
	if name := twice(v, true); name != "" {
		return f, &Unreadable{fmt.Sprintf("the policy has %.80s twice in one object", name), "give each name once"}
	}
	v.Standardize()
	if err := json.Unmarshal(v.Pack(), &f); err != nil {
		return f, &Unreadable{fmt.Sprintf("the policy is not of the expected form: %v", err), whole}
	}
	return f, nil
}

// Open reports whether the file has no access rules at all. The service takes
// such a file for its default, in which everything reaches everything; an empty
// list of rules means that nothing does.
func (f File) Open() bool { return f.ACLs == nil && f.Grants == nil }

// twice finds a name that occurs twice in one object: two readers may not agree
// on which of the two counts. Fixed names, those of sections and of the fields of
// rules, are compared as the service does, in any case.
func twice(v hujson.Value, fixed bool) string {
	switch v := v.Value.(type) {
	case *hujson.Object:
		seen := map[string]bool{}
		for _, m := range v.Members {
			literal, _ := m.Name.Value.(hujson.Literal)
			name := literal.String()
			if fixed {
				name = strings.ToLower(strings.ToUpper(name)) // as json folds: "ſ" is an "s"
			}
			if seen[name] {
				return string(literal)
			}
			seen[name] = true
			if found := twice(m.Value, false); found != "" {
				return found
			}
		}
	case *hujson.Array:
		for _, element := range v.Elements {
			if found := twice(element, true); found != "" {
				return found
			}
		}
	}
	return ""
}
