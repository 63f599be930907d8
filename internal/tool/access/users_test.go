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
	if len(all.Grants) != 4 || all.Summary != "2 people and 1 tag may use anything of this server by 3 rules." {
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
	r.Refuses("who_can_use", `{"tool":"whoami"}`, failure.InvalidArgument, "without a grant")
	r.Refuses("who_can_use", `{"tool":"set_polcy"}`, failure.InvalidArgument, "whoami")
}

// What has ended gives nothing, and what hangs on the unknown is not counted as given.
func TestWhoCanUseNow(t *testing.T) {
	r := rig(t)
	for src, want := range map[string]string{
		`"src": ["bob@example.com"], "until": "2026-01-01T00:00:00Z"`: "0 people and 0 tags may use set_policy by 0 rules.",
		`"src": ["bob@example.com"], "until": "2999-01-01T00:00:00Z"`: "1 person and 0 tags may use set_policy by 1 rule.",
		`"src": ["group:synced@example.com"], "until": "2999-01-01T00:00:00Z"`: "0 people and 0 tags may use set_policy by 0 rules. " +
			"Whether others may is not known: see the grants that are not sure.",
	} {
		who, until, _ := strings.Cut(src, "], ")
		if err := r.Fake.SetPolicy(`{"tagOwners": {"tag:web": []}, "grants": [{` + who + `], "dst": ["tag:web"], "app": {"` + capability + `": [{"tools": ["escalating:*"], ` + until + `}]}}]}`); err != nil {
			t.Fatal(err)
		}
		if text := r.Answers("who_can_use", `{"tool":"set_policy"}`); !strings.Contains(text, `"summary":"`+want+`"`) {
			t.Errorf("%s: got %s, want %q", src, text, want)
		}
	}
}
