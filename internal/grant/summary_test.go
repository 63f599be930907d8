// SPDX-License-Identifier: MIT

package grant_test

import (
	"encoding/json"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"tailscale-mcp/internal/grant"
)

// summed are tools in three groups and every class.
var summed = []grant.Tool{
	{Name: "list_devices", Group: "devices", Class: grant.Read}, {Name: "get_device", Group: "devices", Class: grant.Read},
	{Name: "rename", Group: "devices", Class: grant.Write}, {Name: "remove", Group: "devices", Class: grant.Destructive},
	{Name: "tag", Group: "devices", Class: grant.Escalating}, {Name: "route", Group: "devices", Class: grant.Escalating},
	{Name: "get_dns", Group: "dns", Class: grant.Read}, {Name: "set_dns", Group: "dns", Class: grant.Destructive},
	{Name: "list_keys", Group: "keys", Class: grant.Read}, {Name: "make_key", Group: "keys", Class: grant.Escalating},
	{Name: "note", Group: "keys", Class: grant.Write},
}

func rulesOf(t *testing.T, tools ...string) grant.Rules {
	t.Helper()
	entry, err := json.Marshal(map[string][]string{"tools": tools})
	if err != nil {
		t.Fatal(err)
	}
	rules, err := grant.Parse([]string{string(entry)})
	if err != nil {
		t.Fatal(err)
	}
	return rules
}

// TestSummary: what is granted is said as a person would grant it.
func TestSummary(t *testing.T) {
	for granted, want := range map[string]string{
		"*": "*", "* escalating:*": "* escalating:*", "read:*": "read:*", "read:* write:*": "read:* write:*",
		"group:devices": "group:devices", "group:devices:read": "group:devices:read", "read:* group:devices": "read:* group:devices",
		"group:devices:escalating": "group:devices:escalating", "list_devices get_device rename remove": "group:devices",
		"list_devices set_dns": "list_devices set_dns", "read:* make_key": "read:* make_key",
		"get_dns get_device list_devices list_keys": "read:*", "nothing": "",
	} {
		rules := rulesOf(t, strings.Fields(granted)...)
		got := grant.Summary(summed, func(tool grant.Tool) bool { return rules.Tool(tool).Allowed })
		if strings.Join(got, " ") != want {
			t.Errorf("%s: got %q, want %s", granted, got, want)
		}
	}
	// One class alone is never called everything.
	if got := grant.Summary(summed[:2], func(grant.Tool) bool { return true }); !slices.Equal(got, []string{"read:*"}) {
		t.Errorf("got %q of reads alone", got)
	}
}

// TestSummaryIsExact: pasted, a summary gives what it sums up, and nothing else.
func TestSummaryIsExact(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		may := map[string]bool{}
		for _, tool := range summed {
			may[tool.Name] = random.IntN(4) > 0
		}
		got := grant.Summary(summed, func(tool grant.Tool) bool { return may[tool.Name] })
		rules := rulesOf(t, got...)
		for _, tool := range summed {
			if rules.Tool(tool).Allowed != may[tool.Name] {
				t.Fatalf("%q of %v: %s is %v", got, may, tool.Name, !may[tool.Name])
			}
		}
	}
}

func TestToolSelectors(t *testing.T) {
	rules, err := grant.Parse([]string{`{"tools":["b","read:*"],"resources":["*"]}`, `{"tools":["b","group:x"],"rate":"3/m"}`, `{}`})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := rules.ToolSelectors(), []string{"b", "group:x", "read:*"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := (grant.Rules{}).ToolSelectors(); got != nil {
		t.Errorf("got %q of no rules", got)
	}
}
