// SPDX-License-Identifier: MIT

package keys

import (
	"errors"
	"testing"

	"go.uber.org/goleak"

	"tailscale-mcp/internal/testbed/fakeapi"
	"tailscale-mcp/internal/testbed/tooltest"
	"tailscale-mcp/internal/tool"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func newRig(t testing.TB) *tooltest.API {
	t.Helper()
	return tooltest.NewAPI(t, fakeapi.Options{}, Tools)
}

// code is the code that a caller is told, and the rest of it.
func code(err error) (string, string) {
	var e *tool.Error
	if !errors.As(err, &e) {
		return "", ""
	}
	return string(e.Code), e.Message + " " + e.Next
}
