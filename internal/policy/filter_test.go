// SPDX-License-Identifier: MIT

package policy

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// shown writes a filter as lines that can be compared: sources, then what they may.
func shown(filter []FilterRule) []string {
	var all []string
	for _, f := range filter {
		var src []string
		for _, s := range f.Src {
			src = append(src, strings.TrimSuffix(s.From().String()+"-"+s.To().String(), "-"+s.From().String()))
		}
		slices.Sort(src)
		line := strings.Join(src, " ") + " ->"
		for _, d := range f.Dst {
			line += " " + strings.TrimSuffix(d.Addrs.From().String()+"-"+d.Addrs.To().String(), "-"+d.Addrs.From().String()) + ":" + d.Ports.String()
		}
		if len(f.Protos) > 0 {
			line += fmt.Sprint(" ", f.Protos)
		}
		for _, g := range f.Caps {
			for _, name := range slices.Sorted(func(yield func(string) bool) {
				for n := range g.Caps {
					if !yield(n) {
						return
					}
				}
			}) {
				line += fmt.Sprintf(" %v %s%s", g.Dsts, name, g.Caps[name])
			}
		}
		if len(f.Unknown) > 0 {
			line += fmt.Sprintf(" if %q", f.Unknown)
		}
		all = append(all, line)
	}
	return all
}

// Packet filters that no case of the control plane shows, as the documentation has them.
func TestFilter(t *testing.T) {
	for _, c := range []struct {
		rule, device string
		want         []string
	}{
		// A Service is opened at its hosts, and at nobody else.
		{`"src": ["alice@example.com"], "dst": ["svc:db"], "ip": ["tcp:5432"]`, "host", []string{
			"100.64.0.1 100.64.0.2 fd7a:115c:a1e0::1 fd7a:115c:a1e0::2 -> 100.100.0.1:5432 fd7a:115c:a1e0::aa:5432 [6]"}},
		{`"src": ["alice@example.com"], "dst": ["svc:db"], "ip": ["tcp:5432"]`, "web", nil},
		// An IP set is opened range by range where it is answered for.
		{`"src": ["100.64.0.1"], "dst": ["ipset:office"], "ip": ["*"]`, "web", []string{"100.64.0.1 -> 100.64.0.5:*"}},
		{`"src": ["100.64.0.1"], "dst": ["ipset:office"], "ip": ["*"]`, "router", []string{"100.64.0.1 -> 10.1.0.0-10.1.2.255:* 10.1.4.0-10.1.255.255:*"}},
		// Via: at the routes of what has the tag.
		{`"src": ["100.64.0.1"], "dst": ["10.1.2.0/24"], "ip": ["22"], "via": ["tag:router"]`, "router", []string{"100.64.0.1 -> 10.1.2.0-10.1.2.255:22"}},
		{`"src": ["100.64.0.1"], "dst": ["10.1.2.0/24"], "ip": ["22"], "via": ["tag:router"]`, "exit", nil},
		{`"src": ["100.64.0.1"], "dst": ["10.1.2.0/24"], "ip": ["22"]`, "exit", []string{"100.64.0.1 -> 10.1.2.0-10.1.2.255:22"}},
		{`"src": ["100.64.0.1"], "dst": ["tag:router"], "ip": ["22"], "via": ["tag:router"]`, "router", nil},
		// A public address is reached through an exit node.
		{`"src": ["100.64.0.1"], "dst": ["8.8.8.0/24"], "ip": ["53"]`, "exit", []string{"100.64.0.1 -> 8.8.8.0-8.8.8.255:53"}},
		{`"src": ["100.64.0.1"], "dst": ["8.8.8.0/24"], "ip": ["53"]`, "router", nil},
		// Own devices: tagged ones are nobody's, and people of no listed device have none.
		{`"src": ["autogroup:member"], "dst": ["autogroup:self"], "ip": ["*"]`, "alice-phone", []string{
			"100.64.0.1 100.64.0.2 fd7a:115c:a1e0::1 fd7a:115c:a1e0::2 -> 100.64.0.2:* fd7a:115c:a1e0::2:*"}},
		{`"src": ["autogroup:member"], "dst": ["autogroup:self"], "ip": ["*"]`, "host", nil},
		{`"src": ["autogroup:member"], "dst": ["autogroup:self"], "ip": ["*"]`, "eve-laptop", nil},
		{`"src": ["bob@example.com"], "dst": ["autogroup:self"], "ip": ["*"]`, "alice-phone", nil},
		// Postures leave out who fails, and keep apart of whom it is not known.
		{`"src": ["autogroup:member"], "dst": ["tag:exit"], "ip": ["*"], "srcPosture": ["posture:linux"]`, "exit", []string{
			"100.64.0.1 100.64.0.3 fd7a:115c:a1e0::1 fd7a:115c:a1e0::3 -> 100.64.0.7:* fd7a:115c:a1e0::7:*",
			`100.64.0.4 fd7a:115c:a1e0::4 -> 100.64.0.7:* fd7a:115c:a1e0::7:* if ["the posture attributes of carol-laptop"]`}},
		// People of roles and groups that are not known.
		{`"src": ["autogroup:admin", "autogroup:owner"], "dst": ["tag:exit"], "ip": ["*"]`, "exit", []string{
			"100.64.0.1 100.64.0.2 fd7a:115c:a1e0::1 fd7a:115c:a1e0::2 -> 100.64.0.7:* fd7a:115c:a1e0::7:*",
			`100.64.0.4 fd7a:115c:a1e0::4 -> 100.64.0.7:* fd7a:115c:a1e0::7:* if ["the role of carol@example.com"]`}},
		{`"src": ["tag:web"], "dst": ["autogroup:admin"], "ip": ["22"]`, "carol-laptop", []string{
			`100.64.0.10 100.64.0.5 fd7a:115c:a1e0::10 fd7a:115c:a1e0::5 -> 100.64.0.4:22 fd7a:115c:a1e0::4:22 if ["the role of carol@example.com"]`}},
		{`"src": ["autogroup:shared"], "dst": ["tag:exit"], "ip": ["22"]`, "exit", []string{
			` -> 100.64.0.7:22 fd7a:115c:a1e0::7:22 if ["which people of other tailnets a device is shared with"]`}},
		// Capabilities and their companions.
		{`"src": ["tag:web"], "dst": ["100.64.0.7"], "app": {"tailscale.com/cap/relay": [{"a": 1}]}`, "exit", []string{
			`100.64.0.10 100.64.0.5 fd7a:115c:a1e0::10 fd7a:115c:a1e0::5 -> [100.64.0.7/32] tailscale.com/cap/relay[{"a":1}]`}},
		{`"src": ["tag:web"], "dst": ["100.64.0.7"], "app": {"tailscale.com/cap/relay": [{"a": 1}]}`, "web", []string{
			`100.64.0.7 -> [100.64.0.5/32 fd7a:115c:a1e0::5/128] tailscale.com/cap/relay-target[]`}},
		// A device of another tailnet gets no filter from here.
		{`"src": ["*"], "dst": ["*"], "ip": ["*"]`, "theirs", nil},
	} {
		p := policyFor(t, `{`+smallSections+`"grants": [{`+c.rule+`}]}`, small())
		if got := shown(p.Filter(c.device)); !slices.Equal(got, c.want) {
			t.Errorf("%s of %s:\n got %q\nwant %q", c.device, c.rule, got, c.want)
		}
	}
}

// Attributes are for devices, tagged ones too, and groups of people who may be in them.
func TestNodeAttrs(t *testing.T) {
	p := policyFor(t, `{`+smallSections+`"nodeAttrs": [
		{"target": ["*"], "attr": ["a"]}, {"target": ["tag:web", "alice@example.com"], "attr": ["b", "a"], "app": {"x.org/y": [{"n": 1}]}},
		{"target": ["autogroup:admin"], "attr": ["c"]}, {"target": ["100.64.0.7"], "attr": ["d"]}]}`, small())
	for device, want := range map[string]string{
		"web": "map[a:[] b:[] x.org/y:[{\"n\":1}]] map[] []", "exit": "map[a:[] d:[]] map[] []",
		"carol-laptop": "map[a:[]] map[c:[]] [the role of carol@example.com]", "bob-laptop": "map[a:[]] map[] []",
	} {
		sure, may, unknown := p.NodeAttrs(device)
		got := fmt.Sprintf("%s %s %v", sure, may, unknown)
		if got != want {
			t.Errorf("%s: %s, want %s", device, got, want)
		}
	}
}

// Who reaches a device, and what a person reaches, by rule.
func TestSourcesAndDestinations(t *testing.T) {
	p := policyFor(t, `{`+smallSections+`"grants": [
		{"src": ["group:ops", "10.1.0.0/16"], "dst": ["tag:web"], "ip": ["tcp:443"]},
		{"src": ["group:synced"], "dst": ["tag:web", "svc:db"], "ip": ["22"]},
		{"src": ["autogroup:member"], "dst": ["autogroup:self"], "ip": ["*"]},
		{"src": ["alice@example.com"], "dst": ["office"], "ip": ["*"]}]}`, small())
	show := func(all []Access) (out []string) {
		for _, a := range all {
			out = append(out, fmt.Sprintf("%d %v %v people %v tags %v devices %v ranges %v ports %v via %v unknown %v", a.Rule.Index, a.Answer, a.Selectors, a.People, a.Tags, a.Devices, a.Ranges, a.Ports, a.Via, a.Unknown))
		}
		return out
	}
	for name, c := range map[string]struct{ got, want []string }{
		"who reaches web": {show(p.Sources(endOf(t, p, "web"), 6, 0)), []string{
			"0 yes [group:ops 10.1.0.0/16] people [alice@example.com bob@example.com] tags [] devices [alice-laptop alice-phone bob-laptop] ranges [10.1.0.0/16] ports [tcp:443] via [] unknown []",
			"1 yes [group:synced] people [alice@example.com] tags [] devices [alice-laptop alice-phone] ranges [] ports [22] via [] unknown []",
			"1 unknown [group:synced] people [bob@example.com carol@example.com] tags [] devices [bob-laptop carol-laptop] ranges [] ports [22] via [] unknown [whether bob@example.com is in group:synced whether carol@example.com is in group:synced]"}},
		"who reaches 443 of web": {show(p.Sources(endOf(t, p, "web"), 6, 443))[:1], []string{
			"0 yes [group:ops 10.1.0.0/16] people [alice@example.com bob@example.com] tags [] devices [alice-laptop alice-phone bob-laptop] ranges [10.1.0.0/16] ports [tcp:443] via [] unknown []"}},
		"who reaches alice's phone": {show(p.Sources(endOf(t, p, "alice-phone"), 0, 0)), []string{
			"2 yes [autogroup:member] people [alice@example.com] tags [] devices [alice-laptop alice-phone] ranges [] ports [*] via [] unknown []"}},
		"who reaches an office": {show(p.Sources(endOf(t, p, "10.1.2.3"), 0, 0)), []string{
			"3 yes [alice@example.com] people [alice@example.com] tags [] devices [alice-laptop alice-phone] ranges [] ports [*] via [router] unknown []"}},
		"what bob reaches": {show(p.Destinations(endOf(t, p, "bob@example.com"))), []string{
			"0 yes [tag:web] people [] tags [tag:host tag:web] devices [web host] ranges [] ports [tcp:443] via [] unknown []",
			"1 unknown [tag:web svc:db] people [] tags [tag:host tag:web] devices [web host] ranges [100.100.0.1 fd7a:115c:a1e0::aa] ports [22] via [] unknown [whether bob@example.com is in group:synced]",
			"2 yes [autogroup:self] people [bob@example.com] tags [] devices [bob-laptop] ranges [] ports [*] via [] unknown []"}},
		"who reaches an exit node of everybody": {func() (all []string) {
			p := policyFor(t, `{"acls": [{"action": "accept", "src": ["*"], "dst": ["tag:exit:22"]}]}`, small())
			for _, a := range p.Sources(endOf(t, p, "exit"), 6, 22) {
				all = append(all, strings.Join(a.Devices, " ")+" "+strings.Join(a.Ranges, " "))
			}
			return all
		}(), []string{"alice-laptop alice-phone bob-laptop carol-laptop web router exit host 10.0.0.0/8 100.64.0.0-100.115.91.255 100.115.94.0-100.127.255.255 fd7a:115c:a1e0::/48"}},
		"what a router reaches": {show(p.Destinations(endOf(t, p, "router"))), nil},
	} {
		if !slices.Equal(c.got, c.want) {
			t.Errorf("%s:\n got %q\nwant %q", name, c.got, c.want)
		}
	}
}
