// SPDX-License-Identifier: MIT

package policy

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tailscale-mcp/internal/failure"
	"tailscale-mcp/internal/testbed/fakeapi"
	"tailscale-mcp/internal/tool"
)

func TestGetPolicy(t *testing.T) {
	const text = "// Ours.\n{\n\t// Who.\n\t\"groups\": {\"group:ops\": [\"alice@example.com\"]},\n\t\"Grants\": [], // none\n\t\"tests\": [],\n}\n"
	r, etag := startWith(t, text)
	for _, c := range []struct{ arguments, policy, json string }{
		{`{}`, text, ``},
		{`{"sections":[]}`, text, ``},
		{`{"sections":["groups"]}`, "// Ours.\n{\n\t// Who.\n\t\"groups\": {\"group:ops\": [\"alice@example.com\"]}\n}\n", ``},
		{`{"sections":["grants","groups"]}`, "// Ours.\n{\n\t// Who.\n\t\"groups\": {\"group:ops\": [\"alice@example.com\"]},\n\t\"Grants\": []\n}\n", ``},
		{`{"format":"json"}`, ``, `{"Grants":[],"groups":{"group:ops":["alice@example.com"]},"tests":[]}`},
		{`{"format":"json","sections":["GRANTS"]}`, ``, `{"Grants":[]}`},
	} {
		var got getOutput
		if err := json.Unmarshal([]byte(r.Answers("get_policy", c.arguments)), &got); err != nil {
			t.Fatal(err)
		}
		shown := ""
		if got.JSON != nil {
			shown = asJSON(got.JSON)
		}
		if diff := cmp.Diff([]string{c.policy, c.json, etag}, []string{got.Policy, shown, got.ETag}); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.arguments, diff)
		}
		if partial := c.policy != text && c.json == "" || c.json == `{"Grants":[]}`; partial != (got.Note != "") {
			t.Errorf("%s: got the note %q, want one when it is not the whole file: %t", c.arguments, got.Note, partial)
		}
	}
	for _, arguments := range []string{`{"sections":["grants","acls"]}`, `{"format":"json","sections":["acls"]}`} {
		r.Refuses("get_policy", arguments, tool.CodeInvalidArgument, `no section "acls"`, "groups, Grants, tests")
	}
	r.Refuses("get_policy", `{"format":"yaml"}`, tool.CodeInvalidArgument, "hujson", "json")
	r.Refuses("get_policy", `{"section":"grants"}`, tool.CodeInvalidArgument, "sections")
	for _, arguments := range []string{`{}`, `{"format":"json"}`} {
		r.Fake.Fail("getPolicyFile", fakeapi.Status(403).Times(1))
		r.Refuses("get_policy", arguments, string(failure.PermissionDenied))
	}
}
