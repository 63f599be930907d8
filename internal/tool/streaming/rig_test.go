// SPDX-License-Identifier: MIT

package streaming

import (
	"testing"

	"go.uber.org/goleak"

	"tailscale-mcp/internal/failure"
	"tailscale-mcp/internal/testbed/fakeapi"
	"tailscale-mcp/internal/testbed/tooltest"
	"tailscale-mcp/internal/tool"
)

const (
	invalid  = tool.CodeInvalidArgument
	needed   = tool.CodeConfirmationRequired
	notFound = string(failure.NotFound)
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func newRig(t testing.TB) *tooltest.API {
	t.Helper()
	return tooltest.NewAPI(t, fakeapi.Options{}, Tools)
}
