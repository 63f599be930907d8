// SPDX-License-Identifier: MIT

package policy

import (
	"fmt"
	"strings"
	"testing"

	"tailscale-mcp/internal/failure"
	"tailscale-mcp/internal/testbed/fakeapi"
	"tailscale-mcp/internal/testbed/tooltest"
	"tailscale-mcp/internal/tool"
	"tailscale-mcp/internal/tsapi"
)

func editing(operations, etag, confirm string) string {
	return fmt.Sprintf(`{"operations":[%s],"etag":%s,"confirm":%s}`, operations, asJSON(etag), asJSON(confirm))
}

const addBob = `{"op":"add_member","name":"group:ops","member":"bob@example.com"}`

// Of the file that is sent only what the operations name is another, and it is the one
// that the API has checked.
func TestEditPolicy(t *testing.T) {
	r, etag := startWith(t, file(mine))
	want := strings.Replace(file(mine), `["alice@example.com"]`, `["alice@example.com", "bob@example.com"]`, 1)
	r.Refuses("edit_policy", editing(addBob, etag, ""), tool.CodeConfirmationRequired,
		`changes the tailnet policy file; bob@example.com of group:ops gains the tools "*" of servers like this one on device mcp of tag:mcp, which is this server; `,
		`bob@example.com of group:ops gains the ownership of tag:mcp`, `the Tailscale API takes the new file, and its tests pass:`, `@@ -1,5 +1,5 @@ groups "group:ops"`, `+"groups": {"group:ops": ["alice@example.com", "bob@example.com"]}, // us`)
	if r.Fake.Policy() != file(mine) || r.Fake.Count("setPolicyFile") != 0 {
		t.Errorf("the file is %s before it is confirmed", r.Fake.Policy())
	}
	r.Answers("edit_policy", editing(addBob, etag, "CODE"), `"effects":[`, `"etag":`)
	if r.Fake.Policy() != want || r.Sent("setPolicyFile") != want {
		t.Errorf("got the file %s, want %s", r.Fake.Policy(), want)
	}
	asked := map[string]int{}
	for _, q := range r.Fake.Requests() {
		asked[q.Operation]++
		if q.Operation == "validateAndTestPolicyFile" && string(q.Body) != want {
			t.Errorf("got %s checked, want %s", q.Body, want)
		}
		if q.Operation == "setPolicyFile" && q.Header.Get("If-Match") != etag {
			t.Errorf("got If-Match %s, want %s", q.Header.Get("If-Match"), etag)
		}
	}
	// Three times: refused, refused by the helper for its code, and made.
	if asked["setPolicyFile"] != 1 || asked["validateAndTestPolicyFile"] != 3 || asked["getTailnetSettings"] != 3 {
		t.Errorf("got the requests %v", asked)
	}
}

func TestEditPolicyRefusals(t *testing.T) {
	old := file(mine)
	r, etag := startWith(t, old)
	for name, c := range map[string]struct {
		operations, etag string
		code             string
		parts            []string
	}{
		"not what is there": {`{"op":"remove_member","name":"group:ops","member":"bob@example.com"}`, etag, tool.CodeInvalidArgument,
			[]string{`nothing was changed: operation 1 (remove_member): line 3, column 12: "bob@example.com" is not in "group:ops": it has "alice@example.com"`, "Next step"}},
		"the second of two": {addBob + "," + addBob, etag, tool.CodeInvalidArgument, []string{`operation 2 (add_member): line 3, column 47: "group:ops" has "bob@example.com" already`}},
		"an unknown one":    {`{"op":"grant_all"}`, etag, tool.CodeInvalidArgument, []string{`"grant_all" is not one of the accepted values`}},
		"none":              {``, etag, tool.CodeInvalidArgument, []string{"there is no operation"}},
		"the rules of all":  {`{"op":"json_patch","patch":[{"op":"remove","path":"/grants"}]}`, etag, tool.CodeInvalidArgument, []string{"every device may reach every other"}},
		"another etag":      {addBob, "old", string(failure.Conflict), []string{"call get_policy", "TAILNET.UPDATE.ACL"}},
		"my access": {`{"op":"remove_rule","section":"grants","rule":` + mine + `}`, etag, tool.CodeConfirmationRequired,
			[]string{`"policy without my access"`, `you (alice@example.com) lose your own way to this server: the tools "*" of servers like this one; `, "@@ grants"}},
		"what is not valid": {`{"op":"json_patch","patch":[{"op":"add","path":"/nonsense","value":1}]}`, etag, tool.CodeInvalidArgument,
			[]string{"the new file is not valid", "nonsense", "The operations would have made:\n@@", `+"nonsense": 1`}},
	} {
		t.Run(name, func(t *testing.T) {
			r := *r
			r.TB = t
			r.Refuses("edit_policy", editing(c.operations, c.etag, ""), c.code, c.parts...)
		})
	}
	if r.Fake.Policy() != old {
		t.Errorf("the file is now %s", r.Fake.Policy())
	}
}

// Who is overtaken is told by what, whether that was before the call or during it.
func TestEditPolicyOvertaken(t *testing.T) {
	r, etag := startWith(t, file(mine))
	theirs := strings.Replace(file(mine), "// us", "// them", 1)
	told := []string{"somebody else has changed:\n@@ -1,5 +1,5 @@", `+"groups": {"group:ops": ["alice@example.com"]}, // them`, "list_audit_logs"}
	_, err := r.Call("edit_policy", editing(addBob, etag, ""))
	code := tooltest.CodeOf(err)
	held, release := fakeapi.Hold()
	script := r.Fake.Fail("validateAndTestPolicyFile", held.Times(1))
	done := make(chan error)
	go func() {
		_, err := r.Call("edit_policy", editing(addBob, etag, code))
		done <- err
	}()
	<-script.Reached()
	if err := r.Fake.SetPolicy(theirs); err != nil {
		t.Fatal(err)
	}
	release()
	r.Told("overtaken", "", <-done, string(failure.Conflict), told...)
	if r.Fake.Policy() != theirs {
		t.Errorf("got the file %s, want theirs", r.Fake.Policy())
	}
	for _, tool := range []string{editing(addBob, etag, "CODE"), editing(addBob, strings.Trim(etag, `"`), "")} {
		r.Refuses("edit_policy", tool, string(failure.Conflict), told...)
	}
	r.Refuses("set_policy", setting(file(mine+"\n"), etag, ""), string(failure.Conflict), told...)
	// Of what is long only that much is told.
	if err := r.Fake.SetPolicy(file(mine) + "// " + strings.Repeat("x", 9<<10) + "\n"); err != nil {
		t.Fatal(err)
	}
	r.Refuses("edit_policy", editing(addBob, etag, ""), string(failure.Conflict), "changed much: the difference has 9")
}

// A file that is managed elsewhere is changed there.
func TestPolicyManagedElsewhere(t *testing.T) {
	r, etag := startWith(t, file(mine))
	calls := map[string]string{"edit_policy": editing(addBob, etag, "CODE"), "set_policy": setting(file(mine+"\n"), etag, "CODE")}
	for name, arguments := range calls {
		r.Fake.Fail("getTailnetSettings", fakeapi.Body(200, "application/json", `{"aclsExternallyManagedOn": true, "aclsExternalLink": "https://git.example.com/policy"}`).Times(1))
		r.Refuses(name, arguments, string(failure.Unsupported), "aclsExternallyManagedOn", `propose the change at "https://git.example.com/policy"`)
		r.Fake.Fail("getTailnetSettings", fakeapi.Body(200, "application/json", `{"aclsExternallyManagedOn": true, "aclsExternalLink": ""}`).Times(1))
		r.Refuses(name, arguments, string(failure.Unsupported), "ask the administrators")
	}
	if n := r.Fake.Count("getPolicyFile"); n != 1 || r.Fake.Policy() != file(mine) {
		t.Errorf("got the policy read %d times and %s, want it read at the beginning only", n, r.Fake.Policy())
	}
	// What cannot be known is said, and decided by the person.
	for _, fault := range []fakeapi.Fault{fakeapi.Status(403), fakeapi.Body(200, "application/json", `{}`)} {
		r.Fake.Fail("getTailnetSettings", fault.Times(1))
		r.Refuses("edit_policy", editing(addBob, etag, ""), tool.CodeConfirmationRequired, "may not read whether the policy file is managed elsewhere")
	}
	r.Fake.Fail("getTailnetSettings", fakeapi.Status(500))
	for name, arguments := range calls {
		r.Refuses(name, arguments, string(failure.UpstreamUnavailable))
	}
}

// The files that are kept are few, and the newest.
func TestFilesKept(t *testing.T) {
	f := &files{}
	for i := range 20 {
		f.keep(policyNamed(fmt.Sprint(i), 10))
		f.keep(policyNamed("0", 10))
	}
	for etag, want := range map[string]bool{"0": true, `"19"`: true, "13": true, "12": false} {
		if _, ok := f.find(etag); ok != want {
			t.Errorf("%s is kept: %t, want %t", etag, ok, want)
		}
	}
	f.keep(policyNamed("long", mostFileBytes-15))
	if _, ok := f.find("0"); !ok || len(f.all) != 2 {
		t.Errorf("got %d files kept, want the long one and the one before it", len(f.all))
	}
}

func policyNamed(etag string, size int) tsapi.Policy {
	return tsapi.Policy{HuJSON: strings.Repeat(" ", size), ETag: etag}
}
