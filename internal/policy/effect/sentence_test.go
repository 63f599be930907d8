// SPDX-License-Identifier: MIT

package effect

import (
	"slices"
	"strings"
	"testing"
)

const (
	httpsOfWeb = `{"src": ["group:eng"], "dst": ["tag:web"], "ip": ["tcp:443"]}`
	posture    = `{"src": ["group:eng", "vera@example.com"], "srcPosture": ["posture:a"], "dst": ["tag:web"], "ip": ["tcp:443"]}`
)

func ssh(action, users, more string) string {
	return `, "ssh": [{"action": "` + action + `", "src": ["bob@example.com"], "dst": ["tag:web"], "users": [` + users + `]` + more + `}]`
}

func app(src, tools string) string {
	return `{"src": [` + src + `], "dst": ["tag:mcp"], "app": {"` + capability + `": [{"tools": [` + tools + `]}]}}`
}

// withVera is file with vera in group:eng.
func withVera(text string) string {
	return strings.Replace(text, `"bob@example.com"]`, `"bob@example.com", "vera@example.com"]`, 1)
}

func TestSentences(t *testing.T) {
	for name, c := range map[string]struct {
		old, now string
		want     []string
	}{
		"nothing": {file(``, httpsOfWeb), file(``, httpsOfWeb), nil},
		"a rule": {file(``, ``), file(``, httpsOfWeb), []string{
			"more: alice@example.com and bob@example.com of group:eng gain tcp:443 on 2 devices of tag:web",
		}},
		"a rule gone": {file(``, httpsOfWeb), file(``, ``), []string{
			"less: alice@example.com and bob@example.com of group:eng lose tcp:443 on 2 devices of tag:web",
		}},
		"a person who joins a group": {file(``, httpsOfWeb), withVera(file(``, httpsOfWeb)), []string{
			"more: vera@example.com of group:eng gains tcp:443 on 2 devices of tag:web",
		}},
		"acls as grants":             {`{"acls": [{"action": "accept", "src": ["bob@example.com"], "dst": ["tag:web:443", "tag:mcp:443"]}]}`, `{"grants": [{"src": ["bob@example.com"], "dst": ["tag:mcp", "tag:web"], "ip": ["443"]}]}`, nil},
		"a rule that another covers": {file(``, `{"src": ["*"], "dst": ["*"], "ip": ["*"]}`), file(``, `{"src": ["*"], "dst": ["*"], "ip": ["*"]}, `+httpsOfWeb), nil},
		"everyone everything": {file(``, ``), file(``, `{"src": ["*"], "dst": ["*"], "ip": ["*"]}`), []string{
			"everyone: everyone gains every port on everything",
		}},
		"everyone, where some had it": {file(``, httpsOfWeb), file(``, `{"src": ["*"], "dst": ["tag:web"], "ip": ["tcp:443"]}`), []string{
			"everyone: everyone (who could not before: carol@example.com, dan@example.com, vera@example.com, tag:exit, tag:mcp, tag:router and 2 more) gains tcp:443 on 2 devices of tag:web",
		}},
		"every person": {file(``, ``), file(``, `{"src": ["autogroup:member"], "dst": ["tag:web"], "ip": ["443", "8000-8080"]}`), []string{
			"everyone: every person of the tailnet gains ports 443 and 8000-8080 on 2 devices of tag:web",
		}},
		"no rules at all": {`{"acls": []}`, `{}`, []string{
			"everyone: everyone gains every port on everything",
		}},
		"rules at last": {`{}`, `{"acls": []}`, []string{
			"less: everyone loses every port on everything",
		}},
		"root": {file(``, ``), file(ssh("accept", `"root", "deploy"`, ``), ``), []string{
			"root: bob@example.com gains ssh as deploy and root on 2 devices of tag:web",
		}},
		"root and all": {file(``, ``), file(ssh("accept", `"root", "autogroup:nonroot"`, ``), ``), []string{
			"root: bob@example.com gains ssh as root and every other user on 2 devices of tag:web",
		}},
		"after a check": {file(``, ``), file(ssh("check", `"localpart:*@example.com"`, ``), ``), []string{
			"more: bob@example.com gains ssh as the user of their own name (*@example.com) after a check on 2 devices of tag:web",
			"more: bob@example.com gains ssh as the user of their own name (*@example.com) after a check on their own devices",
		}},
		"accept for check": {file(ssh("check", `"deploy"`, ``), ``), file(ssh("accept", `"deploy"`, ``), ``), []string{
			"more: bob@example.com gains ssh as deploy without the check that asks to sign in again on 2 devices of tag:web",
		}},
		"check for accept": {file(ssh("accept", `"deploy"`, ``), ``), file(ssh("check", `"deploy"`, ``), ``), []string{
			"less: bob@example.com loses ssh as deploy without the check that asks to sign in again on 2 devices of tag:web",
		}},
		"a longer check": {file(ssh("check", `"deploy"`, `, "checkPeriod": "1h"`), ``), file(ssh("check", `"deploy"`, ``), ``), []string{
			"more: bob@example.com gains ssh as deploy with a check every 12h instead of every 1h on 2 devices of tag:web",
		}},
		"no recorder": {file(ssh("accept", `"deploy"`, `, "recorder": ["tag:mcp"]`), ``), file(ssh("accept", `"deploy"`, ``), ``), []string{
			"more: bob@example.com gains ssh as deploy without being recorded by tag:mcp on 2 devices of tag:web",
		}},
		"a recorder that may fail": {file(ssh("accept", `"deploy"`, `, "recorder": ["tag:mcp"], "enforceRecorder": true`), ``), file(ssh("accept", `"deploy"`, `, "recorder": ["tag:mcp"]`), ``), []string{
			"more: bob@example.com gains ssh as deploy also while no recorder answers on 2 devices of tag:web",
		}},
		"an exit node": {file(``, ``), file(``, `{"src": ["bob@example.com"], "dst": ["autogroup:internet"], "ip": ["*"]}`), []string{
			"network: bob@example.com gains every port on the internet by exit nodes",
		}},
		"a subnet": {file(``, ``), file(``, `{"src": ["bob@example.com"], "dst": ["10.1.0.0/16"], "ip": ["*"]}`), []string{
			"network: bob@example.com gains every port on 10.1.0.0/16",
		}},
		"a subnet nobody routes": {file(``, ``), file(``, `{"src": ["bob@example.com"], "dst": ["10.9.0.0/16"], "ip": ["*"]}`), []string{
			"nothing today: bob@example.com gains every port on 10.9.0.0/16 (nothing today)",
		}},
		"this server, more": {file(``, app(`"bob@example.com"`, `"read:*"`)), file(``, app(`"bob@example.com"`, `"read:*", "write:*"`)), []string{
			"server: bob@example.com gains the tools \"write:*\" of servers like this one on device mcp of tag:mcp, which is this server",
		}},
		"this server, all": {file(``, ``), file(``, app(`"bob@example.com"`, `"*", "escalating:*"`)), []string{
			"whole server: bob@example.com gains the tools \"*\" and \"escalating:*\" of servers like this one on device mcp of tag:mcp, which is this server",
		}},
		"this server, reads": {file(``, ``), file(``, app(`"bob@example.com"`, `"read:*"`)), []string{
			"server: bob@example.com gains the tools \"read:*\" of servers like this one on device mcp of tag:mcp, which is this server",
		}},
		"another capability": {file(``, ``), file(``, `{"src": ["bob@example.com"], "dst": ["tag:web"], "app": {"example.com/cap/x": [{"a": 1}]}}`), []string{
			"more: bob@example.com gains the capability example.com/cap/x with {\"a\":1} on 2 devices of tag:web",
		}},
		"one's own way": {file(``, app(`"alice@example.com"`, `"*"`)+`, {"src": ["alice@example.com"], "dst": ["tag:mcp"], "ip": ["443"]}`), file(``, app(`"alice@example.com"`, `"*"`)), []string{
			"own way: you (alice@example.com) lose your own way to this server: port 443",
			"less: alice@example.com loses port 443 on device mcp of tag:mcp",
		}},
		"one's own devices": {file(``, ``), file(``, `{"src": ["bob@example.com"], "dst": ["autogroup:self"], "ip": ["*"]}`), []string{
			"more: bob@example.com gains every port on their own devices",
		}},
		"one's own devices by name": {file(``, `{"src": ["alice@example.com"], "dst": ["alice@example.com"], "ip": ["*"]}`), file(``, `{"src": ["alice@example.com"], "dst": ["autogroup:self"], "ip": ["*"]}`), nil},
		"a host of another address": {file(`, "hosts": {"db": "10.1.0.5"}`, `{"src": ["group:eng"], "dst": ["db"], "ip": ["tcp:5432"]}`), file(`, "hosts": {"db": "10.1.0.6"}`, `{"src": ["group:eng"], "dst": ["db"], "ip": ["tcp:5432"]}`), []string{
			"more: alice@example.com and bob@example.com of group:eng gain tcp:5432 on host db (10.1.0.6)",
			"less: alice@example.com and bob@example.com of group:eng lose tcp:5432 on host db (10.1.0.5)",
		}},
		"an ipset with more": {file(`, "ipsets": {"ipset:dbs": ["10.1.0.5"]}`, `{"src": ["group:eng"], "dst": ["ipset:dbs"], "ip": ["tcp:5432"]}`), file(`, "ipsets": {"ipset:dbs": ["10.1.0.4/30"]}`, `{"src": ["group:eng"], "dst": ["ipset:dbs"], "ip": ["tcp:5432"]}`), []string{
			"network: alice@example.com and bob@example.com of group:eng gain tcp:5432 on ipset:dbs (10.1.0.4/30)",
		}},
		"a looser posture": {file(`, "postures": {"posture:a": ["node:os == 'linux'"]}`, posture), file(`, "postures": {"posture:a": ["node:os IN ['linux', 'macos']"]}`, posture), []string{
			"more: alice@example.com of group:eng gains tcp:443 on 2 devices of tag:web",
		}},
		"a default posture gone": {file(`, "postures": {"posture:a": ["node:os == 'linux'"]}, "defaultSrcPosture": ["posture:a"]`, httpsOfWeb), file(`, "postures": {"posture:a": ["node:os == 'linux'"]}`, httpsOfWeb), []string{
			"more: alice@example.com of group:eng gains tcp:443 on 2 devices of tag:web",
		}},
		"a tag of nobody": {file(``, ``), file(``, `{"src": ["group:eng"], "dst": ["tag:new"], "ip": ["tcp:443"]}`), []string{
			"nothing today: alice@example.com and bob@example.com of group:eng gain tcp:443 on tag:new (no device today)",
		}},
		"a group of nobody": {file(``, ``), file(``, `{"src": ["group:none@example.com"], "dst": ["tag:web"], "ip": ["tcp:443"]}`), []string{
			"nothing today: group:none@example.com (nobody today) gains tcp:443 on 2 devices of tag:web",
		}},
		"somebody who is not there": {file(``, ``), file(``, `{"src": ["eve@example.com", "dan@example.com"], "dst": ["tag:web"], "ip": ["tcp:443"]}`), []string{
			"more: eve@example.com (not in this tailnet) and dan@example.com gain tcp:443 on 2 devices of tag:web",
		}},
		"via gone": {file(``, `{"src": ["group:eng"], "dst": ["10.1.0.0/16"], "ip": ["tcp:443"], "via": ["tag:exit"]}`), file(``, `{"src": ["group:eng"], "dst": ["10.1.0.0/16"], "ip": ["tcp:443"]}`), []string{
			"network: alice@example.com and bob@example.com of group:eng gain tcp:443 on 10.1.0.0/16",
			"nothing today: group:eng loses tcp:443 on 10.1.0.0/16 through tag:exit (nothing today)",
		}},
		"an owner of a tag": {file(``, `{"src": ["tag:web"], "dst": ["tag:mcp"], "ip": ["tcp:443"]}`), strings.Replace(file(``, `{"src": ["tag:web"], "dst": ["tag:mcp"], "ip": ["tcp:443"]}`), `"tag:web": ["group:ops"]`, `"tag:web": ["group:ops", "bob@example.com"]`, 1), []string{
			"more: bob@example.com gains the ownership of tag:web, and may so put devices under it: 1 rule gives it access to tag:mcp",
		}},
		"approvers": {file(``, ``), file(`, "autoApprovers": {"routes": {"10.0.0.0/8": ["group:eng"]}, "exitNode": ["bob@example.com"]}`, ``), []string{
			"network: alice@example.com and bob@example.com of group:eng gain approval, unasked, of the routes within 10.0.0.0/8",
			"network: bob@example.com gains approval, unasked, as exit nodes",
		}},
		"a narrower route": {file(`, "autoApprovers": {"routes": {"10.0.0.0/8": ["group:eng"]}}`, ``), file(`, "autoApprovers": {"routes": {"10.1.0.0/16": ["group:eng"]}}`, ``), []string{
			"less: alice@example.com and bob@example.com of group:eng lose approval, unasked, of the routes within 10.0.0.0/8",
		}},
		"funnel": {file(``, ``), file(`, "nodeAttrs": [{"target": ["autogroup:member"], "attr": ["funnel"]}]`, ``), []string{
			"everyone: every person of the tailnet gains the attribute funnel, and may so open ports to the whole internet",
		}},
		"mullvad": {file(``, ``), file(`, "nodeAttrs": [{"target": ["tag:web"], "attr": ["mullvad"]}]`, ``), []string{
			"network: tag:web gains the attribute mullvad, and may so send to the internet by Mullvad's exit nodes",
		}},
		"a section": {file(``, ``), file(`, "tests": [], "extraDNSRecords": []`, ``), []string{
			"less: the section extraDNSRecords is new, which says where names lead: whoever goes by one may come to another host",
			"nothing today: the section tests is new, by which nobody gains or loses access",
		}},
		"a comment": {file(`, "randomizeClientPort": false`, ``), file(`, /* so */ "randomizeClientPort": /* or so */ false`, ``), nil},
		"text that acts": {file(``, ``), file(``, `{"src": ["a\u202e@example.com"], "dst": ["tag:mcp"], "app": {"`+capability+`": [{"tools": ["x\u001b"]}]}}`), []string{
			"nothing today: \"a\\u202e@example.com\" (not in this tailnet) gains the tools \"x\\x1b\" of servers like this one on device mcp of tag:mcp, which is this server (nothing today)",
		}},
	} {
		t.Run(name, func(t *testing.T) { wantTold(t, between(t, c.old, c.now, office(), focus), c.want...) })
	}
}

// What is not known is told, and named.
func TestUnknown(t *testing.T) {
	unknown := office()
	unknown.People[1].Role, unknown.People[2].GroupsKnown = "", false
	unknown.Devices[2].Posture, unknown.Devices[2].PostureKnown = nil, false
	for name, c := range map[string]struct {
		old, now string
		want     []string
		unknown  []string
	}{
		"a role": {file(``, ``), file(``, `{"src": ["autogroup:admin"], "dst": ["tag:web"], "ip": ["tcp:443"]}`), []string{
			"more: alice@example.com of autogroup:admin gains tcp:443 on 2 devices of tag:web",
			"more: bob@example.com of autogroup:admin may gain tcp:443 on 2 devices of tag:web",
		}, []string{"who is in autogroup:admin"}},
		"a synced group": {file(``, ``), file(``, `{"src": ["group:x@example.com"], "dst": ["tag:web"], "ip": ["tcp:443"]}`), []string{
			"more: carol@example.com of group:x@example.com may gain tcp:443 on 2 devices of tag:web",
		}, []string{"who is in group:x@example.com"}},
		"a posture": {file(`, "postures": {"posture:a": ["node:os == 'plan9'"]}`, posture), file(`, "postures": {"posture:a": ["node:os == 'beos'"]}`, posture), []string{
			"more: bob@example.com of group:eng may gain tcp:443 on 2 devices of tag:web",
			"less: bob@example.com of group:eng may lose tcp:443 on 2 devices of tag:web",
		}, []string{"whether devices meet posture:a", "whether devices meet posture:a"}},
		"a looser posture": {file(`, "postures": {"posture:a": ["node:os == 'plan9'", "custom:a == true"]}`, posture), file(`, "postures": {"posture:a": ["node:os == 'plan9'"]}`, posture), []string{
			"more: bob@example.com of group:eng may gain tcp:443 on 2 devices of tag:web",
		}, []string{"whether devices meet posture:a"}},
		"a posture gone": {file(`, "postures": {"posture:a": ["node:os == 'plan9'"]}`, `{"src": ["bob@example.com"], "srcPosture": ["posture:a"], "dst": ["tag:web"], "ip": ["tcp:443"]}`), file(`, "postures": {"posture:a": ["node:os == 'plan9'"]}`, `{"src": ["bob@example.com"], "dst": ["tag:web"], "ip": ["tcp:443"]}`), []string{
			"more: bob@example.com may gain tcp:443 on 2 devices of tag:web",
		}, []string{"whether devices meet posture:a"}},
		"shared": {file(``, ``), file(``, `{"src": ["autogroup:shared"], "dst": ["tag:web"], "ip": ["tcp:443"]}`), []string{
			"more: people of other tailnets with whom a device is shared may gain tcp:443 on 2 devices of tag:web",
		}, []string{"who is in autogroup:shared"}},
	} {
		t.Run(name, func(t *testing.T) {
			r := between(t, c.old, c.now, unknown, focus)
			wantTold(t, r, c.want...)
			var all []string
			for _, ch := range r.Changes {
				all = append(all, ch.Unknown...)
			}
			if !slices.Equal(all, c.unknown) {
				t.Errorf("unknown: %q, want %q", all, c.unknown)
			}
		})
	}
}
