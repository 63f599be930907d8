// SPDX-License-Identifier: MIT

package effect

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"go4.org/netipx"

	"tailscale-mcp/internal/policy"
	"tailscale-mcp/internal/policy/effect/segment"
	"tailscale-mcp/internal/policy/grammar"
	"tailscale-mcp/internal/policy/ports"
	"tailscale-mcp/internal/policy/tailnet"
)

// answer is what the packet filters of a device say of one packet.
func answer(rules []policy.FilterRule, from, to netip.Addr, protocol int, port uint16) policy.Answer {
	best := policy.No
	for _, r := range rules {
		protos := r.Protos
		if len(protos) == 0 {
			protos = []int{1, 6, 17, 58}
		}
		if protocol != 1 && !slices.Contains(protos, protocol) || !slices.ContainsFunc(r.Src, func(s netipx.IPRange) bool { return s.Contains(from) }) {
			continue
		}
		for _, d := range r.Dst {
			if !d.Addrs.Contains(to) || protocol != 1 && (port < d.Ports.First || d.Ports.Last < port) {
				continue
			}
			if len(r.Unknown) == 0 {
				return policy.Yes
			}
			best = policy.Unknown
		}
	}
	return best
}

// expected is which way a packet changes; ok is false where nothing may be told of it,
// and any is true where both may.
func expected(old, now policy.Answer) (kind Kind, ok, any bool) {
	switch {
	case old == now:
		return 0, false, old == policy.Unknown
	case old == policy.No && now == policy.Yes:
		return Gain, true, false
	case old == policy.Yes && now == policy.No:
		return Loss, true, false
	case old == policy.No, now == policy.Yes:
		return MayGain, true, false
	}
	return MayLose, true, false
}

// checkAgainstFilters compares what is told with the filters of all devices: each packet
// that passes otherwise is told, and no other.
func checkAgainstFilters(t *testing.T, old, now string, net *tailnet.Tailnet) {
	t.Helper()
	a, b := made(t, old, net), made(t, now, net)
	w := newWorld(a.File(), b.File(), net, Focus{})
	l := w.network()
	c := l.compare()
	var groups []*group
	for _, g := range c.groups {
		groups = append(groups, c.expand(g))
	}
	all := segment.Of(opensOf(w))
	type packet struct {
		protocol int
		port     uint16
	}
	packets := []packet{{6, 22}, {6, 80}, {6, 443}, {17, 53}, {17, 443}, {1, 0}}
	for d := range net.Devices {
		oldRules, nowRules := a.Filter(net.Devices[d].ID), b.Filter(net.Devices[d].ID)
		for s := range net.Devices {
			if s == d {
				continue
			}
			for at, addresses := range targetsOf(c, d) {
				for _, p := range packets {
					var want, got []Kind
					vague := false
					for _, from := range net.Devices[s].Addrs {
						for _, to := range addresses {
							if from.Is4() != to.Is4() {
								continue
							}
							kind, ok, either := expected(answer(oldRules, from, to, p.protocol, p.port), answer(nowRules, from, to, p.protocol, p.port))
							vague = vague || either
							if ok && !slices.Contains(want, kind) {
								want = append(want, kind)
							}
						}
					}
					for _, g := range groups {
						if covers(c, g, s, d, at, all, p.protocol, p.port) && !slices.Contains(got, g.kind) && !(vague && !slices.Contains(want, g.kind) && (g.kind == MayGain || g.kind == MayLose)) {
							got = append(got, g.kind)
						}
					}
					slices.Sort(want)
					slices.Sort(got)
					if !slices.Equal(got, want) {
						t.Fatalf("%v:%d of protocol %d from %s: told %v, want %v\nold %s\nnew %s\ntold: %q", addresses, p.port, p.protocol, net.Devices[s].Name, got, want, old, now, told(Between(a, b, Focus{})))
					}
				}
			}
		}
	}
}

func opensOf(w *world) (all []ports.Open) {
	for _, s := range []*side{&w.before, &w.after} {
		for _, p := range s.Rules {
			for _, to := range p.Facets {
				all = append(all, to.Open...)
			}
		}
	}
	return all
}

// targetsOf yields addresses of each destination that a device answers for.
func targetsOf(c *comparison, d int) func(func(int, []netip.Addr) bool) {
	return func(yield func(int, []netip.Addr) bool) {
		if !yield(d, c.world.index.Devices[d].Addrs) {
			return
		}
		for k, p := range c.places {
			if p.device != d {
				continue
			}
			some := []netip.Addr{p.piece.From()}
			if !p.piece.IsValid() {
				some = nil // the internet, as far as no rule names parts of it
				for _, a := range []netip.Addr{netip.MustParseAddr("1.1.1.1"), netip.MustParseAddr("2606:4700::1111")} {
					if !slices.ContainsFunc(c.places, func(p place) bool { return p.piece.IsValid() && p.piece.Contains(a) }) {
						some = append(some, a)
					}
				}
			}
			if len(some) > 0 && !yield(c.world.devices()+k, some) {
				return
			}
		}
	}
}

// covers reports whether a group tells of a source, a destination and a packet. What
// people may do on their own devices has its own groups, and is no part of the others.
func covers(c *comparison, g *group, s, d, at int, all segment.List, protocol int, port uint16) bool {
	if !slices.Contains(g.sources, s) {
		return false
	}
	own := at == d && c.world.owner(s) != "" && c.world.owner(s) == c.world.owner(d)
	switch {
	case own && len(c.from) > 0:
		n := c.world.devices()
		pair := c.differ(&c.from[classOf(c.from, n)[s]], &c.to[classOf(c.to, n)[d]], true)
		if !slices.Contains(pair, c.intern(*g.piece)) || !g.self && !slices.Contains(g.targets, at) {
			return false
		}
	case g.self || !slices.Contains(g.targets, at):
		return false
	}
	for i := range g.items.All() {
		if all[i].Protocol == protocol && (protocol == 1 || all[i].First <= port && port <= all[i].Last) {
			return true
		}
	}
	return false
}

// randomFile writes a file of names that the office has.
func randomFile(r *rand.Rand) string {
	pick := func(all ...string) string { return all[r.IntN(len(all))] }
	some := func(all ...string) string {
		var out []string
		for range 1 + r.IntN(2) {
			out = append(out, `"`+pick(all...)+`"`)
		}
		return "[" + strings.Join(out, ",") + "]"
	}
	people := func() string {
		return some("alice@example.com", "bob@example.com", "carol@example.com", "vera@example.com")
	}
	src := func() string {
		return some("*", "alice@example.com", "bob@example.com", "dan@example.com", "group:eng", "group:ops", "group:idp@example.com", "tag:web", "tag:mcp",
			"autogroup:member", "autogroup:admin", "autogroup:tagged", "desk", "100.64.0.0/29", "fd7a:115c:a1e0::2", "ipset:some", "autogroup:danger-all", "10.1.0.0/24", "user:*@example.com")
	}
	posture := func() string {
		return pick("", "", "", `, "srcPosture": ["posture:a"]`, `, "srcPosture": ["posture:b", "posture:a"]`)
	}
	var rules []string
	for range 1 + r.IntN(4) {
		if r.IntN(3) == 0 {
			rules = append(rules, fmt.Sprintf(`{"src": %s, "dst": ["autogroup:self"%s], "ip": %s%s}`, some("autogroup:member", "group:eng", "alice@example.com", "bob@example.com"), pick("", `, "tag:web"`, `, "bob@example.com"`), some("*", "443", "tcp:22"), posture()))
			continue
		}
		dst := some("*", "tag:web", "tag:mcp", "tag:router", "group:eng", "alice@example.com", "bob@example.com", "autogroup:member", "autogroup:internet", "10.1.0.0/16", "10.1.2.0/24", "desk", "ipset:some", "100.64.0.0/10", "svc:wiki", "autogroup:admin", "group:idp@example.com")
		via := pick("", "", "", "", `, "via": ["tag:router"]`, `, "via": ["tag:exit", "tag:router"]`)
		rules = append(rules, fmt.Sprintf(`{"src": %s, "dst": %s, "ip": %s%s%s}`, src(), dst, some("*", "443", "tcp:22", "tcp:20-90", "udp:53", "icmp:*", "udp:*"), via, posture()))
	}
	acls := ""
	if r.IntN(2) == 0 {
		acls = fmt.Sprintf(`, "acls": [{"action": "accept", "src": %s, "dst": ["%s:%s"]%s}]`, src(), pick("*", "tag:web", "desk", "10.1.0.0/16", "autogroup:self", "bob@example.com"), pick("*", "22,443", "80"), posture())
	}
	defaultPosture := pick("", "", "", "", `, "defaultSrcPosture": ["posture:b"]`)
	return fmt.Sprintf(`{"groups": {"group:eng": %s, "group:ops": %s}, "hosts": {"desk": "%s"}, "ipsets": {"ipset:some": ["%s", "remove 10.1.3.0/24"]},
	"postures": {"posture:a": ["node:os == '%s'"], "posture:b": ["custom:tier IS SET"]}%s, "tagOwners": {"tag:web": [], "tag:mcp": [], "tag:router": [], "tag:exit": []}, "grants": [%s]%s}`,
		people(), people(), pick("100.64.0.3", "100.64.0.4", "10.1.2.3"), pick("100.64.0.6", "10.1.0.0/16", "autogroup:internet"), pick("linux", "macos"), defaultPosture, strings.Join(rules, ","), acls)
}

// vague is the office with what is not known: attributes, roles and groups.
func vague() *tailnet.Tailnet {
	t := office()
	t.Devices[2].PostureKnown = false
	t.People[2].Role, t.People[3].GroupsKnown, t.People[1].GroupsKnown = "", false, false
	t.Services = []tailnet.Service{{Name: "svc:wiki", Addrs: []netip.Addr{netip.MustParseAddr("100.100.0.1")}}}
	t.Devices[6].Services = []string{"svc:wiki"}
	return t
}

func FuzzBetween(f *testing.F) {
	for seed := range uint64(20) {
		f.Add(seed, seed+1)
	}
	f.Fuzz(func(t *testing.T, a, b uint64) {
		r := rand.New(rand.NewPCG(a, b))
		old, now := randomFile(r), randomFile(r)
		if b%3 == 0 { // a small change
			rules := strings.Index(old, `"grants"`)
			now = old[:rules] + strings.Replace(old[rules:], "group:eng", "group:ops", 1)
		}
		for _, text := range []string{old, now} {
			if _, err := grammar.Parse(text); err != nil {
				t.Fatalf("%v: %s", err, text)
			}
		}
		checkAgainstFilters(t, old, now, vague())
		if same := between(t, old, old, vague(), focus); len(same.Changes) > 0 {
			t.Fatalf("a file that stays changes %q: %s", told(same), old)
		}
	})
}

func TestBetweenAgainstFilters(t *testing.T) {
	for seed := range uint64(400) {
		r := rand.New(rand.NewPCG(7, seed))
		old := randomFile(r)
		checkAgainstFilters(t, old, randomFile(r), vague())
	}
}
