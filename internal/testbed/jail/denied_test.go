// SPDX-License-Identifier: MIT

//go:build linux

package jail

import (
	"slices"
	"strings"
	"testing"

	"tailscale-mcp/internal/testbed/host"
	"tailscale-mcp/internal/upstream/unit"
)

// networked are servers with every kind of network.
var networked = map[string]string{
	"plain": `{}`, "internet": `{"network": "internet"}`, "lan": `{"network": ["192.168.77.0/24", "fd00:77::/64"]}`, "open": `{"network": "unconfined"}`,
}

// applied: where addresses are denied, apply starts servers with every network.
func applied(t *testing.T, p *place) {
	said := p.do(t, "tailscale-mcp server apply")
	if note := "internet: note: it reaches what listens on this host's own address"; strings.Contains(said, note) == p.interfaces(t) {
		t.Errorf("whether systemd can tell interfaces apart is %v, and apply says\n%s", p.interfaces(t), said)
	}
	for name := range networked {
		if got := p.do(t, "systemctl is-active "+unit.SocketName(name)); got != "active" {
			t.Errorf("the socket of %s is %s", name, got)
		}
	}
	if left := p.do(t, "systemctl list-units --all --plain --no-legend --no-pager tailscale-mcp-denied.service"); left != "" {
		t.Errorf("the unit that tried is left: %s", left)
	}
}

// TestHostAddressesNotDenied: on a host that does not deny addresses, though its systemd
// takes the lines for that, no server is started that needs it, neither by apply nor by its
// socket; and the same servers are started where it does (TestHostJail).
func TestHostAddressesNotDenied(t *testing.T) {
	for _, release := range []string{host.Bookworm, host.Trixie} {
		t.Run(release, func(t *testing.T) {
			p := put(t, host.Options{Release: release, WithoutBPF: true}, networked)
			// It is as said: a unit that may reach no address reaches one.
			connect(t, p)
			out := p.do(t, "systemd-run --quiet --wait --pipe --collect --uid=ann -p IPAddressDeny=any "+probePath+" ask 127.0.0.1:7001")
			if !strings.Contains(out, `"ok":true`) {
				t.Fatalf("addresses are denied here, so that this proves nothing: %s", out)
			}
			// Their sockets listen, as after a boot. It is the launcher that refuses.
			for name := range networked {
				in, err := p.try(t.Context(), name)
				held := slices.Contains([]string{"plain", "open"}, name)
				switch {
				case held && err != nil:
					t.Errorf("%s: %v", name, err)
				case !held && (err == nil || !strings.Contains(err.Error(), "this host does not hold servers to their network")):
					t.Errorf("%s was started, or not refused for its network: %v", name, err)
				}
				if in != nil {
					in.End(nil)
				}
			}
			out, err := p.Run(t.Context(), "tailscale-mcp", "server", "apply")
			for _, name := range []string{"internet", "lan"} {
				if want := name + ": addresses are not denied on this host"; err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("apply said %s, %v; want %q", out, err, want)
				}
			}
			for name := range networked {
				want := "active"
				if name == "internet" || name == "lan" {
					want = "inactive"
				}
				if got := p.do(t, "systemctl is-active "+unit.SocketName(name)+" || true"); got != want {
					t.Errorf("the socket of %s is %s, want %s", name, got, want)
				}
			}
		})
	}
}
