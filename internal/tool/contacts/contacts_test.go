// SPDX-License-Identifier: MIT

package contacts

import (
	"encoding/json"
	"strings"
	"testing"

	"tailscale-mcp/internal/caller"
	"tailscale-mcp/internal/failure"
	"tailscale-mcp/internal/gate"
	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/testbed/fakeapi"
	"tailscale-mcp/internal/testbed/tooltest"
	"tailscale-mcp/internal/tool"
)

func TestSetContact(t *testing.T) {
	for _, c := range []struct {
		name, arguments, want string // want is in the answer or the error
		updates, mails        int
		fault                 bool
	}{
		{"a new address, unconfirmed", `{"contact":"security","email":"new@example.com"}`,
			`write about security to "new@example.com" and, once that is verified, no longer to "security@example.com"`, 0, 0, false},
		{"a new address", `{"contact":"security","email":"new@example.com","confirm":"CODE"}`, `"fallbackEmail":"security@example.com"`, 1, 0, false},
		{"the present one, unverified", `{"contact":"support","email":"support@example.com"}`, "sent again", 0, 1, false},
		{"the present one, verified", `{"contact":"account","email":"alice@example.com"}`, "nothing was sent", 0, 0, false},
		{"no contact", `{"contact":"billing","email":"a@example.com"}`, tool.CodeInvalidArgument, 0, 0, false},
		{"no address", `{"contact":"account","email":"alice"}`, tool.CodeInvalidArgument, 0, 0, false},
		{"with a name", `{"contact":"account","email":"A <a@example.com>"}`, tool.CodeInvalidArgument, 0, 0, false},
		{"too long", `{"contact":"account","email":"` + strings.Repeat("a", 250) + `@example.com"}`, tool.CodeInvalidArgument, 0, 0, false},
		{"refused", `{"contact":"account","email":"a@example.com","confirm":"CODE"}`, string(failure.PermissionDenied), 1, 0, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			fake, dispatcher := start(t)
			if c.fault {
				fake.Fail("updateContact", fakeapi.Status(403))
			}
			rules, err := grant.Parse([]string{`{"tools":["set_contact"]}`})
			if err != nil {
				t.Fatal(err)
			}
			out, err := tooltest.Confirmed(c.arguments, func(arguments string) (gate.Result, error) {
				return dispatcher.Call(t.Context(), caller.Caller{Login: "alice@example.com", Rules: rules},
					gate.Request{ID: "1", Method: "tools/call", Name: "set_contact", Arguments: json.RawMessage(arguments)})
			})
			got := string(out.Structured)
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

func start(t *testing.T) (*fakeapi.Server, *gate.Dispatcher) {
	t.Helper()
	r := tooltest.NewAPI(t, fakeapi.Options{}, Tools)
	return r.Fake, r.Dispatcher
}
