// SPDX-License-Identifier: MIT

package main

import (
	"net/netip"
	"os"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"tailscale.com/ipn/ipnstate"
	"tailscale.com/tailcfg"

	"tailscale-mcp/internal/testbed/fakeapi"
	"tailscale-mcp/internal/testbed/fakelocal"
)

// TestCheckByFile are the answers of check by the policy file, with a fake of the
// Tailscale API beside a tailscaled that sees no other node.
func TestCheckByFile(t *testing.T) {
	policy, err := os.ReadFile("testdata/check/policy.hujson")
	if err != nil {
		t.Fatal(err)
	}
	api, err := fakeapi.Start(fakeapi.Options{Policy: string(policy)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(api.Close)
	device := func(id, name, user, addr string, tags ...string) fakeapi.Device {
		return fakeapi.Device{NodeID: id, ID: addr[len(addr)-2:], Hostname: name, User: user, Addresses: []string{addr}, Tags: tags, Authorized: true}
	}
	api.SetDevices([]fakeapi.Device{
		device("nServerCNTRL", "server", "", "100.64.0.10", "tag:mcp"),
		device("nAliceCNTRL", "laptop", "alice@example.com", "100.64.0.11"),
		device("nRunnerCNTRL", "runner", "", "100.64.0.12", "tag:ci"),
	})
	tailscaled := fakelocal.Start(t)
	tailscaled.Change(func(s *ipnstate.Status) {
		addrs := []netip.Addr{netip.MustParseAddr("100.64.0.10")}
		s.TailscaleIPs, s.Peer = addrs, nil
		s.Self = &ipnstate.PeerStatus{ID: tailcfg.StableNodeID("nServerCNTRL"), DNSName: "server.example.ts.net.", TailscaleIPs: addrs, Tags: fakelocal.Tags("tag:mcp")}
	})
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/check",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(e *testscript.Env) error {
			e.Setenv("GORACE", raceOptions)
			e.Setenv(testRoot, e.WorkDir+"/host")
			e.Setenv("TAILSCALE_MCP_TAILSCALED_SOCKET", tailscaled.Socket)
			e.Setenv("TAILSCALE_MCP_ALLOW", "read,escalating")
			e.Setenv("TAILSCALE_API_URL", api.URL())
			e.Setenv("TAILSCALE_API_KEY", fakeapi.DefaultAPIKey)
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"exits": exits},
	})
}
