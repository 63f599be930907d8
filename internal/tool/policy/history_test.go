// SPDX-License-Identifier: MIT

package policy

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"tailscale-mcp/internal/failure"
	"tailscale-mcp/internal/testbed/fakeapi"
	"tailscale-mcp/internal/testbed/tooltest"
	"tailscale-mcp/internal/tool"
)

// The file begins with alice alone; then five changes are made to it by three people.
const groupOf = "// Why.\n{\n\t\"groups\": {\n\t\t\"group:ops\": [\n\t\t\t\"alice@example.com\",\n%s\t\t],\n\t},\n\t\"grants\": [],\n}\n"

// opsFile is the file with these besides alice.
func opsFile(others ...string) string {
	lines := ""
	for _, name := range others {
		lines += "\t\t\t\"" + name + "@example.com\",\n"
	}
	return fmt.Sprintf(groupOf, lines)
}

// changed has the file as five changes left it, the last of them a revert by bob of what
// carol did, and no other entry in the log.
func changed(t *testing.T) *tooltest.API {
	t.Helper()
	r := startQuiet(t, fakeapi.Options{})
	for _, c := range []struct{ by, text string }{
		{"bob@example.com", opsFile("bob")},
		{"carol@example.com", opsFile("bob", "carol")},
		{"alice@example.com", opsFile("bob", "carol", "dan")},
		{"carol@example.com", opsFile("bob", "carol", "dan", "eve")},
		{"bob@example.com", opsFile("bob", "carol", "dan")},
	} {
		if err := r.Fake.SetPolicyBy(c.by, c.text); err != nil {
			t.Fatal(err)
		}
	}
	return r
}

func startQuiet(t *testing.T, o fakeapi.Options) *tooltest.API {
	t.Helper()
	o.QuietLog, o.Policy = true, opsFile()
	return tooltest.NewAPI(t, o, tools)
}

func historyOf(t *testing.T, r *tooltest.API, arguments string) historyOutput {
	t.Helper()
	var out historyOutput
	if err := json.Unmarshal([]byte(r.Answers("policy_history", arguments)), &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// lines are the lines of a difference that it removes and adds.
func lines(difference string) string {
	var all []string
	for line := range strings.Lines(difference) {
		if line[0] == '-' || line[0] == '+' {
			all = append(all, line[:1]+strings.TrimSpace(line[1:]))
		}
	}
	return strings.Join(all, " ")
}

func TestHistory(t *testing.T) {
	r := changed(t)
	out := historyOf(t, r, `{}`)
	var got []string
	for _, c := range out.Changes {
		got = append(got, c.By+" by "+c.How+": "+lines(c.Difference)+c.Note+c.Failed)
	}
	want := []string{
		`bob@example.com by the admin console: -"eve@example.com",`,
		`carol@example.com by the admin console: +"eve@example.com",`,
		`alice@example.com by the admin console: +"dan@example.com",`,
		`carol@example.com by the admin console: +"carol@example.com",`,
		`bob@example.com by the admin console: +"bob@example.com",`,
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	var read getOutput
	if err := json.Unmarshal([]byte(r.Answers("get_policy", `{}`)), &read); err != nil || out.ETag != read.ETag || out.Note != "" || out.Older != nil {
		t.Errorf("got %+v, want the etag %s and nothing more", out, read.ETag)
	}
	if d := out.Changes[0].Difference; !strings.Contains(d, "@@ -") || !strings.Contains(d, "\n \t\t\t\"dan@example.com\",\n-\t\t\t\"eve@example.com\",\n \t\t],\n") {
		t.Errorf("got %q, want lines around what was changed", d)
	}
	// A change by this server is in it at once, and how it was made.
	r.Answers("set_policy", setting(opsFile(), out.ETag, "CODE"))
	if c := historyOf(t, r, `{"limit":1}`).Changes[0]; c.How != "the API" || c.By != "alice@example.com" || lines(c.Difference) != `-"bob@example.com", -"carol@example.com", -"dan@example.com",` {
		t.Errorf("got %+v, want the change that was just made", c)
	}
}

func TestHistoryContaining(t *testing.T) {
	r := changed(t)
	for text, want := range map[string]int{"EVE@": 2, "carol@example.com": 1, "group:ops": 0, "nobody": 0} {
		if out := historyOf(t, r, `{"containing":"`+text+`"}`); len(out.Changes) != want || out.Older != nil || out.Note != "" {
			t.Errorf("%s: got %+v, want %d changes", text, out, want)
		}
	}
}

// Page by page it is the same as at once, whatever bounds a page.
func TestHistoryPages(t *testing.T) {
	paged := func(r *tooltest.API, limit int) (found []shownChange) {
		arguments := fmt.Sprintf(`{"limit":%d}`, limit)
		for range 20 {
			out := historyOf(t, r, arguments)
			if len(out.Changes) > limit {
				t.Errorf("got %d changes on a page of %d", len(out.Changes), limit)
			}
			found = append(found, out.Changes...)
			if out.Older == nil {
				return found
			}
			arguments = fmt.Sprintf(`{"limit":%d,"start":%q,"end":%q}`, limit, out.Older.Start, out.Older.End)
		}
		t.Fatal("there is no end")
		return nil
	}
	r := changed(t)
	all := historyOf(t, r, `{"limit":100}`).Changes
	// Two changes a microsecond apart may be on two pages, since an end is counted in.
	unique := slices.CompactFunc(paged(r, 2), func(a, b shownChange) bool { return a.Change == b.Change })
	if asJSON(unique) != asJSON(all) {
		t.Errorf("got %s by pages, want %s", asJSON(unique), asJSON(all))
	}
	// By bytes: each of these alone is less than a page, and all are not.
	big := startQuiet(t, fakeapi.Options{})
	for i := range 12 {
		comment := strings.Repeat(fmt.Sprintf("// <%d>\n", i), 200)
		if err := big.Fake.SetPolicy(comment + opsFile()); err != nil {
			t.Fatal(err)
		}
	}
	first := historyOf(t, big, `{"limit":100}`)
	if n := len(first.Changes); n < 2 || n > 11 || first.Older == nil {
		t.Errorf("got %d changes and older %v, want some", n, first.Older)
	}
	if found := slices.CompactFunc(paged(big, 100), func(a, b shownChange) bool { return a.Change == b.Change }); len(found) != 12 {
		t.Errorf("got %d changes by pages, want all 12", len(found))
	}
}

// What is too long is cut between lines, and that is said.
func TestHistoryLongDifference(t *testing.T) {
	r := startQuiet(t, fakeapi.Options{})
	if err := r.Fake.SetPolicy(opsFile() + strings.Repeat("// \u202e\n", 10_000)); err != nil {
		t.Fatal(err)
	}
	c := historyOf(t, r, `{}`).Changes[0]
	if n := len(asJSON(c.Difference)); n > mostOfChange+2 || n < mostOfChange/2 || !strings.HasSuffix(c.Difference, "\n") {
		t.Errorf("got %d bytes", n)
	}
	if !strings.Contains(c.Note, "bytes of the difference are not shown; list_audit_logs") {
		t.Errorf("got the note %q", c.Note)
	}
	if got := fit(strings.Repeat("x", 100), 50); got != "xxxxx" {
		t.Errorf("got %q of one long line", got)
	}
}

// edited edits every entry of the log, the oldest first.
func edited(t *testing.T, r *tooltest.API, edit func(i int, entry map[string]any)) {
	t.Helper()
	r.Fake.Fail("listConfigurationAuditLogs", fakeapi.Edited(func(body []byte) []byte {
		var answer map[string]any
		if err := json.Unmarshal(body, &answer); err != nil {
			t.Error(err)
		}
		for i, e := range answer["logs"].([]any) {
			edit(i, e.(map[string]any))
		}
		text, err := json.Marshal(answer)
		if err != nil {
			t.Error(err)
		}
		return text
	}))
}

// What the log does not hold is said and never hidden.
func TestHistoryWithHoles(t *testing.T) {
	r := changed(t)
	edited(t, r, func(i int, e map[string]any) {
		switch i {
		case 0:
			delete(e, "old")
		case 1:
			delete(e, "old")
			delete(e, "new")
		case 2:
			e["error"], e["actionDetails"] = "the tests failed", "ticket OPS-7"
		case 3:
			delete(e, "new")
		case 4:
			e["old"] = opsFile("mallory")
		}
	})
	out := historyOf(t, r, `{}`)
	for i, want := range []string{
		"", // what the one before has left is not there
		"no file after this change, so it cannot be shown",
		"",
		"neither before this change nor after it",
		"no file before this change, so it cannot be shown",
	} {
		c := out.Changes[i]
		if !strings.Contains(c.Note, want) || want == "" && c.Note != "" || (c.Difference == "") != (want != "") {
			t.Errorf("change %d: got %+v, want the note %q", i, c, want)
		}
	}
	if c := out.Changes[2]; c.Failed != "the tests failed" || c.Comment != "ticket OPS-7" {
		t.Errorf("got %+v, want that it failed", c)
	}
	// A change that the log lacks leaves a gap, and the present file may be of one.
	r = changed(t)
	edited(t, r, func(i int, e map[string]any) {
		if i == 2 {
			e["target"] = map[string]any{"type": "TAILNET", "property": "DNS_CONFIG"}
		}
		if i == 4 {
			e["new"] = opsFile("mallory")
		}
	})
	out = historyOf(t, r, `{}`)
	if len(out.Changes) != 4 || !strings.Contains(out.Changes[1].Note, "by something that the log does not have") || out.Changes[0].Note+out.Changes[2].Note+out.Changes[3].Note != "" {
		t.Errorf("got %+v, want one gap", out.Changes)
	}
	if !strings.Contains(out.Note, "is not the one that the newest change in the log has made") {
		t.Errorf("got the note %q", out.Note)
	}
	if out = historyOf(t, r, `{"start":"3h","end":"2h"}`); len(out.Changes) != 0 || out.Note != "" {
		t.Errorf("got %+v of a window in which nothing was", out)
	}
	r.Fake.ClearFaults()
	r.Fake.Reset()
	if out = historyOf(t, r, `{}`); len(out.Changes) != 0 || !strings.Contains(out.Note, "kept for 90 days") {
		t.Errorf("got %+v of an empty log", out)
	}
}

// A log that has files without their comments is compared without them.
func TestHistoryPlain(t *testing.T) {
	r := changed(t)
	edited(t, r, func(i int, e map[string]any) {
		if i == 4 {
			e["new"] = map[string]any{"groups": map[string]any{"group:ops": []string{"alice@example.com", "bob@example.com", "carol@example.com", "dan@example.com"}}, "grants": []any{}}
		}
	})
	out := historyOf(t, r, `{}`)
	if c := out.Changes[0]; lines(c.Difference) != `-"dan@example.com", -"eve@example.com" +"dan@example.com"` || !strings.Contains(c.Note, "without its comments") || out.Note != "" {
		t.Errorf("got %+v and the note %q", c, out.Note)
	}
}

func TestHistoryRefusals(t *testing.T) {
	r := changed(t)
	r.Refuses("policy_history", `{"start":"91d"}`, tool.CodeInvalidArgument, "kept for 90 days", "where logs were streamed to")
	r.Refuses("policy_history", `{"start":"1h","end":"2h"}`, tool.CodeInvalidArgument, "is not after")
	r.Refuses("policy_history", `{"limit":101}`, tool.CodeInvalidArgument)
	r.Fake.Fail("listConfigurationAuditLogs", fakeapi.TruncatedSilently())
	r.Refuses("policy_history", `{}`, string(failure.UpstreamMalformed))
	r.Fake.ClearFaults()
	r.Fake.Fail("listConfigurationAuditLogs", fakeapi.Truncated())
	r.Refuses("policy_history", `{}`, string(failure.UpstreamMalformed))
	r.Fake.ClearFaults()
	r.Fake.Fail("listConfigurationAuditLogs", fakeapi.Body(200, "application/json", `{"logs":[],"x":"`+strings.Repeat("x", 17<<20)+`"}`))
	r.Refuses("policy_history", `{}`, string(failure.ResultTooLarge), "shorter windows")
	r.Fake.ClearFaults()
	// Whoever may not read the log or the file is told which scope that takes.
	for scope, lacking := range map[string]string{"policy_file": "logs:configuration:read", "logs:configuration:read": "policy_file:read"} {
		r := startQuiet(t, fakeapi.Options{Tokens: []fakeapi.Token{{Secret: fakeapi.DefaultAPIKey, Scopes: []string{scope}}}})
		r.Refuses("policy_history", `{}`, string(failure.PermissionDenied), lacking)
	}
}
