// SPDX-License-Identifier: MIT

package policy_test

import (
	"fmt"
	"net/netip"
	"reflect"
	"strings"
	"testing"

	"tailscale-mcp/internal/policy"
	"tailscale-mcp/internal/policy/grammar"
	"tailscale-mcp/internal/policy/tailnet"
)

// What each rule gives a device is together what it has, and a rule is found by the name
// of a group that has nobody too.
func TestGiven(t *testing.T) {
	const capability = "example.com/cap/mcp"
	f, err := grammar.Parse(`{
		"groups": {"group:eng": ["alice@example.com"], "group:none": []},
		"tagOwners": {"tag:mcp": [], "tag:else": []},
		"postures": {"posture:mac": ["node:os == 'macos'"]},
		"grants": [
			{"src": ["group:eng"], "dst": ["tag:mcp"], "app": {"example.com/cap/mcp": [{"a": 1}, {"a": 2}]}},
			{"src": ["group:eng"], "dst": ["tag:else"], "app": {"example.com/cap/mcp": [{"a": 3}]}},
			{"src": ["autogroup:member"], "dst": ["100.64.0.10"], "srcPosture": ["posture:mac"], "app": {"example.com/cap/mcp": [{"a": 4}]}},
			{"src": ["*"], "dst": ["*"], "app": {"example.com/cap/mcp": [{"a": 5}], "example.com/cap/else": [{"a": 6}]}},
			{"src": ["group:none", "group:eng"], "dst": ["tag:mcp"], "app": {"example.com/cap/mcp": [{"a": 7}]}},
			{"src": ["group:eng"], "dst": ["*"], "ip": ["*"]},
		],
	}`)
	if err != nil {
		t.Fatal(err)
	}
	laptop, host := netip.MustParseAddr("100.64.0.11"), netip.MustParseAddr("100.64.0.10")
	p := policy.Compile(f, &tailnet.Tailnet{
		People: []tailnet.Person{{Login: "alice@example.com", Role: "member"}},
		Devices: []tailnet.Device{
			{ID: "nHost", Tags: []string{"tag:mcp"}, Addrs: []netip.Addr{host}},
			{ID: "nLaptop", Login: "alice@example.com", Addrs: []netip.Addr{laptop}},
		},
	})
	told := func(all []policy.Holding) string {
		var out []string
		for _, h := range all {
			out = append(out, fmt.Sprintf("%d %s %s %s", h.Rule.Line, h.Answer, h.Values, strings.Join(h.Unknown, ";")))
		}
		return strings.Join(out, "\n")
	}
	given := p.Given(laptop, host, capability)
	if got, want := told(given), `6 yes [{"a":1} {"a":2}] 
8 unknown [{"a":4}] the posture attributes of nLaptop
9 yes [{"a":5}] 
10 yes [{"a":7}] `; strings.ReplaceAll(got, `": `, `":`) != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	sure, may, _ := p.Capabilities(laptop, host)
	for _, h := range given {
		from := sure
		if h.Answer == policy.Unknown {
			from = may
		}
		n := len(h.Values)
		if len(from[capability]) < n || !reflect.DeepEqual(from[capability][:n], h.Values) {
			t.Fatalf("line %d gives %s, and what is left of the capabilities is %s", h.Rule.Line, h.Values, from[capability])
		}
		from[capability] = from[capability][n:]
	}
	if len(sure[capability])+len(may[capability]) > 0 {
		t.Errorf("%s and %s are of no rule", sure[capability], may[capability])
	}

	here, err := p.Endpoint("nHost")
	if err != nil {
		t.Fatal(err)
	}
	for selector, want := range map[string]string{
		"group:none": "10", "group:eng": "6 10", "autogroup:member": "8", "*": "9", "": "6 8 9 10", "group:else": "",
	} {
		var lines []string
		for _, h := range p.Naming(selector, here, capability) {
			lines = append(lines, fmt.Sprint(h.Rule.Line))
		}
		if got := strings.Join(lines, " "); got != want {
			t.Errorf("%q: got the lines %s, want %s", selector, got, want)
		}
	}
}
