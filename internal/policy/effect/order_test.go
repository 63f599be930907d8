// SPDX-License-Identifier: MIT

package effect

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// The frightening come first, and each has its place.
func TestOrder(t *testing.T) {
	old := file(``, app(`"alice@example.com"`, `"*"`)+`, {"src": ["carol@example.com"], "dst": ["tag:web"], "ip": ["443"]}`)
	now := file(ssh("accept", `"root"`, ``), strings.Join([]string{
		`{"src": ["group:eng"], "dst": ["tag:new"], "ip": ["443"]}`,
		`{"src": ["vera@example.com"], "dst": ["tag:web"], "ip": ["443"]}`,
		app(`"bob@example.com"`, `"read:*"`), app(`"vera@example.com"`, `"*"`),
		`{"src": ["bob@example.com"], "dst": ["10.1.0.0/16"], "ip": ["443"]}`,
		`{"src": ["*"], "dst": ["tag:web"], "ip": ["icmp:*"]}`,
	}, ","))
	r := between(t, old, now, office(), focus)
	var got []string
	for _, c := range r.Changes {
		got = append(got, c.Gravity.String())
	}
	want := []string{"everyone", "root", "network", "whole server", "server", "own way", "more", "less", "less", "nothing today"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q: %q", got, want, told(r))
	}
}

// However much changes, what is told is bounded, and nothing frightening is left out.
func TestBounded(t *testing.T) {
	net := office()
	var rules []string
	for i := range 100 {
		rules = append(rules, fmt.Sprintf(`{"src": ["*"], "dst": ["device-%d"], "ip": ["tcp:%d"], "app": {"example.com/cap/c%d": [{}]}}`, i, 2*i+1, i))
		rules = append(rules, fmt.Sprintf(`{"src": ["bob@example.com"], "dst": ["device-%d"], "ip": ["udp:%d"]}`, i, 2*i+1))
	}
	f := focus
	f.Most = 5
	r := between(t, file(``, ``), strings.ReplaceAll(file(``, strings.Join(rules, ",")), `"device-`, `"100.64.0.`), net, f)
	if len(r.Changes) > f.Most+int(Everyone) {
		t.Errorf("%d changes are told", len(r.Changes))
	}
	last := r.Changes[len(r.Changes)-1]
	if last.Gravity != Everyone || !strings.HasPrefix(last.Text, "and ") || !last.Who.Everyone || !strings.Contains(last.Text, "more changes of this kind (everyone): everyone gains ") {
		t.Errorf("the last change is %+v", last)
	}
	if r.MoreGains+r.MoreNothing < 50 || r.MoreLosses != 0 {
		t.Errorf("left out: %d gains, %d losses, %d of nothing", r.MoreGains, r.MoreLosses, r.MoreNothing)
	}
	for _, c := range r.Changes {
		if len(c.Text) > 4000 || len(c.Who.People) > MostNames || len(c.What.On) > MostNames || len(c.Rules) > MostNames {
			t.Errorf("not bounded: %+v", c)
		}
	}
}

// Many people are counted, not listed.
func TestMany(t *testing.T) {
	net := company()
	group := func(n int) string {
		var all []string
		for i := range n {
			all = append(all, fmt.Sprintf(`"p%d@example.com"`, i))
		}
		return `{"groups": {"group:contractors": [` + strings.Join(all, ",") + `]}, "tagOwners": {"tag:t4": []}, "grants": [{"src": ["group:contractors"], "dst": ["tag:t3"], "ip": ["tcp:443"]}]}`
	}
	wantTold(t, between(t, group(0), group(12), net, focus), "more: 12 people of group:contractors gain tcp:443 on 100 devices of tag:t3")
	wantTold(t, between(t, group(12), group(14), net, focus), "more: p12@example.com and p13@example.com of group:contractors gain tcp:443 on 100 devices of tag:t3")
}

// What is too much to compare in pairs is told rule by rule, as what may be.
func TestCoarse(t *testing.T) {
	var old, now []string
	for i := range 15_000 {
		old = append(old, fmt.Sprintf(`"100.64.%d.%d"`, i/100, i%100*2))
		now = append(now, fmt.Sprintf(`"100.65.%d.%d"`, i/100, i%100*2))
	}
	rule := func(all []string, dst string) string {
		return file(`, "ipsets": {"ipset:many": [`+strings.Join(all, ",")+`]}`, app(`"alice@example.com"`, `"*"`)+`, {"src": ["ipset:many"], "dst": ["`+dst+`"], "ip": ["443"]}`)
	}
	r := between(t, rule(old, "tag:mcp"), rule(now, "tag:web"), office(), focus)
	got := told(r)
	for i, text := range got {
		got[i] = text[:min(60, len(text))]
	}
	want := []string{
		"own way: you (alice@example.com) may lose your own way to th",
		"more: ipset:many (100.65.0.0, 100.65.0.2, 100.65.0.4 and 149",
		"less: ipset:many (100.64.0.0, 100.64.0.2, 100.64.0.4 and 149",
	}
	if !slices.Equal(got, want) || !r.LosesOwnWay {
		t.Errorf("got %q, %t", got, r.LosesOwnWay)
	}
}
