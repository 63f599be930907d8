// SPDX-License-Identifier: MIT

//go:build linux

package host

import (
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"tailscale-mcp/internal/testbed"
)

// deviceTimeout is how long systemd lets a unit wait for a device. A boot that takes as long has hung.
const deviceTimeout = 90 * time.Second

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// kinds are the hosts that every promise has to hold on.
func kinds() map[string]Options {
	all := map[string]Options{}
	for _, release := range []string{Bookworm, Trixie} {
		for _, udev := range []bool{true, false} {
			all[fmt.Sprintf("%s,udev=%v", release, udev)] = Options{Release: release, Udev: udev}
		}
	}
	return all
}

// TestHostJoinsTheTailnet is the lab's own proof: on each kind of host, tailscaled is a unit whose interface comes and goes,
// and a peer reaches a plain listener, after a restart of tailscaled, another address and a reboot as well.
func TestHostJoinsTheTailnet(t *testing.T) {
	for name, opts := range kinds() {
		t.Run(name, func(t *testing.T) {
			ctx := t.Context()
			opts.Tailscale = true
			opts.Node = testbed.NodeOptions{Name: "server", Tags: []string{"tag:mcp"}}
			began := time.Now()
			h := Boot(t, opts)
			peer, err := h.Peer(ctx, testbed.NodeOptions{Name: "laptop", Login: "alice@example.com"})
			must(t, err)
			logBoot(t, h, "up and in the tailnet", began)

			// The unit listens, so that a restart shows what a plain listener makes of it.
			must(t, h.Write(ctx, "/etc/systemd/system/hello.socket", "[Socket]\nListenStream=8080\nAccept=yes\n[Install]\nWantedBy=sockets.target\n", 0o644))
			must(t, h.Write(ctx, "/etc/systemd/system/hello@.service", "[Service]\nStandardInput=socket\nExecStart=cat /etc/hostname\n", 0o644))
			_, err = h.Run(ctx, "systemctl", "enable", "--now", "hello.socket")
			must(t, err)
			check := func(when string) {
				t.Helper()
				if got := ask(t, peer, h); got != "server" {
					t.Errorf("the peer calling %s: got %q, want the host's name", when, got)
				}
				links, err := h.Run(ctx, "ip", "-brief", "address", "show", "dev", "tailscale0")
				if err != nil || !strings.Contains(links, h.Node.IPv4().String()) {
					t.Errorf("tailscale0 %s: got %q, %v; want the address %v", when, links, err, h.Node.IPv4())
				}
				// Starting a device unit means waiting for the device.
				verb := "is-active"
				if opts.Udev {
					verb = "start"
				}
				_, err = h.Run(ctx, "systemctl", verb, "sys-subsystem-net-devices-tailscale0.device")
				if got := err == nil; got != opts.Udev {
					t.Errorf("there is a device unit %s: got %v (%v), want %v", when, got, err, opts.Udev)
				}
			}
			check("at first")

			must(t, h.AcrossRestart(ctx, func() error {
				_, err := h.Run(ctx, "systemctl", "restart", "tailscaled")
				return err
			}))
			check("after a restart of tailscaled")

			before := h.Node.IPv4()
			must(t, h.Node.LogOut(ctx))
			must(t, h.Node.LogIn(ctx))
			check("after logging out and in")
			must(t, h.Node.LogInAs(ctx, "", "tag:other"))
			if h.Node.IPv4() == before {
				t.Errorf("as another machine: got the address %v as before", before)
			}
			check("at another address")

			began = time.Now()
			must(t, h.Reboot(ctx))
			logBoot(t, h, "down, up and back in the tailnet", began)
			check("after a reboot")
			if journal, err := h.Journal(ctx, "tailscaled"); err != nil || !strings.Contains(journal, "Started") {
				t.Errorf("tailscaled's journal: got %q, %v", journal, err)
			}
		})
	}
}

// TestHostsShareATailnet has two hosts on one tailnet, one of which is switched off.
func TestHostsShareATailnet(t *testing.T) {
	ctx := t.Context()
	first := Boot(t, Options{Release: Bookworm, Tailscale: true, Node: testbed.NodeOptions{Name: "first"}})
	second := Boot(t, Options{Release: Trixie, Tailscale: true, Node: testbed.NodeOptions{Name: "second"}, Tailnet: first.Tailnet})
	if out, err := second.Run(ctx, "tailscale", "ping", "-c", "1", "first"); err != nil || !strings.HasPrefix(out, "pong from first ") {
		t.Errorf("pinging the first host from the second: got %q, %v", out, err)
	}
	_, asked := second.Run(ctx, "systemctl", "poweroff") // which may cut it off before it is told that all is well
	select {
	case <-second.done:
	case <-time.After(patience):
		t.Fatalf("the second host has not gone down (%v)", asked)
	}
	if _, err := second.Run(ctx, "true"); err == nil || !strings.Contains(err.Error(), "has ended") {
		t.Errorf("a command on a host that is off: got error %v, want one that says so", err)
	}
	if _, err := first.Run(ctx, "true"); err != nil {
		t.Errorf("the other host: %v", err)
	}
}

// ask calls the host's listener from a peer, over the tailnet.
func ask(t *testing.T, peer *testbed.Node, h *Host) string {
	t.Helper()
	conn, err := peer.Dial(t.Context(), "tcp", net.JoinHostPort(h.Node.FQDN(), "8080"))
	must(t, err)
	defer conn.Close()
	answer, err := io.ReadAll(conn)
	must(t, err)
	return strings.TrimSpace(string(answer))
}

func logBoot(t *testing.T, h *Host, what string, began time.Time) {
	t.Helper()
	boot, err := h.BootTime(t.Context())
	must(t, err)
	if boot <= 0 || boot >= deviceTimeout {
		t.Errorf("multi-user.target was reached after %v, want less than %v", boot, deviceTimeout)
	}
	t.Logf("%s after %.1f s, of which multi-user.target %.2f s", what, time.Since(began).Seconds(), boot.Seconds())
}
