// SPDX-License-Identifier: MIT

package change

import "testing"

func TestSentences(t *testing.T) {
	for name, c := range map[string]struct {
		old, now string
		want     []string
	}{
		"nothing": {file(``, ``), file(``, ``), nil},
		"a rule": {file(``, ``), file(``, `{"src": ["group:eng"], "dst": ["tag:web"], "ip": ["tcp:443"]}`), []string{
			`x`}},
		"a person who joins a group": {file(``, `{"src": ["group:eng"], "dst": ["tag:web"], "ip": ["tcp:443"]}`),
			`{"groups": {"group:eng": ["alice@example.com", "bob@example.com", "vera@example.com"], "group:ops": ["alice@example.com"]}, "tagOwners": {"tag:web": ["group:ops"], "tag:mcp": ["group:ops"], "tag:router": [], "tag:exit": [], "tag:new": []}, "grants": [{"src": ["group:eng"], "dst": ["tag:web"], "ip": ["tcp:443"]}]}`, nil},
		"everyone":                        {file(``, ``), file(``, `{"src": ["*"], "dst": ["*"], "ip": ["*"]}`), nil},
		"everyone on web, where some had": {file(``, `{"src": ["group:eng"], "dst": ["tag:web"], "ip": ["tcp:443"]}`), file(``, `{"src": ["*"], "dst": ["tag:web"], "ip": ["tcp:443"]}`), nil},
		"root":                            {file(``, ``), file(`, "ssh": [{"action": "accept", "src": ["bob@example.com"], "dst": ["tag:web"], "users": ["root", "autogroup:nonroot"]}]`, ``), nil},
		"check to accept":                 {file(`, "ssh": [{"action": "check", "src": ["bob@example.com"], "dst": ["tag:web"], "users": ["deploy"]}]`, ``), file(`, "ssh": [{"action": "accept", "src": ["bob@example.com"], "dst": ["tag:web"], "users": ["deploy"]}]`, ``), nil},
		"exit":                            {file(``, ``), file(``, `{"src": ["bob@example.com"], "dst": ["autogroup:internet"], "ip": ["*"]}`), nil},
		"subnet":                          {file(``, ``), file(``, `{"src": ["bob@example.com"], "dst": ["10.1.0.0/16"], "ip": ["*"]}`), nil},
		"server":                          {file(``, ``), file(``, `{"src": ["bob@example.com"], "dst": ["tag:mcp"], "app": {"jaxxstorm.com/cap/mcp": [{"tools": ["*", "escalating:*"]}]}}`), nil},
		"server reads":                    {file(``, ``), file(``, `{"src": ["bob@example.com"], "dst": ["tag:mcp"], "app": {"jaxxstorm.com/cap/mcp": [{"tools": ["read:*"]}]}}`), nil},
		"own":                             {file(``, `{"src": ["alice@example.com"], "dst": ["tag:mcp"], "ip":["443"], "app": {"jaxxstorm.com/cap/mcp": [{"tools": ["*", "escalating:*"]}]}}`), file(``, ``), nil},
		"self":                            {file(``, ``), file(``, `{"src": ["autogroup:member"], "dst": ["autogroup:self"], "ip": ["*"]}`), nil},
		"self2":                           {file(``, `{"src": ["alice@example.com"], "dst": ["alice@example.com"], "ip": ["*"]}`), file(``, `{"src": ["alice@example.com"], "dst": ["autogroup:self"], "ip": ["*"]}`), nil},
		"open":                            {`{}`, `{"acls": []}`, nil},
		"opened":                          {`{"acls": []}`, `{}`, nil},
		"posture":                         {file(`, "postures": {"posture:a": ["node:os == 'linux'"]}`, `{"src": ["group:eng", "vera@example.com"], "srcPosture": ["posture:a"], "dst": ["tag:web"], "ip": ["tcp:443"]}`), file(`, "postures": {"posture:a": ["node:os IN ['linux', 'macos']"]}`, `{"src": ["group:eng", "vera@example.com"], "srcPosture": ["posture:a"], "dst": ["tag:web"], "ip": ["tcp:443"]}`), nil},
		"new tag":                         {file(``, ``), file(``, `{"src": ["group:eng"], "dst": ["tag:new"], "ip": ["tcp:443"]}`), nil},
		"via":                             {file(``, `{"src": ["group:eng"], "dst": ["10.1.0.0/16"], "ip": ["tcp:443"], "via": ["tag:exit"]}`), file(``, `{"src": ["group:eng"], "dst": ["10.1.0.0/16"], "ip": ["tcp:443"]}`), nil},
		"owner":                           {file(``, `{"src": ["tag:web"], "dst": ["tag:mcp"], "ip": ["tcp:443"]}`), `{"groups": {"group:eng": ["alice@example.com", "bob@example.com"], "group:ops": ["alice@example.com"]},"tagOwners": {"tag:web": ["group:eng"], "tag:mcp": ["group:ops"], "tag:router": [], "tag:exit": [], "tag:new": []}, "grants": [{"src": ["tag:web"], "dst": ["tag:mcp"], "ip": ["tcp:443"]}]}`, nil},
		"approvers":                       {file(``, ``), file(`, "autoApprovers": {"routes": {"10.0.0.0/8": ["group:eng"]}, "exitNode": ["bob@example.com"]}`, ``), nil},
		"attr":                            {file(``, ``), file(`, "nodeAttrs": [{"target": ["autogroup:member"], "attr": ["funnel"]}]`, ``), nil},
		"idp":                             {file(``, ``), file(``, `{"src": ["group:x@example.com"], "dst": ["tag:web"], "ip": ["tcp:443"]}`), nil},
		"tests":                           {file(``, ``), file(`, "tests": []`, ``), nil},
		"host":                            {file(`, "hosts": {"db": "10.1.0.5"}`, `{"src": ["group:eng"], "dst": ["db"], "ip": ["tcp:5432"]}`), file(`, "hosts": {"db": "10.1.0.6"}`, `{"src": ["group:eng"], "dst": ["db"], "ip": ["tcp:5432"]}`), nil},
		"acls":                            {`{"acls": [{"action": "accept", "src": ["bob@example.com"], "dst": ["tag:web:443", "tag:mcp:443"]}]}`, `{"grants": [{"src": ["bob@example.com"], "dst": ["tag:mcp", "tag:web"], "ip": ["443"]}]}`, nil},
	} {
		t.Run(name, func(t *testing.T) { wantTold(t, between(t, c.old, c.now, office(), focus), c.want...) })
	}
}
