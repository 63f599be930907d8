// SPDX-License-Identifier: MIT

package gateway_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"tailscale-mcp/internal/grant"
)

// before are entries of every form that there was before there were servers, and of what
// may be taken for one of a server's.
var before = []string{
	`{"tools":["*"]}`, `{"tools":["read:*"]}`, `{"tools":["write:*"]}`, `{"tools":["destructive:*"]}`, `{"tools":["escalating:*"]}`,
	`{"tools":["*","escalating:*"],"resources":["*"]}`,
	`{"tools":["group:odd"]}`, `{"tools":["group:odd:read"]}`, `{"tools":["group:devices"]}`, `{"tools":["group:devices:escalating"]}`,
	`{"tools":["echo","count","who","greet","odd"]}`, `{"tools":["list_all_devices","tools.list","initialize"]}`,
	`{"tools":["*"],"devices":["tag:ci"]}`, `{"tools":["*"],"until":"2999-01-01T00:00:00Z"}`, `{"tools":["*"],"resources":["*"],"rate":"100/s"}`,
	`{"resources":["*"]}`, `{"resources":["tailscale://*"]}`, `{"resources":["tailscale://devices"]}`, `{"resources":["tailscale://device/*"]}`,
	`{"resources":["tailscale://device/{id}"]}`, `{"resources":["file:///a/*"]}`, `{"resources":["file:///a/1"]}`, `{"resources":["file:///a/{id}"]}`, `{"resources":["file://*"]}`,
	`{"resources":["odd://*"]}`, `{"resources":["odd:/a"]}`,
	`{"tools":["odd2/*","od/*"],"resources":["odd2/*"],"prompts":["odd2/*"]}`,
	`{"tools":["odd/*"],"resources":["odd/*"],"prompts":["odd/*"],"until":"2001-01-01T00:00:00Z"}`,
}

// TestNoneOfBefore: no grant that was written before there were servers reaches one: nothing
// of it is listed, called, read or written out, it answers as one that there is not, and
// nothing is started.
func TestNoneOfBefore(t *testing.T) {
	b := newBench(t)
	b.Odd("odd", "")
	b.approve(t, "odd", map[string]grant.Class{"echo": grant.Read, "count": grant.Write, "who": grant.Escalating})
	_, started := b.Running()
	for i, entry := range before {
		// Each is another caller's, with a share of its own.
		from := fmt.Sprintf("127.0.1.%d", i+1)
		people[from] = fmt.Sprintf("person%d@example.com", i)
		t.Cleanup(func() { delete(people, from) })
		b.grant(people[from], entry)
		c := client{b: b, from: from}
		for _, modern := range []bool{false, true} {
			c.modern = modern
			for method, params := range map[string]map[string]any{
				"initialize":               {"protocolVersion": "2025-11-25", "capabilities": map[string]any{}, "clientInfo": map[string]any{"name": "test", "version": "1"}},
				"server/discover":          nil,
				"tools/list":               nil,
				"tools/call":               {"name": "echo"},
				"resources/list":           nil,
				"resources/templates/list": nil,
				"resources/read":           {"uri": "file:///a/1"},
				"prompts/list":             nil,
				"prompts/get":              {"name": "greet", "arguments": map[string]any{"whom": "x"}},
				"completion/complete":      {"ref": map[string]any{"type": "ref/prompt", "name": "greet"}, "argument": map[string]any{"name": "whom", "value": ""}},
				"subscriptions/listen":     nil,
			} {
				status, text := c.post(t.Context(), t, "odd", method, params)
				none, same := c.post(t.Context(), t, "nosuch", method, params)
				if status != 404 || none != 404 || text != same || !strings.Contains(text, "nothing here for you") {
					t.Errorf("%s, %s: %d %s; of a server that there is not %d %s", entry, method, status, text, none, same)
				}
			}
		}
	}
	if _, n := b.Running(); n != started {
		t.Errorf("%d processes were started for callers who are granted nothing", n-started)
	}
	// The same requests of one who is granted something are answered.
	b.grant("alice@example.com", `{"tools":["odd/echo"]}`)
	if status, text := b.alice().post(t.Context(), t, "odd", "tools/list", nil); status != 200 || !strings.Contains(text, `"echo"`) {
		t.Errorf("with a grant: %d %s", status, text)
	}
}

// TestSelectorsOfServers: each form of a selector with a server's name gives what it says,
// and what is listed is what can be called.
func TestSelectorsOfServers(t *testing.T) {
	b := newBench(t)
	b.Odd("odd", `{"allow":["read","write","escalating"]}`)
	b.approve(t, "odd", map[string]grant.Class{
		"echo": grant.Read, "exit": grant.Read, "count": grant.Write, "refuse": grant.Escalating, "progress": grant.Escalating,
		// rubbish and the others are destructive, which the entry does not allow.
	})
	for i, c := range []struct {
		entry                     string
		tools, resources, prompts string // names that are listed, in their order
	}{
		{`{"tools":["odd/echo"]}`, "echo", "", ""},
		{`{"tools":["odd/refuse"]}`, "refuse", "", ""},
		{`{"tools":["odd/rubbish","odd/destructive:*"]}`, "", "", ""},
		{`{"tools":["odd/e*"]}`, "echo exit", "", ""},
		{`{"tools":["odd/r*","odd/p*"]}`, "", "", ""},
		{`{"tools":["odd/read:*"]}`, "echo exit", "", ""},
		{`{"tools":["odd/write:*"]}`, "count", "", ""},
		{`{"tools":["odd/escalating:*"]}`, "progress refuse", "", ""},
		{`{"tools":["odd/*"]}`, "count echo exit", "", ""},
		{`{"tools":["odd/*","odd/progress"]}`, "count echo exit progress", "", ""},
		{`{"tools":["odd/Echo","odd/ech"]}`, "", "", ""},
		{`{"resources":["odd/*"]}`, "", "file:///a/1 file:///b/2", ""},
		{`{"resources":["odd/file:///a/*"]}`, "", "file:///a/1", ""},
		{`{"resources":["odd/file:///b/2"]}`, "", "file:///b/2", ""},
		{`{"resources":["odd/file:///a/{id}"]}`, "", "file:///a/1", ""},
		{`{"prompts":["odd/*"]}`, "", "", "greet"},
		{`{"prompts":["odd/greet"]}`, "", "", "greet"},
		{`{"prompts":["odd/gree"]}`, "", "", ""},
		{`{"tools":["odd/read:*"],"until":"2999-01-01T00:00:00Z","rate":"100/s"}`, "echo exit", "", ""},
		{`{"tools":["odd/read:*"],"devices":["tag:ci"]}`, "", "", ""},
	} {
		from := fmt.Sprintf("127.0.1.%d", i+1)
		people[from] = fmt.Sprintf("person%d@example.com", i)
		t.Cleanup(func() { delete(people, from) })
		b.grant(people[from], c.entry)
		who := client{b: b, from: from, modern: i%2 == 1}
		for what, want := range map[string]string{"tools": c.tools, "resources": c.resources, "prompts": c.prompts} {
			_, list := who.post(t.Context(), t, "odd", what+"/list", nil)
			for _, name := range named[what] {
				listed := strings.Contains(list, `"`+name+`"`)
				if wanted := slices.Contains(strings.Fields(want), name); listed != wanted {
					t.Errorf("%s: %s listed %v, want %v: %s", c.entry, name, listed, wanted, list)
				}
				var text string
				switch what {
				case "tools":
					_, text = who.post(t.Context(), t, "odd", "tools/call", map[string]any{"name": name})
				case "resources":
					_, text = who.post(t.Context(), t, "odd", "resources/read", map[string]any{"uri": name})
				case "prompts":
					_, text = who.post(t.Context(), t, "odd", "prompts/get", map[string]any{"name": name, "arguments": map[string]any{"whom": "you"}})
				}
				if refused := refusal(text); refused == listed {
					t.Errorf("%s: %s listed %v, but refused %v: %s", c.entry, name, listed, refused, text)
				}
			}
		}
	}
}

// named is what the server odd has, as far as it can be asked for in a loop.
var named = map[string][]string{
	"tools":     {"echo", "exit", "count", "refuse", "progress", "rubbish"},
	"resources": {"file:///a/1", "file:///b/2"},
	"prompts":   {"greet"},
}

// refusal reports whether an answer is the gate's no.
func refusal(answer string) bool {
	return strings.Contains(answer, "access_denied") || strings.Contains(answer, "unknown_name") || strings.Contains(answer, "there is no ")
}
