// SPDX-License-Identifier: MIT

package posture

import (
	"testing"

	"go.uber.org/goleak"

	"tailscale-mcp/internal/testbed/fakeapi"
	"tailscale-mcp/internal/testbed/tooltest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func newRig(t testing.TB) *tooltest.API {
	t.Helper()
	return tooltest.NewAPI(t, fakeapi.Options{}, Tools)
}
