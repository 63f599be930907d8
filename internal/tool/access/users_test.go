// SPDX-License-Identifier: MIT

package access_test

import (
	"encoding/json"
	"strings"
	"testing"

	"tailscale-mcp/internal/failure"
)

func TestWhoCanUse(t *testing.T) {
	r := rig(t)
	type grants struct {
		Summary string
		Grants  []struct {
			Rule             struct{ Line int }
			Sure             bool
			By, People, Tags []string
			Entries          []json.RawMessage
			Allowed          []string
			Problem          string
		}
	}
	ask := func(arguments string) (g grants) {
		t.Helper()
		if err := json.Unmarshal([]byte(r.Answers("who_can_use", arguments)), &g); err != nil {
			t.Fatal(err)
		}
		return g
	}
	all := ask(`{}`)
	// Dave is granted something by line 16, and refused everything by line 14.
	if len(all.Grants) != 4 || all.Summary != "2 people and 1 tag may use anything of this server by 4 rules." {
		t.Fatalf("got %+v", all)
	}
	first, second, third := all.Grants[0], all.Grants[1], all.Grants[2]
	if first.Rule.Line != 12 || strings.Join(first.People, " ") != "alice@example.com bob@example.com" || strings.Join(first.Tags, " ") != "tag:db" ||
		strings.Join(first.By, " ") != "group:eng tag:db" || !first.Sure || string(first.Entries[0]) != `{"tools":["read:*"]}` {
		t.Errorf("got %+v", first)
	}
	if second.Rule.Line != 13 || string(second.Entries[0]) != `{"tools":["*","escalating:*"]}` {
		t.Errorf("got %+v", second)
	}
	if third.Rule.Line != 14 || !strings.Contains(third.Problem, "toolz") || third.Entries != nil {
		t.Errorf("got %+v", third)
	}
	one := ask(`{"tool":"set_policy"}`)
	if len(one.Grants) != 2 || one.Grants[0].Rule.Line != 13 || !strings.Contains(one.Grants[0].Allowed[0], "escalating:*") || one.Grants[1].Problem == "" {
		t.Errorf("got %+v", one)
	}
	r.Refuses("who_can_use", `{"tool":"set_polcy"}`, failure.InvalidArgument, "whoami")
}
