// SPDX-License-Identifier: MIT

package invites

import (
	"strings"
	"testing"

	"tailscale-mcp/internal/testbed/fakeapi"
	"tailscale-mcp/internal/testbed/tooltest"
)

// An invitation names who made it by login, into the tailnet or to a device.
func TestLogins(t *testing.T) {
	r := newRig(t)
	text := r.Answers("list_invites", `{}`, `"inviterId":123456,"inviterLogin":"alice@example.com"`, hiddenNote)
	if strings.Count(text, "inviterLogin") != 3 || r.Fake.Count("listUsers") != 1 {
		t.Errorf("got %s, want the login at each of three, for one reading of the users", text)
	}
	r.Answers("list_invites", `{"device":"web-1"}`, `"sharerId":123457,"sharerLogin":"bob@example.com"`, `"sharerLogin":"alice@example.com"`)
	r.Answers("list_invites", `{"kind":"user","invite":"29214","fields":["inviterLogin"]}`, `[{"inviterLogin":"alice@example.com"}]`)
	before := r.Fake.Count("listUsers")
	r.Answers("list_invites", `{"fields":["role","inviterId"]}`, `{"inviterId":123456,"role":"admin"}`)
	if n := r.Fake.Count("listUsers"); n != before {
		t.Error("the users were read for a list without logins")
	}
}

// Without the users there are the invitations all the same, and what is missing is said.
func TestLoginsUnknown(t *testing.T) {
	r := tooltest.NewAPI(t, fakeapi.Options{Tokens: []fakeapi.Token{{
		Secret: fakeapi.DefaultAPIKey, Scopes: []string{"device_invites", "devices:core"}, User: "alice@example.com",
	}}}, Tools)
	for _, arguments := range []string{`{}`, `{"device":"web-1"}`} {
		if text := r.Answers("list_invites", arguments, hiddenNote+"; logins are left out", "users:read"); strings.Contains(text, "Login\":\"alice") {
			t.Errorf("got %s, want no login of who made it", text)
		}
	}
}
