// SPDX-License-Identifier: MIT

package policy

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"tailscale-mcp/internal/policy/tailnet"
)

// Each target of each entry has a verdict of its own.
func TestTests(t *testing.T) {
	const rules = `"grants": [
		{"src": ["group:ops"], "dst": ["tag:web"], "ip": ["tcp:443"]},
		{"src": ["tag:web"], "dst": ["far"], "ip": ["tcp:80", "udp:53"]},
		{"src": ["autogroup:member"], "dst": ["autogroup:self"], "ip": ["*"]},
		{"src": ["alice@example.com"], "dst": ["tag:exit"], "ip": ["22"], "srcPosture": ["posture:linux"]},
		{"src": ["group:synced"], "dst": ["tag:exit"], "ip": ["23"]},
		{"src": ["100.64.0.5"], "dst": ["100.64.0.6"], "ip": ["*"]},
		{"src": ["group:ops"], "dst": ["office"], "ip": ["443"]}],`
	for _, c := range []struct {
		entry string
		want  []Answer // of accept, then of deny
		say   string
	}{
		{`"src": "alice@example.com", "accept": ["tag:web:443", "tag:web:80"], "deny": ["tag:web:22", "tag:web:443"]`, []Answer{Yes, No, Yes, No}, "grants[0] (line"},
		{`"src": "group:ops", "accept": ["web:443", "100.64.0.5:443"]`, []Answer{Yes, Yes}, "allowed by"},
		{`"src": "group:ops", "proto": "udp", "accept": ["web:443"]`, []Answer{No}, "no rule allows it"},
		{`"src": "tag:web", "accept": ["far:80", "far:53", "192.0.2.7:80"], "deny": ["far:81"]`, []Answer{Yes, Yes, Yes, Yes}, "grants[1]"},
		{`"src": "tag:web", "proto": "udp", "accept": ["far:53"], "deny": ["far:80"]`, []Answer{Yes, Yes}, ""},
		{`"src": "tag:web", "proto": "17", "accept": ["far:53"]`, []Answer{Yes}, ""},
		{`"src": "web", "accept": ["router:22"]`, []Answer{No}, "machine name"},
		{`"src": "web", "accept": ["100.64.0.6:22"]`, []Answer{Yes}, ""},
		{`"src": "fd7a:115c:a1e0::5", "deny": ["100.64.0.6:22"]`, []Answer{No}, "different families"},
		{`"src": "alice@example.com", "accept": ["autogroup:self:22"]`, []Answer{Yes}, ""},
		{`"src": "tag:web", "accept": ["autogroup:self:22"]`, []Answer{No}, ""},
		{`"src": "alice@example.com", "accept": ["tag:exit:22"]`, []Answer{No}, ""},
		{`"src": "alice@example.com", "srcPostureAttrs": {"node:os": "linux"}, "accept": ["tag:exit:22"]`, []Answer{Yes}, ""},
		{`"src": "alice@example.com", "srcPostureAttrs": {"node:os": "windows"}, "deny": ["tag:exit:22"]`, []Answer{Yes}, ""},
		{`"src": "alice@example.com", "accept": ["tag:exit:23"]`, []Answer{Yes}, ""},
		{`"src": "bob@example.com", "accept": ["tag:exit:23"], "deny": ["tag:exit:23"]`, []Answer{Unknown, Unknown}, "is not known"},
		{`"src": "group:ops", "accept": ["office:443"]`, []Answer{Unknown}, ""},
		{`"src": "nobody@example.com", "accept": ["web:443"], "deny": ["web:443"]`, []Answer{No, No}, "the source of the test is not one"},
		{`"src": "alice@example.com", "accept": ["web:*", "web:1-2", "web", "10.1.2.0/24:443", "*:443", "ghost:443", "tag:ghost:1", "autogroup:internet:1", "web:0", "web:70000"]`,
			[]Answer{No, No, No, No, No, No, No, No, No, No}, ""},
		{`"src": "group:none", "accept": ["web:443"], "deny": ["web:443"]`, []Answer{No, Yes}, ""},
	} {
		p := policyFor(t, `{`+smallSections+rules+`"tests": [{`+c.entry+`}]}`, small())
		got := slices.Collect(p.Tests())
		if len(got) != len(c.want) {
			t.Errorf("%s: %d verdicts, want %d", c.entry, len(got), len(c.want))
			continue
		}
		for i, r := range got {
			if r.Pass != c.want[i] || r.Text == "" {
				t.Errorf("%s: the verdict of %s %s is %v (%s), want %v", c.entry, r.Want, r.Target, r.Pass, r.Text, c.want[i])
			}
		}
		if !strings.Contains(got[0].Text, c.say) {
			t.Errorf("%s: %q, want %q in it", c.entry, got[0].Text, c.say)
		}
	}
}

func TestSSHTests(t *testing.T) {
	const rules = `"ssh": [
		{"action": "accept", "src": ["group:ops"], "dst": ["tag:web"], "users": ["deploy"]},
		{"action": "check", "src": ["alice@example.com"], "dst": ["tag:web"], "users": ["root"]},
		{"action": "accept", "src": ["autogroup:member"], "dst": ["autogroup:self"], "users": ["autogroup:nonroot", "localpart:*@example.com"]},
		{"action": "accept", "src": ["autogroup:admin"], "dst": ["tag:exit"], "users": ["root"]}],`
	for _, c := range []struct {
		entry string
		want  []Answer // of accept, check and deny
	}{
		{`"src": "alice@example.com", "dst": ["tag:web"], "accept": ["deploy", "root"], "check": ["root", "deploy"], "deny": ["nobody", "root"]`, []Answer{Yes, No, Yes, No, Yes, No}},
		{`"src": "bob@example.com", "dst": ["web", "100.64.0.10"], "accept": ["deploy"], "deny": ["root"]`, []Answer{Yes, Yes, Yes, Yes}},
		{`"src": "alice@example.com", "dst": ["alice@example.com", "bob@example.com"], "accept": ["any"], "deny": ["root"]`, []Answer{Yes, Yes, No, Yes}},
		{`"src": "dave@example.com", "dst": ["tag:exit"], "accept": ["root"]`, []Answer{Yes}},
		{`"src": "carol@example.com", "dst": ["tag:exit"], "accept": ["root"], "deny": ["root"]`, []Answer{Unknown, Unknown}},
		{`"src": "tag:web", "dst": ["tag:exit"], "deny": ["root"]`, []Answer{Yes}},
		{`"src": "ghost@example.com", "dst": ["tag:exit"], "deny": ["root"]`, []Answer{No}},
	} {
		p := policyFor(t, `{`+smallSections+rules+`"sshTests": [{`+c.entry+`}]}`, small())
		got := slices.Collect(p.Tests())
		if len(got) != len(c.want) {
			t.Errorf("%s: %d verdicts, want %d", c.entry, len(got), len(c.want))
			continue
		}
		for i, r := range got {
			if r.Pass != c.want[i] {
				t.Errorf("%s: the verdict of %s %s on %s is %v (%s), want %v", c.entry, r.Want, r.User, r.Target, r.Pass, r.Text, c.want[i])
			}
		}
	}
}

// An ssh verdict says whether a person signs in again, and why not.
func TestSSH(t *testing.T) {
	p := policyFor(t, `{`+smallSections+`"ssh": [
		{"action": "accept", "src": ["autogroup:member"], "dst": ["tag:web"], "users": ["autogroup:nonroot"]},
		{"action": "check", "src": ["alice@example.com"], "dst": ["tag:web"], "users": ["root", "deploy"]},
		{"action": "accept", "src": ["autogroup:member"], "dst": ["tag:exit"], "users": ["root"], "srcPosture": ["posture:linux"]}]}`, small())
	for _, c := range []struct {
		src, dst, user string
		want           Answer
		check          bool
		say            string
	}{
		{"alice@example.com", "web", "root", Yes, true, ""},
		{"alice@example.com", "web", "deploy", Yes, true, ""}, // a rule that checks goes before
		{"alice@example.com", "web", "other", Yes, false, ""},
		{"bob@example.com", "web", "deploy", Yes, false, ""},
		{"bob@example.com", "web", "root", No, false, "other users"},
		{"bob@example.com", "router", "root", No, false, "no rule of ssh"},
		{"alice-phone", "exit", "root", No, false, "condition"},
		{"carol@example.com", "exit", "root", Unknown, false, "posture attributes of carol-laptop"},
	} {
		v := p.SSH(endOf(t, p, c.src), endOf(t, p, c.dst), c.user)
		said := strings.Join(v.Unknown, ", ")
		if v.Answer == No {
			said = v.Why[0].Text
		}
		if v.Answer != c.want || v.Check != c.check || !strings.Contains(said, c.say) {
			t.Errorf("%s on %s as %s: %v, check %t, %q; want %v, %t, %q", c.src, c.dst, c.user, v.Answer, v.Check, said, c.want, c.check, c.say)
		}
	}
}

// Who is not listed may be there, where the list of people is not whole.
func TestTestsOfPeopleNotListed(t *testing.T) {
	net := small()
	net.Partial = true
	p := policyFor(t, `{`+smallSections+`"tests": [{"src": "nobody@example.com", "deny": ["web:443"]}, {"src": "tag:ghost", "deny": ["web:443"]}, {"src": "web", "deny": ["ghost:1"]}]}`, net)
	for i, want := range []Answer{Unknown, No, No} {
		if got := slices.Collect(p.Tests())[i]; got.Pass != want || (want == Unknown) != (len(got.Unknown) > 0) {
			t.Errorf("the verdict of %s is %v (%s; %q), want %v", got.Src, got.Pass, got.Text, got.Unknown, want)
		}
	}
}

// Tests of which each costs much end: what is not judged is unknown, and no failure.
func TestTestsHaveABound(t *testing.T) {
	net := small()
	for i := range 1500 {
		net.Devices = append(net.Devices, tailnet.Device{ID: fmt.Sprint("m", i), Tags: []string{"tag:idle"}}, tailnet.Device{ID: fmt.Sprint("p", i), Login: "bob@example.com"})
	}
	entries := strings.Repeat(`{"src": "bob@example.com", "dst": ["tag:idle"], "deny": ["root"]},`, 1000)
	all := slices.Collect(policyFor(t, `{`+smallSections+`"ssh": [{"action": "check", "src": ["alice@example.com"], "dst": ["tag:web"], "users": ["root"]}], "sshTests": [`+entries+`]}`, net).Tests())
	if first, last := all[0], all[len(all)-1]; len(all) != 1000 || first.Pass != Yes || last.Pass != Unknown || len(last.Unknown) != 1 || !strings.Contains(last.Text, "too much for one evaluation") {
		t.Errorf("got %d, the first %+v, the last %+v", len(all), first, last)
	}
}
