// SPDX-License-Identifier: MIT

package users

import (
	"slices"
	"strings"
	"testing"

	"tailscale-mcp/internal/failure"
	"tailscale-mcp/internal/testbed/fakeapi"
	"tailscale-mcp/internal/tool"
)

func TestUserResource(t *testing.T) {
	r := newRig(t)
	whole, err := r.Read("tailscale://user/bob@example.com")
	if err != nil || !strings.Contains(whole, `"loginName":"bob@example.com"`) || !strings.Contains(whole, `"profilePicUrl"`) {
		t.Errorf("got %s and %v, want bob with all fields", whole, err)
	}
	if text, err := r.Read("tailscale://user/BOB@example.com"); err != nil || text != whole {
		t.Errorf("got %s and %v, want the same", text, err)
	}
	text, err := r.Read("tailscale://user/bob%40example.com")
	r.Told("another spelling", text, err, tool.CodeUnknown, "resource")
	text, err = r.Read("tailscale://user/nobody")
	r.Told("nobody", text, err, string(failure.NotFound), "list_users")
	// Others that may be meant are not for who may read one.
	text, err = r.Read("tailscale://user/bob@example.org")
	if r.Told("bob elsewhere", text, err, string(failure.NotFound), "list_users"); strings.Contains(err.Error(), "bob@example.com") {
		t.Errorf("got %v, want nobody else named", err)
	}
	text, err = r.Read("tailscale://user/%20")
	r.Told("a blank", text, err, tool.CodeInvalidArgument, "login name")
}

func TestUserCompletion(t *testing.T) {
	r := newRig(t)
	for prefix, want := range map[string]string{"B": "bob@example.com", "nobody": ""} {
		if got, err := r.Complete("tailscale://user/{+id}", prefix); err != nil || strings.Join(got, " ") != want {
			t.Errorf("%q: got %q and %v, want %q", prefix, got, err, want)
		}
	}
	all, err := r.Complete("tailscale://user/{+id}", "")
	if err != nil || len(all) < 3 || !slices.IsSorted(all) {
		t.Errorf("got %q and %v, want all logins", all, err)
	}
	r.Fake.Fail("", fakeapi.Status(500))
	if got, err := r.Complete("tailscale://user/{+id}", ""); err == nil {
		t.Errorf("got %q, want an error", got)
	}
}
