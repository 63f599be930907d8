// SPDX-License-Identifier: MIT

package grammar

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
)

// must reads a file that is readable.
func must(t testing.TB, text string) *File {
	t.Helper()
	f, err := Parse(text)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return f
}

func texts(names []Name) []string {
	var all []string
	for _, n := range names {
		all = append(all, n.Text)
	}
	return all
}

// TestWholeGrammar reads every section and every field once.
func TestWholeGrammar(t *testing.T) {
	f := must(t, `{
	// people
	"groups": {"group:a": ["u@x.org", "v@x.org"], "group:none": []},
	"Hosts": {"web": "100.64.0.1"}, /* any case */
	"ipsets": {"ipset:p": ["add 10.0.0.0/8", "remove host:web"]},
	"tagOwners": {"tag:a": ["autogroup:admin"]},
	"postures": {"posture:m": ["node:os == 'macos'"]},
	"defaultSrcPosture": ["posture:m"],
	"acls": [
		{"action": "accept", "src": ["*"], "dst": ["tag:a:22"], "proto": "tcp", "srcPosture": ["posture:m"]},
		{"Action": "accept", "Users": ["u@x.org"], "Ports": ["*:*"], "proto": 6},
	],
	"grants": [{"src": ["*"], "dst": ["tag:a"], "ip": ["tcp:443"], "via": ["tag:a"], "srcPosture": ["posture:m"],
		"app": {"x.org/cap/a": [{"n": 1, /* one */ }, "b"], "x.org/cap/b": null}}],
	"ssh": [{"action": "check", "src": ["u@x.org"], "dst": ["tag:a"], "users": ["root"], "checkPeriod": "1h",
		"acceptEnv": ["LC_*"], "recorder": ["tag:a"], "enforceRecorder": true, "srcPosture": ["posture:m"]}],
	"nodeAttrs": [{"target": ["*"], "attr": ["funnel"], "ipPool": ["100.81.0.0/16"], "app": {"tailscale.com/app-connectors": [{}]}}],
	"autoApprovers": {"routes": {"10.0.0.0/8": ["tag:a"]}, "exitNode": ["u@x.org"], "services": {"svc:s": ["tag:a"]}},
	"tests": [{"src": "u@x.org", "proto": "tcp", "accept": ["tag:a:22"], "deny": ["web:80"], "srcPostureAttrs": {"node:os": "macos"}},
		{"user": "v@x.org", "allow": ["tag:a:22"]}],
	"sshTests": [{"src": "u@x.org", "dst": ["tag:a"], "accept": ["a"], "deny": ["b"], "check": ["c"]}],
	"extraDNSRecords": [{"name": "a.x.org", "type": "A", "value": "10.0.0.1"}],
	"randomizeClientPort": true, "disableIPv4": false, "oneCGNATRoute": "mac-always", "derpMap": {"OmitDefaultRegions": true},
}`)
	var got []string
	show := func(format string, args ...any) { got = append(got, fmt.Sprintf(format, args...)) }
	for _, section := range [][]Definition{f.Groups, f.Hosts, f.IPSets, f.TagOwners, f.Postures, f.AutoApprovers.Routes, f.AutoApprovers.Services} {
		for _, d := range section {
			show("%s %v", d.Text, texts(d.Values))
		}
	}
	show("%v %v", texts(f.DefaultSrcPosture), texts(f.AutoApprovers.ExitNode))
	for _, a := range f.ACLs {
		show("acl %s %s %v %v %v", a.Action.Text, a.Proto.Text, texts(a.Src), texts(a.Dst), texts(a.SrcPosture))
	}
	for _, g := range f.Grants {
		show("grant %v %v %v %v %v %s=%s %s=%s", texts(g.Src), texts(g.Dst), texts(g.Via), texts(g.IP), texts(g.SrcPosture), g.App[0].Text, g.App[0].Values, g.App[1].Text, g.App[1].Values)
	}
	for _, s := range f.SSH {
		show("ssh %s %v %v %v %s %v %v %v %v", s.Action.Text, texts(s.Src), texts(s.Dst), texts(s.Users), s.CheckPeriod.Text, texts(s.AcceptEnv), texts(s.Recorder), s.EnforceRecorder, texts(s.SrcPosture))
	}
	for _, n := range f.NodeAttrs {
		show("attr %v %v %v %s", texts(n.Target), texts(n.Attr), texts(n.IPPool), n.App[0].Text)
	}
	for _, x := range f.Tests {
		show("test %s %s %v %v %s", x.Src.Text, x.Proto.Text, texts(x.Accept), texts(x.Deny), x.SrcPosture["node:os"])
	}
	for _, x := range f.SSHTests {
		show("sshtest %s %v %v %v %v", x.Src.Text, texts(x.Dst), texts(x.Accept), texts(x.Deny), texts(x.Check))
	}
	want := []string{
		"group:a [u@x.org v@x.org]", "group:none []", "web [100.64.0.1]", "ipset:p [add 10.0.0.0/8 remove host:web]",
		"tag:a [autogroup:admin]", "posture:m [node:os == 'macos']", "10.0.0.0/8 [tag:a]", "svc:s [tag:a]",
		"[posture:m] [u@x.org]",
		"acl accept tcp [*] [tag:a:22] [posture:m]", "acl accept 6 [u@x.org] [*:*] []",
		`grant [*] [tag:a] [tag:a] [tcp:443] [posture:m] x.org/cap/a=[{"n":1} "b"] x.org/cap/b=[]`,
		"ssh check [u@x.org] [tag:a] [root] 1h [LC_*] [tag:a] true [posture:m]",
		"attr [*] [funnel] [100.81.0.0/16] tailscale.com/app-connectors",
		`test u@x.org tcp [tag:a:22] [web:80] "macos"`, "test v@x.org  [tag:a:22] [] ",
		"sshtest u@x.org [tag:a] [a] [b] [c]",
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if len(f.Sections) != 18 || f.Sections[1].Text != "Hosts" {
		t.Errorf("sections: %v", texts(f.Sections))
	}
	for _, e := range Validate(f, []string{"x.org"}) {
		t.Errorf("line %d, column %d: %v", e.Line, e.Column, e)
	}
}

func TestPlaces(t *testing.T) {
	text := "{\n  // é: two bytes\n  \"acls\": [\n    {\"src\": [\"*\", \"tag:a\"]},\n  ],\n}\n"
	f := must(t, text)
	rule := f.ACLs[0]
	if rule.Line != 4 || rule.Column != 5 || text[rule.Begin:rule.End] != `{"src": ["*", "tag:a"]}` {
		t.Errorf("rule: %+v", rule.Place)
	}
	src := rule.Src[1]
	if src.Line != 4 || src.Column != 19 || text[src.Begin:src.End] != `"tag:a"` {
		t.Errorf("src: %+v", src)
	}
	section := f.Sections[0]
	if section.Line != 3 || section.Column != 3 || !strings.HasPrefix(text[section.Begin:section.End], `"acls": [`) || text[section.End-1] != ']' {
		t.Errorf("section: %+v", section)
	}
}

func TestOpen(t *testing.T) {
	for text, open := range map[string]bool{
		`{}`: true, `{"acls": null}`: true, `{"acls": []}`: false, `{"grants": []}`: false, `{"ssh": []}`: true, `{"ACLs": []}`: false,
	} {
		if got := must(t, text).Open(); got != open {
			t.Errorf("%s: open %v", text, got)
		}
	}
}

// TestUnreadable holds the texts that are no policy file, and where the mistake is.
func TestUnreadable(t *testing.T) {
	for _, c := range []struct {
		text         string
		line, column int
		want         string
	}{
		{``, 1, 1, "not readable"},
		{`[]`, 1, 1, "is no object"},
		{"{\n  \"acls\": [\n    {\"src\" []}\n  ]\n}", 3, 12, "invalid character '[' after object name"},
		{"{\n\"acls\": [", 2, 10, "unexpected EOF"},
		{`{"a": "` + strings.Repeat("x", 5000) + "\x01\"}", 1, 7, "invalid literal"},
		{`{"acls": [], "ACLs": []}`, 1, 14, `the policy has "ACLs" twice in one object`},
		{`{"acls": [{"src": [], "ſrc": []}]}`, 1, 23, "twice in one object"},
		{`{"groups": {"group:a": [], "group:a": []}}`, 1, 28, "twice in one object"},
		{`{"autoApprovers": {"routes": {}, "Routes": {}}}`, 1, 34, "twice in one object"},
		{`{"grants": [{"app": {"x.org/a": [{"n": 1, "N": 2}]}}]}`, 1, 43, "twice in one object"},
		{`{"derpMap": {"Regions": {"1": {"a": 1, "a": 2}}}}`, 1, 40, "twice in one object"},
		{`{"acls": [{"src": [], "users": ["*"]}]}`, 1, 32, "src or users by both names"},
		{`{"tests": [{"accept": [], "allow": []}]}`, 1, 36, "accept or allow by both names"},
		{`{"tests": [{"src": "a@x", "user": "b@x"}]}`, 1, 35, "src or user by both names"},
		{`{"acls": {}}`, 1, 10, "acls is an object, not a list"},
		{`{"acls": [[]]}`, 1, 11, "a rule of acls is a list, not an object"},
		{`{"acls": [{"src": "*"}]}`, 1, 19, "src is a text, not a list"},
		{`{"acls": [{"src": [1]}]}`, 1, 20, "each of src is a number, not a text"},
		{`{"groups": {"group:a": "u@x.org"}}`, 1, 24, `groups["group:a"] is a text, not a list`},
		{`{"groups": []}`, 1, 12, "groups is a list, not an object"},
		{`{"hosts": {"a": true}}`, 1, 17, `hosts["a"] is true or false, not a text`},
		{`{"randomizeClientPort": "yes"}`, 1, 25, "is a text, not true or false"},
		{`{"a": ` + strings.Repeat("[", 200) + strings.Repeat("]", 200) + `}`, 1, 206, "more than 200 lists and objects of the policy are within each other"},
		{`{"a": [` + strings.Repeat("0,", 200_001) + `]}`, 1, 400_007, "more than 200000 values"},
		{`{"acls": [` + strings.Repeat("{},", 20_001) + `]}`, 1, 60_011, "20001 entries in acls; at most 20000 are read"},
		{strings.Repeat(" ", 4<<20) + `{}`, 1, 1, "at most 4194304 are read"},
	} {
		_, err := Parse(c.text)
		var e *Error
		if !errors.As(err, &e) || !strings.Contains(e.Message, c.want) || e.Next == "" || len(e.Message) > 500 {
			t.Errorf("%.60s: %v, want %q and a next step", c.text, err, c.want)
			continue
		}
		if e.Line != c.line || e.Column != c.column {
			t.Errorf("%.60s: line %d, column %d, want %d, %d: %v", c.text, e.Line, e.Column, c.line, c.column, e)
		}
	}
}

// TestRead holds the texts that are readable although they look otherwise.
func TestRead(t *testing.T) {
	for _, text := range []string{
		`{"acls": null, "groups": null, "tests": null, "ssh": [null]}`,
		`{"groups": {"group:a": [], "group:A": []}}`, // names of the file's own keep their case
		`{"a": "` + strings.Repeat("[", 500) + `"}`,
		"{/* " + strings.Repeat("[", 500) + " */}",
		"{// " + strings.Repeat("{", 500) + "\n}",
		`{"a": "\"` + strings.Repeat("{", 500) + `"}`,
		strings.Repeat(" ", 4<<20-2) + `{}`,
	} {
		must(t, text)
	}
}

// TestRaw holds that values of capabilities are plain JSON.
func TestRaw(t *testing.T) {
	f := must(t, `{"grants": [{"app": {"x.org/a": [ /* all */ {"tools": ["a", /* and */ "b",], }, ]}}]}`)
	value := f.Grants[0].App[0].Values[0]
	if !json.Valid(value) || string(value) != `{"tools":["a","b"]}` {
		t.Errorf("%s", value)
	}
}
