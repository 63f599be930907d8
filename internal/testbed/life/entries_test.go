// SPDX-License-Identifier: MIT

//go:build linux

package life

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"tailscale-mcp/internal/testbed"
)

// sharedSecret is a credential of the server that all callers share.
const sharedSecret = shared + ".note"

// droppedIn has an entry as the README of a server shows it, for one process that all callers share, and a drop-in for it,
// and a secret that is no part of the entry.
func (b *behind) droppedIn(ctx context.Context, t *testing.T) string {
	must(t, b.host.Write(ctx, entries+"/"+shared+".json", `{"mcpServers": {"`+shared+`": {"command": "`+notesFile+`", "env": {"NOTE": "${credential:`+sharedSecret+`}"},
		// Ours:
		"tailscale": {"read": ["/opt/notes"], "instance": "shared"},
	}}}`, 0o640))
	must(t, b.host.Write(ctx, unitFolder+dropIn+"/cost.conf", "[Service]\nCPUWeight=10\n", 0o644))
	must(t, b.host.Write(ctx, "/etc/credstore/"+sharedSecret, " (in confidence)\n", 0o600))
	b.run(ctx, t, "chgrp", group, entries+"/"+shared+".json")
	applied := b.run(ctx, t, "tailscale-mcp", "server", "apply", "--yes")
	if want := shared + ": nobody can use it before: sudo tailscale-mcp server approve " + shared; !strings.Contains(applied, want) {
		t.Errorf("server apply says\n%s\nwithout %q", applied, want)
	}
	b.run(ctx, t, "tailscale-mcp", "server", "approve", shared, "--yes", "--suggested")
	value := `{"tools":["` + notes + `/read:*","` + files + `/read_*","` + shared + `/*"]}`
	must(t, b.host.Tailnet.SetGrants(ctx, b.host.Node, testbed.Grant{Src: []*testbed.Node{b.peer, b.bob}, Cap: capability, Values: []string{value}}))
	text, _ := b.answersOf(ctx, t, shared, noteTool, map[string]any{}, "a note for alice@example.com (in confidence) by ")
	a, err := callOf(ctx, b.bob, b.address(), shared, noteTool, map[string]any{})
	if want := strings.Replace(text, "alice", "bob", 1); err != nil || a.text != want {
		t.Errorf("bob's call: got %+v, %v, want %q", a, err, want)
	}
	units := b.instances(ctx, t, shared)
	if len(units) != 1 || b.show(ctx, t, units[0], "CPUWeight") != "10" {
		t.Errorf("for both there are %v, the first with CPUWeight=%s; want one, with that of the drop-in", units, b.show(ctx, t, units[0], "CPUWeight"))
	}
	b.noneFailed(ctx, t)
	return fmt.Sprintf("%s, and for bob by the same; its drop-in is in force", text)
}

// twenty servers are there, approved and granted: what they offer is listed, and no process is started for that. Then their
// files go, and they with them.
func (b *behind) twenty(ctx context.Context, t *testing.T) string {
	var names, selectors []string
	for i := range 20 {
		name := fmt.Sprintf("many-%d", i)
		names, selectors = append(names, name), append(selectors, name+"/*")
	}
	before := len(b.instances(ctx, t, "*"))
	all := strings.Join(names, " ")
	b.run(ctx, t, "sh", "-euc", `cd "$1"; for name in $2; do cp -p notes.json "$name.json"; cp -p notes.lock.json "$name.lock.json"; done`, "copy", entries, all)
	b.run(ctx, t, "tailscale-mcp", "server", "apply", "--yes")
	value, err := json.Marshal(map[string]any{"tools": selectors})
	must(t, err)
	b.grant(ctx, t, string(value))
	for _, name := range names {
		b.await(ctx, t, func() error {
			status, text, err := request{method: "tools/list", server: name}.send(ctx, b.peer, b.address())
			if err == nil && (status != http.StatusOK || !strings.Contains(string(text), noteTool)) {
				err = fmt.Errorf("listing the tools of %s: got %d %s", name, status, text)
			}
			return err
		})
	}
	listening := strings.Count(b.run(ctx, t, "systemctl", "list-units", "--state=listening", "--plain", "--no-legend", "tailscale-mcp-server-many-*.socket"), ".socket ")
	if started := b.instances(ctx, t, "many-*"); len(started) > 0 || listening != len(names) {
		t.Errorf("%d sockets listen, want %d; listing has started %v", listening, len(names), started)
	}
	b.answersOf(ctx, t, names[7], noteTool, map[string]any{}, "a note for alice@example.com by ")
	if started := b.instances(ctx, t, "many-*"); len(started) != 1 {
		t.Errorf("a call of one of them has started %v", started)
	}
	b.run(ctx, t, "sh", "-euc", `cd "$1"; for name in $2; do rm "$name.json" "$name.lock.json"; done`, "remove", entries, all)
	b.run(ctx, t, "tailscale-mcp", "server", "apply", "--yes")
	b.await(ctx, t, func() error {
		if out := b.run(ctx, t, "systemctl", "list-units", "--all", "--plain", "--no-legend", "tailscale-mcp-server-many-*"); out != "" {
			return fmt.Errorf("without their files there are\n%s", out)
		}
		return nil
	})
	if after := len(b.instances(ctx, t, "*")); after != before {
		t.Errorf("the others had %d processes, and have %d", before, after)
	}
	b.grant(ctx, t, `{"tools":["`+notes+`/read:*","`+files+`/read_*"]}`)
	b.answersNote(ctx, t)
	b.noneFailed(ctx, t)
	return fmt.Sprintf("%d listed, no process; one called, one process; without their files none is left", len(names))
}
