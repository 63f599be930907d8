// SPDX-License-Identifier: MIT

package services

import (
	"testing"

	"go.uber.org/goleak"

	"tailscale-mcp/internal/testbed/fakeapi"
	"tailscale-mcp/internal/testbed/tooltest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func newRig(t testing.TB, scopes ...string) *tooltest.API {
	t.Helper()
	if scopes == nil {
		scopes = []string{"all"}
	}
	return tooltest.NewAPI(t, fakeapi.Options{Tokens: []fakeapi.Token{{Secret: fakeapi.DefaultAPIKey, Scopes: scopes, User: "alice@example.com"}}}, Tools)
}
