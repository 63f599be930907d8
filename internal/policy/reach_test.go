// SPDX-License-Identifier: MIT

package policy

import (
	"strings"
	"testing"

	"tailscale-mcp/internal/policy/grammar"
	"tailscale-mcp/internal/policy/tailnet"
)

func policyFor(t *testing.T, text string, net *tailnet.Tailnet) *Policy {
	t.Helper()
	f, err := grammar.Parse(text)
	if err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	return Compile(f, net)
}

func endOf(t *testing.T, p *Policy, name string) Endpoint {
	t.Helper()
	e, err := p.Endpoint(name)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// One rule, one question, and what is to be answered: written by hand.
func TestReach(t *testing.T) {
	for _, c := range []struct {
		rule, src, dst string
		port           uint16
		want           Answer
		say            string // part of an unknown or of the first reason; of what carries it for a yes
	}{
		// IP sets: added and removed in order, of hosts and of the internet.
		{`"src": ["tag:web"], "dst": ["ipset:office"], "ip": ["*"]`, "web", "10.1.2.9", 22, Yes, "router"},
		{`"src": ["tag:web"], "dst": ["ipset:office"], "ip": ["*"]`, "web", "10.1.3.9", 22, No, "no rule has both"},
		{`"src": ["tag:router"], "dst": ["ipset:office"], "ip": ["*"]`, "router", "100.64.0.5", 22, Yes, ""},
		{`"src": ["tag:router"], "dst": ["ipset:office"], "ip": ["*"]`, "fd7a:115c:a1e0::6", "web", 22, No, "different families"},
		{`"src": ["tag:web"], "dst": ["ipset:net"], "ip": ["*"]`, "web", "1.1.1.1", 443, Yes, "exit"},
		{`"src": ["tag:web"], "dst": ["ipset:net"], "ip": ["*"]`, "web", "8.8.8.8", 443, No, "no rule has both"},
		{`"src": ["ipset:office"], "dst": ["tag:router"], "ip": ["*"]`, "10.1.9.9", "router", 1, Yes, ""},

		// Routes: the most specific one carries; none, no way.
		{`"src": ["*"], "dst": ["10.0.0.0/8"], "ip": ["*"]`, "web", "10.1.2.3", 22, Yes, "router"},
		{`"src": ["*"], "dst": ["10.0.0.0/8"], "ip": ["*"]`, "web", "10.9.2.3", 22, Yes, "exit"},
		{`"src": ["*"], "dst": ["172.16.0.0/12"], "ip": ["*"]`, "web", "172.16.0.1", 22, No, "no device has an approved route"},
		{`"src": ["*"], "dst": ["*"], "ip": ["*"]`, "web", "172.16.0.1", 22, No, "no device has an approved route"},
		{`"src": ["tag:web"], "dst": ["office"], "ip": ["*"]`, "web", "office", 22, Yes, "router"},
		{`"src": ["autogroup:member"], "dst": ["autogroup:internet"], "ip": ["*"]`, "alice-laptop", "192.0.2.1", 22, Yes, "exit"},
		{`"src": ["autogroup:member"], "dst": ["autogroup:internet"], "ip": ["*"]`, "web", "192.0.2.1", 22, No, "no rule has both"},

		// Via: only what carries the tag, and never a device itself.
		{`"src": ["tag:web"], "dst": ["10.0.0.0/8"], "ip": ["*"], "via": ["tag:exit"]`, "web", "10.1.2.3", 22, Yes, "exit"},
		{`"src": ["tag:web"], "dst": ["10.0.0.0/8"], "ip": ["*"], "via": ["tag:router"]`, "web", "10.9.2.3", 22, No, "through tag:router"},
		{`"src": ["tag:web"], "dst": ["tag:exit"], "ip": ["*"], "via": ["tag:router"]`, "web", "exit", 22, No, "no rule has both"},
		{`"src": ["tag:web"], "dst": ["autogroup:internet"], "ip": ["*"], "via": ["tag:exit"]`, "web", "1.1.1.1", 22, Yes, "exit"},

		// Services: reached by name and address, through their hosts.
		{`"src": ["autogroup:member"], "dst": ["svc:db"], "ip": ["tcp:5432"]`, "alice-laptop", "svc:db", 5432, Yes, "host"},
		{`"src": ["autogroup:member"], "dst": ["svc:db"], "ip": ["tcp:5432"]`, "alice-laptop", "100.100.0.1", 5432, Yes, "host"},
		{`"src": ["autogroup:member"], "dst": ["svc:db"], "ip": ["tcp:5432"]`, "alice-laptop", "host", 5432, No, "no rule has both"},
		{`"src": ["autogroup:member"], "dst": ["svc:db"], "ip": ["tcp:5432"]`, "alice-laptop", "svc:db", 80, No, "opens tcp:5432 there, and not tcp:80"},

		// Postures: one of them is enough; attributes that were not read are unknown.
		{`"src": ["autogroup:member"], "dst": ["tag:web"], "ip": ["*"], "srcPosture": ["posture:linux"]`, "alice-laptop", "web", 22, Yes, ""},
		{`"src": ["autogroup:member"], "dst": ["tag:web"], "ip": ["*"], "srcPosture": ["posture:linux"]`, "alice-phone", "web", 22, No, "condition that is not met: posture:linux"},
		{`"src": ["autogroup:member"], "dst": ["tag:web"], "ip": ["*"], "srcPosture": ["posture:linux"]`, "carol-laptop", "web", 22, Unknown, "the posture attributes of carol-laptop"},
		{`"src": ["autogroup:member"], "dst": ["tag:web"], "ip": ["*"], "srcPosture": ["posture:new"]`, "alice-laptop", "web", 22, Yes, ""},
		{`"src": ["autogroup:member"], "dst": ["tag:web"], "ip": ["*"], "srcPosture": ["posture:new", "posture:set"]`, "alice-phone", "web", 22, Yes, ""},
		{`"src": ["*"], "dst": ["tag:web"], "ip": ["*"], "srcPosture": ["posture:linux"]`, "10.1.2.3", "web", 22, No, ""},

		// One's own devices: never tagged ones.
		{`"src": ["autogroup:member"], "dst": ["autogroup:self"], "ip": ["*"]`, "alice-laptop", "alice-phone", 22, Yes, ""},
		{`"src": ["autogroup:member"], "dst": ["autogroup:self"], "ip": ["*"]`, "alice-laptop", "bob-laptop", 22, No, "no rule has both"},
		{`"src": ["*"], "dst": ["autogroup:self"], "ip": ["*"]`, "web", "host", 22, No, "no rule has both"},
		{`"src": ["*"], "dst": ["autogroup:self"], "ip": ["*"]`, "web", "web", 22, No, "no rule has both"},
		{`"src": ["autogroup:member"], "dst": ["autogroup:self"], "ip": ["*"]`, "alice@example.com", "alice@example.com", 22, Yes, ""},

		// What cannot be known.
		{`"src": ["group:synced"], "dst": ["tag:web"], "ip": ["*"]`, "alice-laptop", "web", 22, Yes, ""},
		{`"src": ["group:synced"], "dst": ["tag:web"], "ip": ["*"]`, "dave@example.com", "web", 22, No, "no rule has both"},
		{`"src": ["group:synced"], "dst": ["tag:web"], "ip": ["*"]`, "bob-laptop", "web", 22, Unknown, "whether bob@example.com is in group:synced"},
		{`"src": ["group:synced"], "dst": ["tag:web"], "ip": ["*"]`, "group:synced", "web", 22, Yes, ""},
		{`"src": ["autogroup:admin"], "dst": ["tag:web"], "ip": ["*"]`, "carol-laptop", "web", 22, Unknown, "the role of carol@example.com"},
		{`"src": ["autogroup:admin"], "dst": ["tag:web"], "ip": ["*"]`, "bob-laptop", "web", 22, No, "no rule has both"},
		{`"src": ["tag:web"], "dst": ["autogroup:admin"], "ip": ["*"]`, "web", "carol-laptop", 22, Unknown, "the role of carol@example.com"},
		{`"src": ["autogroup:member"], "dst": ["100.64.0.9"], "ip": ["*"]`, "alice-laptop", "theirs", 22, Unknown, "the tailnet that theirs is shared from"},
		{`"src": ["*"], "dst": ["*"], "ip": ["*"]`, "theirs", "web", 22, No, "it only answers"},
		{`"src": ["*"], "dst": ["*"], "ip": ["*"]`, "eve-laptop", "web", 22, No, "suspended"},
		{`"src": ["autogroup:shared"], "dst": ["tag:web"], "ip": ["*"]`, "autogroup:shared", "web", 22, Yes, ""},

		// People, groups and tags as a whole.
		{`"src": ["group:ops"], "dst": ["tag:web"], "ip": ["22"]`, "group:ops", "tag:web", 22, Yes, ""},
		{`"src": ["alice@example.com"], "dst": ["tag:web"], "ip": ["22"]`, "group:ops", "tag:web", 22, No, "bob-laptop"},
		{`"src": ["tag:idle"], "dst": ["tag:web"], "ip": ["22"]`, "tag:idle", "tag:web", 22, Yes, ""},
		{`"src": ["Alice@Example.com"], "dst": ["tag:web"], "ip": ["22"]`, "ALICE@example.com", "tag:web", 22, Yes, ""},
		{`"src": ["autogroup:danger-all"], "dst": ["tag:web"], "ip": ["22"]`, "203.0.113.9", "web", 22, Yes, ""},
		{`"src": ["*"], "dst": ["tag:web"], "ip": ["22"]`, "203.0.113.9", "web", 22, No, "no rule has both"},
		{`"src": ["*"], "dst": ["tag:web"], "ip": ["22"]`, "*", "web", 22, Yes, ""},
		{`"src": ["autogroup:member"], "dst": ["tag:web"], "ip": ["22"]`, "*", "web", 22, No, "no rule has both"},

		// Protocols and ports.
		{`"src": ["*"], "dst": ["tag:web"], "ip": ["udp:53"]`, "exit", "web", 53, No, "opens udp:53 there, and not tcp:53"},
		{`"src": ["*"], "dst": ["tag:web"], "ip": ["80-90"]`, "exit", "web", 85, Yes, ""},
		{`"src": ["*"], "dst": ["tag:web"], "ip": ["80-90"]`, "exit", "web", 0, Yes, ""},
	} {
		p := policyFor(t, `{`+smallSections+`"grants": [{`+c.rule+`}]}`, small())
		v := p.Reach(Question{Src: endOf(t, p, c.src), Dst: endOf(t, p, c.dst), Proto: 6, Port: c.port})
		said := strings.Join(append(v.Unknown, v.Via...), ", ")
		if v.Answer == No {
			said = v.Why[0].Text
		}
		if v.Answer != c.want || !strings.Contains(said, c.say) {
			t.Errorf("%s to %s by %s: %v, %q; want %v, %q", c.src, c.dst, c.rule, v.Answer, said, c.want, c.say)
		}
		if want := c.want != No; !v.Partly && want != (len(v.Rules) == 1 && v.Rules[0].Text == "{"+c.rule+"}") {
			t.Errorf("%s to %s by %s: by the rules %v", c.src, c.dst, c.rule, v.Rules)
		}
		if (v.Answer == Unknown) != (len(v.Unknown) > 0) || (v.Answer == No) != (len(v.Why) > 0) {
			t.Errorf("%s to %s by %s: %v, with what is unknown %q and why %v", c.src, c.dst, c.rule, v.Answer, v.Unknown, v.Why)
		}
	}
}

// A file without rules lets everything pass, one with none nothing.
func TestReachByNoRules(t *testing.T) {
	for text, want := range map[string]Answer{`{}`: Yes, `{"acls": []}`: No, `{"grants": []}`: No} {
		p := policyFor(t, text, small())
		if v := p.Reach(Question{Src: endOf(t, p, "web"), Dst: endOf(t, p, "exit")}); v.Answer != want {
			t.Errorf("%s: %v", text, v)
		}
	}
}

// What is not listed may carry an address: then it is not known that nothing does.
func TestReachInAPartOfATailnet(t *testing.T) {
	net := small()
	net.Partial = true
	p := policyFor(t, `{"grants": [{"src": ["*"], "dst": ["172.16.0.0/12"], "ip": ["*"]}]}`, net)
	v := p.Reach(Question{Src: endOf(t, p, "web"), Dst: endOf(t, p, "172.16.0.1")})
	if v.Answer != Unknown || len(v.Unknown) != 1 || !strings.Contains(v.Unknown[0], "not listed") {
		t.Errorf("got %+v", v)
	}
}

// A name that nothing has is refused, with the one that was probably meant.
func TestEndpoint(t *testing.T) {
	p := policyFor(t, `{`+smallSections+`}`, small())
	for text, want := range map[string]string{
		"alice-laptop": "device", "n1CNTRL": "device", "alice-laptop.tail1.ts.net.": "device", "100.64.0.1": "address", "10.0.0.0/8": "address",
		"office": "host", "alice@example.com": "person", "tag:web": "tag", "tag:idle": "tag", "group:none": "group", "autogroup:member": "autogroup",
		"svc:db": "service", "ipset:net": "ipset", "*": "everyone", "user:*@example.com": "autogroup",
	} {
		if e, err := p.Endpoint(text); err != nil || e.Kind != want {
			t.Errorf("%s: %q, %v; want %q", text, e.Kind, err, want)
		}
	}
	for text, want := range map[string]string{
		"alice-labtop": `"alice-laptop"`, "tag:wep": `"tag:web"`, "zzzzzz": "give a device", "": "give a device", "autogroup:nobody": "give a device",
		strings.Repeat("x", 5000): "too long",
	} {
		if _, err := p.Endpoint(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v; want %s", text, err, want)
		}
	}
}
