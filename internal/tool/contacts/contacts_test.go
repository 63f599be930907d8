// SPDX-License-Identifier: MIT

package contacts

import (
	"encoding/json"
	"strings"
	"testing"

	"tailscale-mcp/internal/caller"
	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/tailnet"
	"tailscale-mcp/internal/tailnettest/fakeapi"
	"tailscale-mcp/internal/tool"
	"tailscale-mcp/internal/tool/tooltest"
)

func TestSetContact(t *testing.T) {
	for _, c := range []struct {
		name, arguments, want string // want is in the answer or the error
		updates, mails        int
		fault                 bool
	}{
		{"a new address", `{"contact":"security","email":"new@example.com"}`, `"fallbackEmail":"security@example.com"`, 1, 0, false},
		{"the present one, unverified", `{"contact":"support","email":"support@example.com"}`, "sent again", 0, 1, false},
		{"the present one, verified", `{"contact":"account","email":"alice@example.com"}`, "nothing was sent", 0, 0, false},
		{"no contact", `{"contact":"billing","email":"a@example.com"}`, tool.CodeInvalidArgument, 0, 0, false},
		{"no address", `{"contact":"account","email":"alice"}`, tool.CodeInvalidArgument, 0, 0, false},
		{"with a name", `{"contact":"account","email":"A <a@example.com>"}`, tool.CodeInvalidArgument, 0, 0, false},
		{"refused", `{"contact":"account","email":"a@example.com"}`, string(tailnet.CodePermissionDenied), 1, 0, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			fake, dispatcher := start(t)
			if c.fault {
				fake.Fail("updateContact", fakeapi.Status(403))
			}
			rules, err := grant.Parse([]string{`{"tools":["*"]}`})
			if err != nil {
				t.Fatal(err)
			}
			text, err := dispatcher.Call(t.Context(), caller.Caller{Login: "alice@example.com", Rules: rules},
				tool.Request{ID: "1", Method: "tools/call", Name: "set_contact", Arguments: json.RawMessage(c.arguments)})
			got := string(text)
			if err != nil {
				got = err.Error()
			}
			if !strings.Contains(got, c.want) {
				t.Errorf("got %s, want %s", got, c.want)
			}
			if u, m := fake.Count("updateContact"), fake.Count("resendContactVerificationEmail"); u != c.updates || m != c.mails {
				t.Errorf("got %d updates and %d mails, want %d and %d", u, m, c.updates, c.mails)
			}
		})
	}
}

func start(t *testing.T) (*fakeapi.Server, *tool.Dispatcher) {
	t.Helper()
	r := tooltest.NewAPI(t, fakeapi.Options{}, Tools)
	return r.Fake, r.Dispatcher
}
