// SPDX-License-Identifier: MIT

package policy

import (
	"encoding/json"
	"strings"

	"github.com/tailscale/hujson"

	"tailscale-mcp/internal/tool"
)

// rules are the parts of a policy file that decide about access to this server.
type rules struct {
	Groups            map[string][]string
	Hosts             map[string]string
	IPSets, Postures  map[string]any
	DefaultSrcPosture []string
	ACLs              []acl
	Grants            []struct {
		Src, Dst, IP, Via, SrcPosture []string
		App                           map[string][]json.RawMessage
	}
}

// parse reads a whole policy file as far as this server understands it.
func parse(text string) (rules, error) {
	const whole = "give the whole policy file in HuJSON, as get_policy shows it"
	var r rules
	v, err := hujson.Parse([]byte(text))
	switch {
	case err != nil:
		return r, tool.Invalidf(whole, "the policy is not readable: %v", err)
	case v.Value.Kind() != '{':
		return r, tool.Invalidf(whole, "the policy is no object")
	}
	if name := twice(v, true); name != "" {
		return r, tool.Invalidf("give each name once", "the policy has %s twice in one object", tool.Clip(name))
	}
	v.Standardize()
	if err := json.Unmarshal(v.Pack(), &r); err != nil {
		return r, tool.Invalidf(whole, "the policy is not of the expected form: %v", err)
	}
	return r, nil
}

// open reports whether the file has no access rules at all. The service takes
// that for its default, in which everything reaches everything; an empty list
// means nothing does.
func (r rules) open() bool { return r.ACLs == nil && r.Grants == nil }

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
