// SPDX-License-Identifier: MIT

package grammar

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// file is a policy with what the entries below name, and sections beside.
func file(sections string) string {
	return `{"groups": {"group:a": ["u@x.org"]}, "hosts": {"web": "10.0.0.1", "net": "10.0.0.0/8"}, "ipsets": {"ipset:p": ["10.0.0.0/8"]},
	"tagOwners": {"tag:a": []}, "postures": {"posture:m": ["node:os == 'macos'"]}, ` + sections + `}`
}

func aclTo(src, dst string) string {
	return fmt.Sprintf(`"acls": [{"action": "accept", "src": [%q], "dst": [%q]}]`, src, dst)
}

func grantTo(src, dst string) string {
	return fmt.Sprintf(`"grants": [{"src": [%q], "dst": [%q], "ip": ["*"]}]`, src, dst)
}

func granted(fields string) string {
	return `"grants": [{"src": ["*"], "dst": ["*"], ` + fields + `}]`
}

func sshTo(fields string) string {
	return `"ssh": [{"action": "check", "src": ["u@x.org"], "dst": ["tag:a"], "users": ["root"], ` + fields + `}]`
}

// TestRefused holds what is refused, with the message: the API's where known is true.
func TestRefused(t *testing.T) {
	for _, c := range []struct {
		sections, want string
		known          bool
	}{
		// Sources and destinations of acls.
		{aclTo("tag:b", "*:*"), `src=tag not found: "tag:b"`, true},
		{aclTo("group:b", "*:*"), `src=group not found: "group:b"`, false},
		{aclTo("ipset:q", "*:*"), `src=ipset not found: "ipset:q"`, false},
		{aclTo("db", "*:*"), `src=host not found: "db"`, false},
		{aclTo("10.0.0.0/33", "*:*"), `src=not a prefix of addresses: "10.0.0.0/33"`, false},
		{aclTo("", "*:*"), `src=a name is empty`, false},
		{aclTo("autogroup:everyone", "*:*"), `src=autogroup not found: "autogroup:everyone"`, false},
		{aclTo("autogroup:self", "*:*"), `"autogroup:self" not valid on the src side of a rule`, true},
		{aclTo("autogroup:internet", "*:*"), `"autogroup:internet" not valid on the src side of a rule`, false},
		{aclTo("user:*@y.org", "*:*"), "y.org is not associated with this Tailnet and cannot be used in user:*@<domain> expressions", false},
		{aclTo("*", "tag:b:22"), `dst="tag:b": tag not found: "tag:b"`, true},
		{aclTo("*", "group:b:22"), `dst="group:b": group not found: "group:b"`, false},
		{aclTo("*", "db:22"), `dst="db": host not found: "db"`, false},
		{aclTo("*", "web"), `dst="web": hostport must contain a colon (":")`, true},
		{aclTo("*", "web:"), `dst="web:": invalid port list: ""`, true},
		{aclTo("*", "web:0"), `dst="web:0": port range "0": first port must be >0, or use '*' for wildcard`, true},
		{aclTo("*", "web:SSH"), `dst="web:SSH": port range "ssh": invalid first integer`, true},
		{aclTo("*", "web:65536"), `dst="web:65536": port range "65536": invalid first integer`, true},
		{aclTo("*", "web:1-x"), `dst="web:1-x": port range "1-x": invalid last integer`, true},
		{aclTo("*", "web:1-2-3"), `dst="web:1-2-3": port range "1-2-3": too many dashes(-)`, true},
		{aclTo("*", "web:9-8"), `dst="web:9-8": port range "9-8": first port must be >= last port`, true},
		{aclTo("*", "web:22,x"), `dst="web:22,x": port range "x": invalid first integer`, true},
		{aclTo("*", "autogroup:danger-all:*"), "cannot use autogroup:danger-all as a dst", true},
		{aclTo("tag:a", "autogroup:self:*"), "autogroup:self can only be used with users, groups, or supported autogroups", true},
		{aclTo("web", "autogroup:self:22"), "autogroup:self can only be used with users, groups, or supported autogroups", true},
		{aclTo("autogroup:tagged", "autogroup:self:22"), "autogroup:self can only be used with users, groups, or supported autogroups", true},
		{`"acls": [{"src": ["*"], "dst": ["*:*"]}]`, "action must be specified", true},
		{`"acls": [{"action": "deny", "src": ["*"], "dst": ["*:*"]}]`, `"deny" is not a valid action`, true},
		{`"acls": [{"action": "accept", "proto": "tpc", "src": ["*"], "dst": ["*:*"]}]`, `proto name "tpc" not known; use protocol number 0-255`, false},
		{`"acls": [{"action": "accept", "proto": "256", "src": ["*"], "dst": ["*:*"]}]`, `proto name "256" not known; use protocol number 0-255`, false},
		{`"acls": [{"action": "accept", "proto": "icmp", "src": ["*"], "dst": ["*:80"]}]`, `protocol "icmp" does not support specific ports: "*:80"`, false},
		{`"acls": [{"action": "accept", "src": ["*"], "dst": ["*:*"], "srcPosture": ["posture:n"]}]`, `posture not found: "posture:n"`, false},
		{`"acls": [{"action": "accept", "source": ["*"], "dst": ["*:*"]}]`, `json: unknown field "source"`, false},
		{`"rules": []`, `json: unknown field "rules"`, false},

		// Grants.
		{grantTo("tag:b", "*"), `src=tag not found: "tag:b"`, true},
		{grantTo("*", "tag:b"), `dst="tag:b": tag not found: "tag:b"`, false},
		{grantTo("*", "tag:a:22"), `dst "tag:a:22": host name must not contain colon (":") for "tag:a:22"`, true},
		{grantTo("*", "10.0.0.1:22"), `dst "10.0.0.1:22": host name must not contain colon (":") for "10.0.0.1:22"`, true},
		{grantTo("*", "0.0.0.0/0"), `dst "0.0.0.0/0": to allow all IP addresses, use "*" or "autogroup:internet"`, true},
		{grantTo("*", "autogroup:self"), "autogroup:self can only be used with users, groups, or supported autogroups", true},
		{grantTo("autogroup:self", "*"), `"autogroup:self" not valid on the src side of a rule`, true},
		{granted(`"ip": []`), "ip and app can not both be empty", true},
		{granted(`"ip": ["icmp"]`), `port range "icmp": invalid first integer`, true},
		{granted(`"ip": ["tcp:0"]`), `port range "0": first port must be >0, or use '*' for wildcard`, true},
		{granted(`"ip": ["tcp:9-8"]`), `port range "9-8": first port must be >= last port`, true},
		{granted(`"ip": ["tpc:22"]`), `proto name "tpc" not known; use protocol number 0-255`, true},
		{granted(`"ip": [":22"]`), "empty protocol", true},
		{granted(`"ip": [""]`), "empty string", true},
		{granted(`"app": {"cap": []}`), "capability name must have the form {domain}/{path}", true},
		{granted(`"app": {"x.org/": []}`), "capability name must have the form {domain}/{path}", true},
		{granted(`"app": {"https://x.org/cap": []}`), "capability name must have the form {domain}/{path}", true},
		{granted(`"app": {"tailscale.com/cap/funnel": []}`), "capability name must not be in the tailscale.com domain", true},
		{granted(`"ip": ["*"], "via": ["tag:b"]`), `tag "tag:b" not found`, true},
		{granted(`"ip": ["*"], "via": ["web"]`), "via can only be a tag", false},
		{`"grants": [{"src": ["*"], "dst": ["autogroup:internet"], "app": {"x.org/a": [{}]}}]`, "cannot use app grants with autogroup:internet", false},

		// SSH.
		{sshTo(`"checkPeriod": "-1h"`), "checkPeriod -1h0m0s must be a positive duration", true},
		{sshTo(`"checkPeriod": "169h"`), "checkPeriod 169h0m0s is above the max (168h)", false},
		{sshTo(`"checkPeriod": "soon"`), `checkPeriod "soon" is not a duration`, false},
		{sshTo(`"acceptEnv": ["A", ""]`), "acceptEnv values cannot be empty", true},
		{sshTo(`"recorder": ["tag:b"]`), `tag not found: "tag:b"`, false},
		{`"ssh": [{"action": "reject", "src": ["u@x.org"], "dst": ["tag:a"], "users": ["root"]}]`, `"reject" is not a valid action`, true},
		{`"ssh": [{"action": "accept", "src": ["u@x.org"], "dst": ["web"], "users": ["root"]}]`, `invalid dst "web"`, true},
		{`"ssh": [{"action": "accept", "src": ["u@x.org"], "dst": ["100.64.0.1"], "users": ["root"]}]`, `invalid dst "100.64.0.1"`, true},
		{`"ssh": [{"action": "accept", "src": ["u@x.org"], "dst": ["*"], "users": ["root"]}]`, `invalid dst "*"`, false},
		{`"ssh": [{"action": "accept", "src": ["u@x.org"], "dst": ["tag:b"], "users": ["root"]}]`, `tag not found: "tag:b"`, false},
		{`"ssh": [{"action": "accept", "src": ["tag:b"], "dst": ["tag:a"], "users": ["root"]}]`, `tag not found: "tag:b"`, false},
		{`"ssh": [{"action": "accept", "src": ["autogroup:self"], "dst": ["tag:a"], "users": ["root"]}]`, `"autogroup:self" is not allowed in src`, false},
		{`"ssh": [{"action": "accept", "src": ["v@x.org"], "dst": ["u@x.org"], "users": ["root"]}]`, "users in dst are only allowed from the same user", true},
		{`"ssh": [{"action": "accept", "src": ["tag:a"], "dst": ["autogroup:self"], "users": ["root"]}]`, "autogroup:self can only be used with users, groups, or supported autogroups", false},
		{`"ssh": [{"action": "accept", "src": ["user:*@y.org"], "dst": ["tag:a"], "users": ["root"]}]`, "[ssh] y.org is not associated with this Tailnet and cannot be used in user:*@<domain> expressions", true},
		{`"ssh": [{"action": "accept", "src": ["u@x.org"], "dst": ["tag:a"], "users": ["localpart:*@y.org"]}]`, "y.org is not associated with this Tailnet and cannot be used in user:*@<domain> expressions", true},
		{`"ssh": [{"action": "accept", "src": ["u@x.org"], "dst": ["tag:a"]}]`, "users must be specified", true},
		{`"ssh": [{"action": "accept", "src": ["u@x.org"], "dst": ["tag:a"], "users": ["*"]}]`, `user "*" is not valid`, true},
		{`"sshTests": [{"src": "u@x.org", "dst": ["tag:b"], "accept": ["root"]}]`, `SSH tests dst contains unknown tag "tag:b"`, true},
		{`"sshTests": [{"src": "u@x.org", "dst": ["10.0.0.0/8"], "accept": ["root"]}]`, `SSH tests dst contains disallowed element "10.0.0.0/8"`, true},
		{`"sshTests": [{"src": "u@x.org", "dst": ["*"], "accept": ["root"]}]`, `SSH tests dst contains disallowed element "*"`, false},

		// Attributes and approvers.
		{`"nodeAttrs": [{"target": ["tag:b"], "attr": ["funnel"]}]`, `tag not found: "tag:b"`, true},
		{`"nodeAttrs": [{"target": ["group:b"], "attr": ["funnel"]}]`, `group not found: "group:b"`, false},
		{`"nodeAttrs": [{"target": ["autogroup:self"], "attr": ["funnel"]}]`, "internal server error", true},
		{`"nodeAttrs": [{"target": ["*"], "ipPool": ["100.115.92.0/24"]}]`, "IPPool(100.115.92.0/24): network within reserved range", true},
		{`"nodeAttrs": [{"target": ["*"], "ipPool": ["10.0.0.0/24"]}]`, "IPPool(10.0.0.0/24): network not within 100.64.0.0/10", false},
		{`"nodeAttrs": [{"target": ["*"], "ipPool": ["100.81.0.1"]}]`, `IPPool("100.81.0.1"): not a prefix`, false},
		{`"autoApprovers": {"routes": {"10.0.0.1": ["tag:a"]}}`, `autoApprovers.routes["10.0.0.1"]: not a prefix`, false},
		{`"autoApprovers": {"routes": {"10.0.0.0/8": ["tag:b"]}}`, `autoApprovers.routes["10.0.0.0/8"]: tag not found: "tag:b"`, false},
		{`"autoApprovers": {"exitNode": ["group:b"]}`, `autoApprovers.exitNode: group not found: "group:b"`, false},
		{`"autoApprovers": {"services": {"web": ["tag:a"]}}`, `autoApprovers.services["web"]: not a Service or a tag`, false},
		{`"autoApprovers": {"nodes": []}`, `json: unknown field "nodes"`, false},
		{`"defaultSrcPosture": ["posture:n"]`, `posture not found: "posture:n"`, false},
		{`"extraDNSRecords": [{"name": "a", "ttl": "1"}]`, `json: unknown field "ttl"`, false},
	} {
		checkFirst(t, file(c.sections), c.want, c.known)
	}
}

// TestDefinitionsRefused holds what is refused in the sections that define names.
func TestDefinitionsRefused(t *testing.T) {
	for _, c := range []struct {
		text, want string
		known      bool
	}{
		{`{"groups": {"group:a": ["group:b"], "group:b": ["u@x.org"]}}`, `groups["group:a"]: "group:b": group members cannot be recursive`, true},
		{`{"groups": {"group:a": ["group:a"]}}`, `groups["group:a"]: "group:a": group members cannot be recursive`, true},
		{`{"groups": {"admins": []}}`, `groups["admins"]: group names must start with 'group:'`, false},
		{`{"groups": {"group:a": [""]}}`, `groups["group:a"]: a member is empty`, false},
		{`{"hosts": {"a@b": "10.0.0.1"}}`, `host names cannot include an @, please change the name for "a@b"`, true},
		{`{"hosts": {"a:b": "10.0.0.1"}}`, `hosts["a:b"]: a host name has no colon and no comma, and is not empty`, false},
		{`{"hosts": {"a": "10.0.0.256"}}`, `hosts["a"]: not an address or a prefix: "10.0.0.256"`, false},
		{`{"tagOwners": {"server": []}}`, `tagOwners["server"]: tags must start with 'tag:'`, true},
		{`{"tagOwners": {"tag:": []}}`, `tagOwners["tag:"]: tag names must not be empty`, true},
		{`{"tagOwners": {"tag:1a": []}}`, `tagOwners["tag:1a"]: tag names must start with a letter, after 'tag:'`, true},
		{`{"tagOwners": {"tag:a_b": []}}`, `tagOwners["tag:a_b"]: tag names can only contain numbers, letters, or dashes`, true},
		{`{"tagOwners": {"tag:a": ["tag:b"]}}`, `tagOwners["tag:a"]: tag not found: "tag:b"`, false},
		{`{"tagOwners": {"tag:a": ["group:b"]}}`, `tagOwners["tag:a"]: group not found: "group:b"`, false},
		{`{"tagOwners": {"tag:a": ["autogroup:tagged"]}}`, `tagOwners["tag:a"]: "autogroup:tagged": only tag:name, group:name, role autogroups, or user@domain are allowed`, true},
		{`{"tagOwners": {"tag:a": ["web"]}}`, `tagOwners["tag:a"]: "web": only tag:name, group:name, role autogroups, or user@domain are allowed`, true},
		{`{"ipsets": {"p": []}}`, `ipsets["p"]: names of ipsets must start with 'ipset:'`, false},
		{`{"ipsets": {"ipset:p": ["add tag:a"]}}`, `ipsets["ipset:p"]: not a part of an ipset: "tag:a"`, false},
		{`{"ipsets": {"ipset:p": ["add autogroup:internet", "remove autogroup:member"]}}`, `ipsets["ipset:p"]: not a part of an ipset: "autogroup:member"`, false},
		{`{"ipsets": {"ipset:p": ["remove host:web"]}}`, `ipsets["ipset:p"]: host not found: "web"`, false},
		{`{"ipsets": {"ipset:p": ["ipset:q"], "ipset:q": ["add ipset:p"]}}`, `ipsets["ipset:p"]: an ipset cannot be part of itself`, false},
		{`{"postures": {"m": ["node:os == 'macos'"]}}`, `postures["m"]: names of postures must start with 'posture:'`, false},
		{`{"postures": {"posture:m": ["macos"]}}`, `postures["posture:m"]: not a condition: "macos"`, false},
		{`{"postures": {"posture:m": ["node:os =="]}}`, `postures["posture:m"]: not a condition: "node:os =="`, false},
	} {
		checkFirst(t, c.text, c.want, c.known)
	}
}

func checkFirst(t *testing.T, text, want string, known bool) {
	t.Helper()
	all := Validate(must(t, text), []string{"x.org"})
	if len(all) == 0 {
		t.Errorf("%s: accepted, want %q", text, want)
		return
	}
	e := all[0]
	if e.Message != want || e.Known != known || e.Next == "" || e.Line < 1 || e.Column < 1 || e.End <= e.Begin {
		t.Errorf("%s:\n got %q, known %v, %+v\nwant %q, known %v", text, e.Message, e.Known, e.Place, want, known)
	}
}

// TestAccepted holds what no mistake is found in.
func TestAccepted(t *testing.T) {
	for _, sections := range []string{
		aclTo("*", "autogroup:self:*"), aclTo("autogroup:member", "autogroup:self:22,80-90"), aclTo("group:a", "autogroup:self:*"),
		aclTo("u@x.org", "autogroup:self:*"), aclTo("autogroup:admin", "autogroup:self:*"), aclTo("nobody@y.org", "*:*"),
		aclTo("autogroup:danger-all", "*:*"), aclTo("group:synced@x.org", "*:*"), aclTo("10.0.0.0/8", "fd00:1::/64:443"),
		aclTo("100.64.0.1-100.64.0.9", "[fd00::1]:22"), aclTo("ipset:p", "ipset:p:22"), aclTo("host:web", "WEB:1-65535"),
		aclTo("user:*@x.org", "svc:s:443"), aclTo("*", "autogroup:internet:*"), aclTo("autogroup:shared", "autogroup:tagged:*"),
		`"acls": [{"action": " accept", "proto": "ICMP", "src": ["*"], "dst": ["*:*"]}]`,
		`"acls": [{"action": "accept", "proto": "17", "src": [], "dst": ["*:53"]}]`,
		grantTo("autogroup:member", "autogroup:self"), grantTo("*", "fd7a:115c:a1e0::1"), grantTo("*", "10.0.0.0/1"), grantTo("*", "svc:s"),
		granted(`"ip": ["*", "443", "80-90", "tcp:22", "6:22", "*:22", "icmp:*"]`), granted(`"app": {"x.org/a/b": null, "tailscale.com/cap/drive": []}`),
		sshTo(`"checkPeriod": "always"`), sshTo(`"checkPeriod": "0s"`), sshTo(`"checkPeriod": "168h"`), sshTo(`"acceptEnv": ["**"]`),
		`"ssh": [{"action": "accept", "src": ["u@x.org"], "dst": ["u@x.org", "autogroup:self"], "users": ["localpart:*@x.org", "localpart:a", "tag:b", "autogroup:tagged"]}]`,
		`"ssh": [{"action": "accept", "src": ["tag:a"], "dst": [], "users": ["root"]}]`,
		`"sshTests": [{"src": "", "dst": ["web", "100.64.0.1", "u@x.org", "tag:a"]}]`,
		`"tests": [{"src": "tag:b", "accept": ["nobody:x"]}]`,
		`"nodeAttrs": [{"target": ["web", "100.64.0.1/32", "autogroup:owner"], "attr": ["custom:a"]}, {"target": []}]`,
		`"autoApprovers": {"routes": {"10.0.0.0/8": ["tag:a", "group:a", "u@x.org", "autogroup:member"]}, "exitNode": []}`,
	} {
		for _, e := range Validate(must(t, file(sections)), []string{"x.org"}) {
			t.Errorf("%s: %v", sections, e)
		}
	}
}

// TestManyNames reads a rule of very many equal sources and destinations: it ends at
// once where each is looked at once.
func TestManyNames(t *testing.T) {
	names := strings.Repeat(`"u@x.org",`, 90_000)
	text := `{"ssh": [{"action": "accept", "src": [` + names + `], "dst": [` + names + `], "users": ["root"]}]}`
	if all := Validate(must(t, text), nil); len(all) != 0 {
		t.Errorf("%v", all[0])
	}
}

// TestDomainsUnknown holds that nothing is said of domains where they are not known.
func TestDomainsUnknown(t *testing.T) {
	if all := Validate(must(t, file(aclTo("user:*@y.org", "*:*"))), nil); len(all) != 0 {
		t.Errorf("%v", all)
	}
}

// TestOrder holds that the first section's mistake is the first, and how many are told.
func TestOrder(t *testing.T) {
	f := must(t, `{"ssh": [{"users": []}], "grants": [{"src": ["tag:c"], "dst": ["*"]}], "tagOwners": {"a": []}, "what": 1}`)
	var got []string
	for _, e := range Validate(f, nil) {
		got = append(got, e.Message)
	}
	want := []string{
		`json: unknown field "what"`, `tagOwners["a"]: tags must start with 'tag:'`, "ip and app can not both be empty",
		`src=tag not found: "tag:c"`, "action must be specified", "users must be specified",
	}
	if !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
	many := must(t, `{"acls": [`+strings.Repeat(`{"nope": 1},`, 500)+`]}`)
	if n := len(Validate(many, nil)); n != 100 {
		t.Errorf("%d mistakes are told", n)
	}
}
