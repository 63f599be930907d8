// SPDX-License-Identifier: MIT

package policy

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"tailscale-mcp/internal/failure"
	"tailscale-mcp/internal/testbed/fakeapi"
	"tailscale-mcp/internal/testbed/tooltest"
	"tailscale-mcp/internal/tool"
)

func reverting(change, etag, confirm string) string {
	return fmt.Sprintf(`{"change":%s,"etag":%s,"confirm":%s}`, asJSON(change), asJSON(etag), asJSON(confirm))
}

// The last change is undone by two questions: what was it, and undo it.
func TestRevertTheLast(t *testing.T) {
	r := changed(t)
	h := historyOf(t, r, `{"limit":1}`)
	text := r.Refuses("revert_policy", reverting(h.Changes[0].Change, h.ETag, ""), tool.CodeConfirmationRequired,
		`puts the tailnet policy file back to as it was before the change of `+h.Changes[0].Time+` by "bob@example.com" (the admin console)`, `+			"eve@example.com",`)
	if strings.Contains(text, "later") || strings.Contains(text, "the log") {
		t.Errorf("got %s, want nothing else undone", text)
	}
	var out revertOutput
	if err := json.Unmarshal([]byte(r.Answers("revert_policy", reverting(h.Changes[0].Change, h.ETag, "CODE"))), &out); err != nil {
		t.Fatal(err)
	}
	if want := opsFile("bob", "carol", "dan", "eve"); r.Fake.Policy() != want || r.Sent("setPolicyFile") != want {
		t.Errorf("got the file %s, want %s", r.Fake.Policy(), want)
	}
	if len(out.Undone) != 1 || out.Undone[0].Change != h.Changes[0].Change || out.ETag == "" || out.ETag == h.ETag || lines(out.Difference) != `+"eve@example.com",` {
		t.Errorf("got %+v", out)
	}
	// The revert is a change as any other, and is undone like one.
	h = historyOf(t, r, `{"limit":1}`)
	r.Answers("revert_policy", reverting(h.Changes[0].Change, h.ETag, "CODE"))
	if r.Fake.Policy() != opsFile("bob", "carol", "dan") {
		t.Errorf("got the file %s", r.Fake.Policy())
	}
}

// Whoever undoes a change is told of each later one that goes with it.
func TestRevertNamesLaterChanges(t *testing.T) {
	r := changed(t)
	h := historyOf(t, r, `{}`)
	third := h.Changes[2] // alice's, before which there were bob and carol
	r.Refuses("revert_policy", reverting(third.Change, h.ETag, ""), tool.CodeConfirmationRequired,
		`before the change of `+third.Time+` by "alice@example.com" (the admin console), and undoes with it 2 later changes, those `+
			`of `+h.Changes[0].Time+` by "bob@example.com" (the admin console), of `+h.Changes[1].Time+` by "carol@example.com" (the admin console); nobody gains or loses anything by it today, with the devices as they are; the Tailscale API takes the new file, and its tests pass:`,
		`-			"dan@example.com",`)
	out := r.Answers("revert_policy", reverting(third.Change, h.ETag, "CODE"))
	var got revertOutput
	if err := json.Unmarshal([]byte(out), &got); err != nil || len(got.Undone) != 3 || got.Undone[0].By != "bob@example.com" || got.Undone[1].By != "carol@example.com" || got.Undone[2].By != "alice@example.com" {
		t.Errorf("got %s and error %v, want three undone", out, err)
	}
	if r.Fake.Policy() != opsFile("bob", "carol") {
		t.Errorf("got the file %s", r.Fake.Policy())
	}
}

func TestRevertRefusals(t *testing.T) {
	r := changed(t)
	h := historyOf(t, r, `{}`)
	last := h.Changes[0].Change
	for name, c := range map[string]struct {
		change, etag, code string
		parts              []string
	}{
		"no etag":         {last, " ", tool.CodeInvalidArgument, []string{"call policy_history and give its etag"}},
		"another etag":    {last, `"old"`, string(failure.Conflict), []string{"was changed meanwhile", "call policy_history"}},
		"no change":       {"newest", h.ETag, tool.CodeInvalidArgument, []string{`no change "newest"`, "call policy_history"}},
		"another change":  {last[:len(last)-8] + "00000000", h.ETag, tool.CodeInvalidArgument, []string{"no change"}},
		"a time to come":  {"2999-01-01T00:00:00Z-00000000", h.ETag, tool.CodeInvalidArgument, []string{"no change"}},
		"a time long ago": {"2006-01-01T00:00:00Z-00000000", h.ETag, tool.CodeInvalidArgument, []string{"kept for 90 days"}},
	} {
		t.Run(name, func(t *testing.T) {
			r := *r
			r.TB = t
			r.Refuses("revert_policy", reverting(c.change, c.etag, "CODE"), c.code, c.parts...)
		})
	}
	for name, c := range map[string]struct {
		edit  func(e map[string]any) // of the third change
		parts []string
	}{
		"it failed":      {func(e map[string]any) { e["error"] = "the tests failed" }, []string{"that change failed"}},
		"no file before": {func(e map[string]any) { delete(e, "old") }, []string{"no file before the change of ", "revert the change after it"}},
		"no policy file": {func(e map[string]any) { e["old"] = []string{"x"} }, []string{"is not a policy file that can be read"}},
		"not valid":      {func(e map[string]any) { e["old"] = `{"nonsense": 1}` }, []string{"is not valid", "nonsense"}},
		"too long":       {func(e map[string]any) { e["old"] = strings.Repeat("// x\n", 10_000) + "{}" }, []string{"too much to be shown and confirmed"}},
	} {
		t.Run(name, func(t *testing.T) {
			r := changed(t)
			h := historyOf(t, r, `{}`)
			edited(t, r, func(i int, e map[string]any) {
				if i == 2 {
					c.edit(e)
				}
			})
			r.Refuses("revert_policy", reverting(h.Changes[2].Change, h.ETag, "CODE"), tool.CodeInvalidArgument, c.parts...)
		})
	}
	t.Run("too many", func(t *testing.T) {
		r := startQuiet(t, fakeapi.Options{})
		for i := range mostUndone + 2 {
			if err := r.Fake.SetPolicy(opsFile() + fmt.Sprintf("// %d\n", i)); err != nil {
				t.Fatal(err)
			}
		}
		h := historyOf(t, r, `{"limit":100}`)
		r.Refuses("revert_policy", reverting(h.Changes[mostUndone+1].Change, h.ETag, "CODE"), tool.CodeInvalidArgument, "51 later changes", "more than 50")
		r.Answers("revert_policy", reverting(h.Changes[mostUndone].Change, h.ETag, "CODE"))
	})
	t.Run("scope", func(t *testing.T) {
		r := startQuiet(t, fakeapi.Options{Tokens: []fakeapi.Token{{Secret: fakeapi.DefaultAPIKey, Scopes: []string{"policy_file"}}}})
		var read getOutput
		if err := json.Unmarshal([]byte(r.Answers("get_policy", `{}`)), &read); err != nil {
			t.Fatal(err)
		}
		r.Refuses("revert_policy", reverting(last, read.ETag, "CODE"), string(failure.PermissionDenied), "logs:configuration:read")
	})
}

// A file that is like that already is not sent.
func TestRevertOfNothing(t *testing.T) {
	r := changed(t)
	h := historyOf(t, r, `{}`)
	// The file before carol let eve in is the one that bob put back.
	text := r.Answers("revert_policy", reverting(h.Changes[1].Change, h.ETag, ""), "nothing was sent")
	if strings.Contains(text, "undone") || r.Fake.Count("setPolicyFile") != 0 {
		t.Errorf("got %s, want nothing done", text)
	}
}

// The last change is that which made the present file, and no other.
func TestRevertTheLastByName(t *testing.T) {
	r := changed(t)
	r.Refuses("revert_policy", reverting("last", `"old"`, ""), string(failure.Conflict), "was changed meanwhile")
	edited(t, r, func(i int, e map[string]any) {
		if i == 4 { // the newest
			e["new"] = opsFile("mallory")
		}
	})
	r.Refuses("revert_policy", reverting("last", "", "CODE"), tool.CodeInvalidArgument, "which change is the last is not known", "call again in a moment")
	r = startQuiet(t, fakeapi.Options{})
	r.Refuses("revert_policy", reverting("last", "", "CODE"), tool.CodeInvalidArgument, "no change of the last 30 days", "policy_history")
}

// What the log lacks is undone too, and that is said before.
func TestRevertOverAGap(t *testing.T) {
	r := changed(t)
	h := historyOf(t, r, `{}`)
	edited(t, r, func(i int, e map[string]any) {
		switch i {
		case 3:
			e["target"] = map[string]any{"type": "TAILNET", "property": "DNS_CONFIG"}
		case 2:
			e["old"] = map[string]any{"groups": map[string]any{"group:ops": []string{"alice@example.com"}}, "grants": []any{}}
		case 4:
			e["new"] = opsFile("mallory")
		}
	})
	r.Refuses("revert_policy", reverting(h.Changes[2].Change, h.ETag, ""), tool.CodeConfirmationRequired,
		`and undoes with it the later change of `+h.Changes[0].Time, "the log lacks changes that were made between these",
		"changes that the log does not have, or not yet, are undone too", "the log has that file without its comments", "all comments of the file are removed")
}

// Somebody else's change between the question and the answer is not overwritten.
func TestRevertOvertaken(t *testing.T) {
	r := changed(t)
	h := historyOf(t, r, `{}`)
	_, err := r.Call("revert_policy", reverting(h.Changes[0].Change, h.ETag, ""))
	code := tooltest.CodeOf(err)
	held, release := fakeapi.Hold()
	script := r.Fake.Fail("validateAndTestPolicyFile", held.Times(1))
	done := make(chan error)
	go func() {
		_, err := r.Call("revert_policy", reverting(h.Changes[0].Change, h.ETag, code))
		done <- err
	}()
	<-script.Reached()
	if err := r.Fake.SetPolicyBy("carol@example.com", opsFile("mallory")); err != nil {
		t.Fatal(err)
	}
	release()
	r.Told("overtaken", "", <-done, string(failure.Conflict))
	if r.Fake.Policy() != opsFile("mallory") {
		t.Errorf("got the file %s, want theirs", r.Fake.Policy())
	}
	r.Refuses("revert_policy", reverting(h.Changes[0].Change, h.ETag, code), string(failure.Conflict), "see what was changed meanwhile")
}

// A change of before the usual window is there for who asks for it, and can be undone.
func TestRevertOfLongAgo(t *testing.T) {
	r := startQuiet(t, fakeapi.Options{Now: func() time.Time { return time.Now().Add(-20 * 24 * time.Hour) }})
	if err := r.Fake.SetPolicy("{}"); err != nil {
		t.Fatal(err)
	}
	if h := historyOf(t, r, `{"start":"10d"}`); len(h.Changes) != 0 || !strings.Contains(h.Note, "no change in this window") {
		t.Errorf("got %+v of the last ten days", h)
	}
	h := historyOf(t, r, `{"start":"25d"}`)
	if len(h.Changes) != 1 {
		t.Fatalf("got %+v, want the change of 20 days ago", h)
	}
	r.Answers("revert_policy", reverting(h.Changes[0].Change, h.ETag, "CODE"))
	if r.Fake.Policy() != opsFile() {
		t.Errorf("got the file %s", r.Fake.Policy())
	}
}
