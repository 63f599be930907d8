// SPDX-License-Identifier: MIT

package policy

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/tailscale/hujson"

	"tailscale-mcp/internal/tool"
)

type policyTest struct {
	Src    string   `json:"src" jsonschema:"such as group:eng"`
	Accept []string `json:"accept,omitempty" jsonschema:"must be reached, such as tag:db:5432"`
	Deny   []string `json:"deny,omitempty" jsonschema:"must not be"`
	Proto  string   `json:"proto,omitempty" jsonschema:"tcp, udp, …"`
}

func (t policyTest) check() error {
	if t.Src == "" || len(t.Accept)+len(t.Deny) == 0 {
		return tool.Invalidf(`give tests like {"src":"alice@example.com","accept":["100.64.0.1:22"]}`, "a test needs src, and accept or deny")
	}
	return nil
}

// withTests adds tests to the tests of a policy file. Every other line stays in place: the
// API names lines.
func withTests(text string, tests []policyTest) (string, error) {
	if len(tests) == 0 {
		return text, nil
	}
	given, err := json.Marshal(tests)
	if err != nil {
		return "", err
	}
	file, err := hujson.Parse([]byte(text))
	if err != nil {
		return "", err
	}
	more, err := hujson.Parse(given)
	if err != nil {
		return "", err
	}
	o := file.Value.(*hujson.Object) // as everybody checks who reads one
	i := slices.IndexFunc(o.Members, func(m hujson.ObjectMember) bool {
		name, _ := m.Name.Value.(hujson.Literal)
		return strings.EqualFold(name.String(), "tests")
	})
	if i < 0 {
		o.Members = append(o.Members, hujson.ObjectMember{Name: hujson.Value{Value: hujson.String("tests")}, Value: more})
		return file.String(), nil
	}
	own, ok := o.Members[i].Value.Value.(*hujson.Array)
	if !ok {
		return "", tool.Invalidf("give a file whose tests are a list", "the tests of the policy are no list")
	}
	own.Elements = append(own.Elements, more.Value.(*hujson.Array).Elements...)
	return file.String(), nil
}
