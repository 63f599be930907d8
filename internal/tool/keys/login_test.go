// SPDX-License-Identifier: MIT

package keys

import (
	"encoding/json"
	"strings"
	"testing"

	"tailscale-mcp/internal/gate"
	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/testbed/fakeapi"
	"tailscale-mcp/internal/testbed/tooltest"
	"tailscale-mcp/internal/tool"
)

const whose = `"userId":"123456","userLogin":"alice@example.com"`

// A key names who made it by login, wherever it is shown.
func TestLogins(t *testing.T) {
	r := newRig(t)
	if text := r.Answers("list_keys", `{}`, whose); strings.Contains(text, `"note"`) || strings.Count(text, "userLogin") != 4 {
		t.Errorf("got %s, want the login at each of four keys, none at that of a trust credential, and no note", text)
	}
	if n := r.Fake.Count("listUsers"); n != 1 {
		t.Errorf("the users were read %d times for one list, want once", n)
	}
	r.Answers("list_keys", `{"key":"kApi1CNTRL"}`, whose)
	r.Answers("list_keys", `{"key":"kApi1CNTRL","fields":["userLogin"]}`, `"keys":[{"userLogin":"alice@example.com"}]`)
	r.Answers("list_keys", `{"fields":["all"],"limit":1}`, whose)
	if text, err := r.Read("tailscale://keys"); err != nil || !strings.Contains(text, whose) {
		t.Errorf("got %s and %v, want the logins", text, err)
	}
	r.Refuses("delete_key", `{"key":"kApi1CNTRL"}`, tool.CodeConfirmationRequired, `it is of "alice@example.com"`)
}

// Whoever asks for no login has nothing read for it.
func TestNoLoginAskedFor(t *testing.T) {
	r := newRig(t)
	r.Answers("list_keys", `{"fields":["id","userId"]}`, `"userId":"123456"`)
	r.Answers("list_keys", `{"key":"kAuth3CNTRL"}`, `"id":"kAuth3CNTRL"`)
	if n := r.Fake.Count("listUsers"); n != 0 {
		t.Errorf("the users were read %d times", n)
	}
}

// Without the users there are the keys all the same, and what is missing is said.
func TestLoginsUnknown(t *testing.T) {
	scoped := tooltest.NewAPI(t, fakeapi.Options{Tokens: []fakeapi.Token{{
		Secret: fakeapi.DefaultAPIKey, Scopes: []string{"auth_keys", "oauth_keys", "federated_keys", "api_access_tokens"}, User: "alice@example.com",
	}}}, Tools)
	down := newRig(t)
	down.Fake.Fail("listUsers", fakeapi.Status(503))
	gone := newRig(t)
	gone.Fake.Fail("listUsers", fakeapi.Body(200, "application/json", `{"users":[]}`))
	for _, c := range []struct {
		r    *tooltest.API
		note string
	}{{scoped, "takes the scope users:read"}, {down, "could not be read"}, {gone, "1 of the people"}} {
		if text := c.r.Answers("list_keys", `{}`, `"userId":"123456"`, `"note":"`, c.note, `"total":5`); strings.Contains(text, "userLogin") {
			t.Errorf("got %s, want no login", text)
		}
		c.r.Refuses("delete_key", `{"key":"kApi1CNTRL"}`, tool.CodeConfirmationRequired, `it is of the user with the ID "123456"`)
	}
}

// Keys and their makers are of the whole tailnet: a grant of some devices does not show them.
func TestNotForGrantsOfDevices(t *testing.T) {
	r := newRig(t)
	rules, err := grant.Parse([]string{`{"tools":["read:*"],"devices":["tag:web"]}`})
	if err != nil {
		t.Fatal(err)
	}
	narrow := r.Caller()
	narrow.Rules = rules
	out, err := r.Dispatcher.Call(t.Context(), narrow, gate.Request{ID: "1", Method: "tools/call", Name: "list_keys", Arguments: json.RawMessage(`{}`)})
	r.Told("list_keys", string(out.Structured), err, tool.CodeAccessDenied)
	if n := len(r.Fake.Requests()); n != 0 {
		t.Errorf("the API was asked %d times", n)
	}
}
