// SPDX-License-Identifier: MIT

package policy

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"tailscale-mcp/internal/failure"
	"tailscale-mcp/internal/policy/difference"
	"tailscale-mcp/internal/testbed/fakeapi"
	"tailscale-mcp/internal/testbed/tooltest"
	"tailscale-mcp/internal/tool"
)

const mine = `{"src": ["group:ops"], "dst": ["tag:mcp"], "app": {"jaxxstorm.com/cap/mcp": [{"tools": ["*"]}]}}`

// head opens a policy file in which mine is valid: its tag has an owner.
const head = `{"tagOwners": {"tag:mcp": ["group:ops"]},`

// file is a policy file with comments and these grants in the fourth line.
func file(grants string) string {
	return "// Why.\n" + head + "\n\"groups\": {\"group:ops\": [\"alice@example.com\"]}, // us\n\"grants\": [" + grants + "]\n}\n"
}

func start(t *testing.T) *tooltest.API {
	t.Helper()
	r := tooltest.NewAPI(t, fakeapi.Options{}, tools)
	r.Fake.SetDevices([]fakeapi.Device{
		{NodeID: "nMCPCNTRL", ID: "13", Hostname: "mcp", Tags: []string{"tag:mcp"}, Addresses: []string{"100.64.0.13"}},
		{NodeID: "nLaptopCNTRL", ID: "9", Hostname: "laptop", User: "alice@example.com", Addresses: []string{"100.64.0.9"}},
		{NodeID: "nBobCNTRL", ID: "8", Hostname: "bob-laptop", User: "bob@example.com", Addresses: []string{"100.64.0.8"}},
	})
	return r
}

// startWith has a policy file, and returns the ETag by which get_policy names it.
func startWith(t *testing.T, text string) (*tooltest.API, string) {
	t.Helper()
	r := start(t)
	if err := r.Fake.SetPolicy(text); err != nil {
		t.Fatal(err)
	}
	var read getOutput
	if err := json.Unmarshal([]byte(r.Answers("get_policy", `{}`)), &read); err != nil || read.Policy != text || read.ETag == "" {
		t.Fatalf("got %+v and error %v, want the file and its etag", read, err)
	}
	return r, read.ETag
}

func setting(policy, etag, confirm string) string {
	return fmt.Sprintf(`{"policy":%s,"etag":%s,"confirm":%s}`, asJSON(policy), asJSON(etag), asJSON(confirm))
}

func asJSON(v any) string {
	text, _ := json.Marshal(v)
	return string(text)
}

// What is sent is what was given, to the byte, on condition that nothing changed.
func TestSetPolicy(t *testing.T) {
	r, etag := startWith(t, file(mine))
	next := "// Why.\n" + head + "\n\"groups\": {\"group:ops\": [\"alice@example.com\"]}, // us\n/* new */\n\"grants\": [" + mine + "], \"tests\": [],\n}\n"
	text := r.Answers("set_policy", setting(next, etag, "CODE"))
	var out changeOutput
	if err := json.Unmarshal([]byte(text), &out); err != nil {
		t.Fatal(err)
	}
	if want := "@@ -1,5 +1,6 @@ tests\n // Why.\n " + head + "\n \"groups\": {\"group:ops\": [\"alice@example.com\"]}, // us\n-\"grants\": [" + mine + "]\n+/* new */\n+\"grants\": [" + mine + "], \"tests\": [],\n }\n"; out.Difference != want || out.Note != "" {
		t.Errorf("got the difference %s and the note %q, want %s", out.Difference, out.Note, want)
	}
	if got := r.Sent("setPolicyFile"); got != next || r.Fake.Policy() != next {
		t.Errorf("got %s sent and the file %s, want %s", got, r.Fake.Policy(), next)
	}
	var now getOutput
	if err := json.Unmarshal([]byte(r.Answers("get_policy", `{}`)), &now); err != nil || now.ETag != out.ETag || now.ETag == etag {
		t.Errorf("got the etag %s and error %v, want %s, which is not %s", out.ETag, err, now.ETag, etag)
	}
	// Between the check and the write the tailnet is only read.
	checked := ""
	for _, q := range r.Fake.Requests() {
		switch q.Operation {
		case "validateAndTestPolicyFile":
			checked = string(q.Body)
		case "listTailnetDevices", "listUsers":
		case "setPolicyFile":
			if q.Header.Get("If-Match") != etag || checked != next {
				t.Errorf("got If-Match %s after the check of %q, want %s after the check of the same file", q.Header.Get("If-Match"), checked, etag)
			}
		default:
			checked = "" // of another call
		}
	}
}

func TestSetPolicyRefusals(t *testing.T) {
	const ownWay, open = `you (alice@example.com) lose your own way to this server: the tools "*" of servers like this one`, "everyone gains every port on everything"
	old, harmless := file(mine), file(mine+"\n")
	r, etag := startWith(t, old)
	for _, c := range []struct {
		name, policy, etag, confirm string
		code                        string
		parts                       []string
	}{
		{"without confirm", harmless, etag, "", tool.CodeConfirmationRequired, []string{"replaces the tailnet policy file", "confirm set to", "@@ -1,5 +1,6 @@ grants\n // Why.\n", "// us\n-" + `"grants": [` + mine + "]\n+"}},
		{"the name", harmless, etag, "policy", tool.CodeConfirmationRequired, []string{`and not "policy"`}},
		{"my access", file(""), etag, "policy without my access", tool.CodeConfirmationRequired, []string{`"policy without my access"`, ownWay}},
		{"my access, and the rules of all", `{"groups": {}}`, etag, "policy", tool.CodeConfirmationRequired, []string{`"policy without my access"`, "policy file; " + open + "; " + ownWay + "; "}},
		{"comments", strings.ReplaceAll(strings.TrimPrefix(old, "// Why.\n"), " // us", ""), etag, "", tool.CodeConfirmationRequired, []string{"all comments of the file are removed", "-// Why."}},
		{"what hides a line", harmless + "// \x1b[2K\r\u202e\n", etag, "", tool.CodeConfirmationRequired, []string{`// \u001b[2K\u000d\u202e`}},
		{"stale", harmless, `"old"`, "CODE", string(failure.Conflict), []string{"nothing was changed", "get_policy"}},
		{"whatever is there", harmless, "*", "CODE", string(failure.Conflict), nil},
		{"the untouched default", harmless, "ts-default", "CODE", string(failure.Conflict), nil},
		{"no etag", harmless, " ", "CODE", tool.CodeInvalidArgument, []string{"call get_policy"}},
		{"an empty etag", harmless, `""`, "CODE", string(failure.Conflict), nil},
		{"no HuJSON", "{", etag, "CODE", tool.CodeInvalidArgument, []string{"not readable"}},
		{"nothing", "", etag, "CODE", tool.CodeInvalidArgument, []string{"not readable"}},
		{"null", "null", etag, "CODE", tool.CodeInvalidArgument, []string{"no object"}},
		{"tests only, which would be run", `[{"src": "alice@example.com", "accept": ["100.64.0.1:22"]}]`, etag, "CODE", tool.CodeInvalidArgument, []string{"no object"}},
		{"a section twice", `{"grants": [` + mine + `], "Grants": []}`, etag, "CODE", tool.CodeInvalidArgument, []string{`"Grants" twice`}},
		{"not valid", `{"nonsense": 1}`, etag, "CODE", tool.CodeInvalidArgument, []string{"nothing was changed: the new file is not valid", "nonsense", "validate_policy"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := *r
			r.TB = t
			r.Refuses("set_policy", setting(c.policy, c.etag, c.confirm), c.code, c.parts...)
		})
	}
	if r.Fake.Policy() != old {
		t.Errorf("the file is now %s", r.Fake.Policy())
	}
}

func TestSetPolicyConfirmed(t *testing.T) {
	old := file(mine)
	for name, c := range map[string]struct{ policy, want string }{
		"my access":     {file(""), `"difference"`},
		"comments gone": {strings.ReplaceAll(strings.TrimPrefix(old, "// Why.\n"), " // us", ""), "all comments of the file are removed"},
	} {
		t.Run(name, func(t *testing.T) {
			r, etag := startWith(t, old)
			r.Answers("set_policy", setting(c.policy, etag, "CODE"), c.want)
			if r.Fake.Policy() != c.policy {
				t.Errorf("got the file %s, want %s", r.Fake.Policy(), c.policy)
			}
		})
	}
	r, etag := startWith(t, old)
	r.Answers("set_policy", setting(old, etag, ""), "nothing was sent")
	if n := r.Fake.Count("setPolicyFile"); n != 0 {
		t.Errorf("a file that is there already was sent %d times", n)
	}
}

// What nobody can be shown whole nobody can confirm, however it is said.
func TestSetPolicyTooLong(t *testing.T) {
	r, etag := startWith(t, file(mine))
	with := func(comment string) string { return file(mine) + "// " + comment + "\n" }
	around := len(seen(difference.Unified(file(mine), with(""))))
	for name, c := range map[string]struct {
		comment string
		shown   bool
	}{
		"as long as can be":    {strings.Repeat("x", mostShown-around), true},
		"longer":               {strings.Repeat("x", mostShown-around+1), false},
		"longer as it is seen": {strings.Repeat("\u202e", (mostShown-around)/6+1), false},
	} {
		if c.shown {
			r.Refuses("set_policy", setting(with(c.comment), etag, ""), tool.CodeConfirmationRequired, "+// "+c.comment+"\n")
			continue
		}
		for _, confirm := range []string{"", "policy without my access"} {
			text := r.Refuses("set_policy", setting(with(c.comment), etag, confirm), tool.CodeInvalidArgument, "smaller steps, or in the admin console")
			if len(text) > 1000 {
				t.Errorf("%s: got %.1000s, want none of the difference", name, text)
			}
		}
	}
	if n := r.Fake.Count("validateAndTestPolicyFile"); n != 1 {
		t.Errorf("got %d files checked, want the one that can be shown", n)
	}
}

// Who writes back what was shown of a file is told what that changes, and the file
// is not replaced before.
func TestSetPolicyOfWhatWasShown(t *testing.T) {
	const comment = "// x\u200by\U000e0041\n"
	r := start(t)
	if err := r.Fake.SetPolicy(file(mine) + comment); err != nil {
		t.Fatal(err)
	}
	var read getOutput
	if err := json.Unmarshal([]byte(r.Answers("get_policy", `{}`)), &read); err != nil {
		t.Fatal(err)
	}
	if want := file(mine) + `// x\u200by\U000e0041` + "\n"; read.Policy != want || !strings.Contains(read.Note, "2 characters that cannot be seen") {
		t.Errorf("got the file %s and the note %q, want %s and a word about it", read.Policy, read.Note, want)
	}
	const lost = "2 characters of the file that cannot be seen"
	r.Refuses("set_policy", setting(read.Policy, read.ETag, ""), tool.CodeConfirmationRequired, lost)
	if r.Fake.Policy() != file(mine)+comment {
		t.Errorf("the file is now %q", r.Fake.Policy())
	}
	r.Answers("set_policy", setting(read.Policy, read.ETag, "CODE"), lost)
	// A file that keeps them loses nothing.
	if err := r.Fake.SetPolicy(file(mine) + comment); err != nil {
		t.Fatal(err)
	}
	if text := r.Refuses("set_policy", setting(file(mine)+"\n"+comment, read.ETag, ""), tool.CodeConfirmationRequired); strings.Contains(text, "cannot be seen") {
		t.Errorf("got %s, want no word of what stays", text)
	}
}

// The rules of all are gone, and nobody's access to this server with them.
func TestSetPolicyOpen(t *testing.T) {
	const closed, open = `{"acls": []}`, `{"groups": {}}`
	r, etag := startWith(t, closed)
	r.Refuses("set_policy", setting(open, etag, ""), tool.CodeConfirmationRequired, "policy file; everyone gains every port on everything; the")
	r, etag = startWith(t, open)
	text := r.Refuses("set_policy", setting(`{"groups": {}, "hosts": {}}`, etag, ""), tool.CodeConfirmationRequired)
	if !strings.Contains(text, "policy file; nobody gains or loses anything by it today, with the devices as they are; the") {
		t.Errorf("got %s of a file that was open already", text)
	}
}

// Somebody else's change between the check and ours is not overwritten.
func TestSetPolicyOvertaken(t *testing.T) {
	r, etag := startWith(t, file(mine))
	_, err := r.Call("set_policy", setting(file(mine+"\n"), etag, ""))
	code := tooltest.CodeOf(err)
	held, release := fakeapi.Hold()
	script := r.Fake.Fail("validateAndTestPolicyFile", held.Times(1))
	done := make(chan error)
	go func() {
		_, err := r.Call("set_policy", setting(file(mine+"\n"), etag, code))
		done <- err
	}()
	<-script.Reached()
	theirs := file(mine + "," + mine)
	if err := r.Fake.SetPolicy(theirs); err != nil {
		t.Fatal(err)
	}
	release()
	r.Told("overtaken", "", <-done, string(failure.Conflict))
	if r.Fake.Policy() != theirs {
		t.Errorf("got the file %s, want theirs", r.Fake.Policy())
	}
}

func TestSetPolicyOfTheAPI(t *testing.T) {
	next := file(mine + "\n")
	t.Run("tests fail", func(t *testing.T) {
		r, etag := startWith(t, file(mine))
		r.Fake.SetValidation("test(s) failed", fakeapi.Finding{User: "bob@example.com", Errors: []string{"address 100.64.0.1:22: want accept"}})
		r.Refuses("set_policy", setting(next, etag, "CODE"), tool.CodeInvalidArgument, "bob@example.com: address 100.64.0.1:22: want accept")
	})
	t.Run("tests fail, and nothing says why", func(t *testing.T) {
		r, etag := startWith(t, file(mine))
		r.Fake.SetValidation("test(s) failed", fakeapi.Finding{User: "bob@example.com"})
		r.Refuses("set_policy", setting(next, etag, "CODE"), tool.CodeInvalidArgument, "test(s) failed")
	})
	t.Run("warnings", func(t *testing.T) {
		r, etag := startWith(t, file(mine))
		r.Fake.SetValidation("warning(s) found", fakeapi.Finding{User: "group:ops", Warnings: []string{"is empty"}})
		r.Refuses("set_policy", setting(next, etag, ""), tool.CodeConfirmationRequired, `the Tailscale API takes the new file, and warns: "group:ops: is empty"`)
		r.Answers("set_policy", setting(next, etag, "CODE"), `"warnings":[{"user":"group:ops","warnings":["is empty"]}]`)
	})
	t.Run("more warnings than anybody reads", func(t *testing.T) {
		r, etag := startWith(t, file(mine))
		r.Fake.SetValidation("warning(s) found", fakeapi.Finding{Warnings: []string{strings.Repeat("ü", 3000) + "!"}})
		r.Refuses("set_policy", setting(next, etag, ""), tool.CodeConfirmationRequired, "ü\"\n... and 1 bytes more:\n@@ -1,5 +1,6 @@ grants\n // Why.")
	})
	t.Run("not checked", func(t *testing.T) {
		r, etag := startWith(t, file(mine))
		r.Fake.Fail("validateAndTestPolicyFile", fakeapi.Status(500))
		r.Refuses("set_policy", setting(next, etag, "CODE"), string(failure.UpstreamUnavailable))
	})
	t.Run("no etag of the file there is", func(t *testing.T) {
		r := start(t)
		r.Fake.Fail("getPolicyFile", fakeapi.Body(200, "application/hujson", file(mine)))
		r.Refuses("set_policy", setting(next, `""`, "CODE"), string(failure.Conflict))
	})
	t.Run("no etag of the new file", func(t *testing.T) {
		r, etag := startWith(t, file(mine))
		r.Fake.Fail("setPolicyFile", fakeapi.Body(200, "application/hujson", next))
		r.Answers("set_policy", setting(next, etag, "CODE"), "the change was made; call get_policy for the new etag")
	})
	t.Run("refused", func(t *testing.T) {
		r, etag := startWith(t, file(mine))
		r.Fake.Fail("setPolicyFile", fakeapi.Status(403))
		_, err := r.Call("set_policy", setting(next, etag, "CODE"))
		r.Told("set_policy", "", err, string(failure.PermissionDenied))
		if r.Fake.Policy() != file(mine) {
			t.Errorf("got the file %s", r.Fake.Policy())
		}
	})
}
