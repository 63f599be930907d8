// SPDX-License-Identifier: MIT

package systemd

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tailscale-mcp/internal/testbed"
	"tailscale-mcp/internal/testbed/host"
)

// patience bounds every wait. It is shorter than a unit waits for a device (90 s),
// which nothing here may do.
const patience = time.Minute

// kind is a kind of host, with the units on it and somebody who calls.
type kind struct {
	*host.Host
	peer *testbed.Node
	base string // where the peer reaches the daemon
}

// onEachKind runs a test on both releases, with udev and without.
func onEachKind(t *testing.T, test func(t *testing.T, k *kind)) {
	for _, release := range []string{host.Bookworm, host.Trixie} {
		for _, udev := range []bool{true, false} {
			name := release + " without udev"
			if udev {
				name = release + " with udev"
			}
			t.Run(name, func(t *testing.T) {
				h := host.Boot(t, host.Options{Release: release, Udev: udev, Tailscale: true})
				peer, err := h.Peer(t.Context(), testbed.NodeOptions{Name: "laptop", Login: "alice@example.com"})
				if err != nil {
					t.Fatal(err)
				}
				k := &kind{Host: h, peer: peer, base: fmt.Sprintf("http://%s:8080", h.Node.IPv4())}
				k.install(t)
				test(t, k)
			})
		}
	}
}

// install puts the program and the units where the package does.
func (k *kind) install(t *testing.T) {
	t.Helper()
	tree := t.TempDir()
	build := exec.CommandContext(t.Context(), "go", "build", "-o", filepath.Join(tree, "usr/bin/tailscale-mcp"), "../cmd/tailscale-mcp")
	build.Env = append(build.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("building: %v: %s", err, out)
	}
	for _, name := range units(t) {
		write(t, filepath.Join(tree, "usr/lib/systemd/system", name), read(t, name), 0o644)
	}
	for _, name := range []string{"sysusers.d/tailscale-mcp.conf", "tmpfiles.d/tailscale-mcp.conf"} {
		write(t, filepath.Join(tree, "usr/lib", name), read(t, name), 0o644)
	}
	if err := k.CopyDir(t.Context(), tree, "/"); err != nil {
		t.Fatal(err)
	}
	// Its own limit is not what is tested: six times within ten seconds.
	if err := k.Write(t.Context(), "/etc/systemd/system/tailscaled.service.d/limit.conf", "[Unit]\nStartLimitIntervalSec=0\n", 0o644); err != nil {
		t.Fatal(err)
	}
	k.do(t, "systemd-sysusers tailscale-mcp.conf; systemd-tmpfiles --create tailscale-mcp.conf; systemctl daemon-reload")
}

// do runs a command line on the host, which must succeed.
func (k *kind) do(t *testing.T, line string) string {
	t.Helper()
	out, err := k.Run(t.Context(), "sh", "-euc", line)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// await asks until got is what is wanted.
func await(t *testing.T, what, want string, got func() string) {
	t.Helper()
	end := time.Now().Add(patience)
	for {
		last := got()
		if strings.Contains(last, want) {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("%s: got %q within %v, want %q", what, last, patience, want)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// answers waits until the peer gets an answer over the tailnet, and wants it to
// come through the socket, no unit failed and no job left.
func (k *kind) answers(t *testing.T, after string) {
	t.Helper()
	await(t, "/healthz "+after, "up", func() string { return k.health(t.Context()) })
	await(t, "the status "+after, "(socket from systemd)", func() string {
		return k.do(t, "systemctl show --property=StatusText --value tailscale-mcp.service")
	})
	await(t, "jobs "+after, "[]", func() string { return "[" + k.do(t, "systemctl list-jobs --no-legend --no-pager") + "]" })
	if failed := k.do(t, "systemctl list-units --state=failed --plain --no-legend --no-pager"); failed != "" {
		t.Errorf("failed units %s:\n%s", after, failed)
	}
}

func (k *kind) health(ctx context.Context) string {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, k.base+"/healthz", nil)
	if err != nil {
		return err.Error()
	}
	client := k.peer.HTTPClient()
	defer client.CloseIdleConnections()
	res, err := client.Do(r)
	if err != nil {
		return err.Error()
	}
	defer res.Body.Close()
	word, err := io.ReadAll(res.Body)
	if err != nil {
		return err.Error()
	}
	return string(word)
}

// TestHostSocketLife: the socket follows tailscaled through whatever happens to it.
func TestHostSocketLife(t *testing.T) {
	onEachKind(t, func(t *testing.T, k *kind) {
		k.do(t, "systemctl enable --now tailscale-mcp.socket")
		k.answers(t, "after enabling the socket")
		k.do(t, "systemctl stop tailscaled; systemctl start tailscaled")
		k.answers(t, "after tailscaled was stopped and started")
		k.do(t, "for i in 1 2 3 4 5 6; do systemctl restart tailscaled; done")
		k.answers(t, "after six restarts of tailscaled")
		for range 6 {
			before := k.do(t, "systemctl show --property=MainPID --value tailscaled")
			k.do(t, "systemctl kill --signal=KILL tailscaled")
			await(t, "tailscaled after its death", "active", func() string {
				if k.do(t, "systemctl show --property=MainPID --value tailscaled") == before {
					return "still there"
				}
				return k.do(t, "systemctl show --property=ActiveState --value tailscaled")
			})
		}
		k.answers(t, "after six deaths of tailscaled")
		k.do(t, "systemctl restart tailscale-mcp.socket")
		k.answers(t, "after a restart of the socket")
		k.do(t, "systemctl kill --signal=KILL tailscale-mcp.service")
		k.answers(t, "after the death of the daemon")
		if err := k.Reboot(t.Context()); err != nil {
			t.Fatal(err)
		}
		k.answers(t, "after a reboot")
		k.do(t, "systemctl enable --now tailscale-mcp.service")
		if err := k.Reboot(t.Context()); err != nil {
			t.Fatal(err)
		}
		k.answers(t, "after a reboot with the service enabled too")
	})
}

// TestHostSocketBusy: the daemon still has somebody to serve when the device goes,
// so that neither it nor the socket has ended when the next device is there.
func TestHostSocketBusy(t *testing.T) {
	onEachKind(t, func(t *testing.T, k *kind) {
		k.do(t, "systemctl enable --now tailscale-mcp.socket")
		k.answers(t, "after enabling the socket")
		conn, err := k.peer.Dial(t.Context(), "tcp", strings.TrimPrefix(k.base, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		// Its body does not come.
		if _, err := io.WriteString(conn, "POST /mcp HTTP/1.1\r\nHost: host\r\nContent-Type: application/json\r\nContent-Length: 10\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		before := k.do(t, "systemctl show --property=InvocationID --value tailscale-mcp.service")
		k.do(t, "systemctl restart tailscaled")
		await(t, "the daemon that was busy", "gone", func() string {
			switch now := k.do(t, "systemctl show --property=InvocationID --value tailscale-mcp.service; systemctl show --property=ActiveState --value tailscale-mcp.service"); {
			case strings.HasPrefix(now, before) && !strings.HasSuffix(now, "inactive"):
				return now
			default:
				return "gone"
			}
		})
		k.answers(t, "after a restart of tailscaled while the daemon was busy")
	})
}

// TestHostWithoutDevice: without a network device the socket is in nobody's way,
// during the boot not least; who starts it is told what to do, and then the service
// binds by itself.
func TestHostWithoutDevice(t *testing.T) {
	onEachKind(t, func(t *testing.T, k *kind) {
		k.do(t, `sed -i 's/^FLAGS=.*/FLAGS="--tun=userspace-networking"/' /etc/default/tailscaled; systemctl restart tailscaled`)
		began := time.Now()
		_, err := k.Run(t.Context(), "systemctl", "enable", "--now", "tailscale-mcp.socket")
		if took := time.Since(began); err == nil || took > patience/2 {
			t.Errorf("enabling the socket without a device: got error %v after %v, want one, and soon", err, took)
		}
		said, err := k.Journal(t.Context(), "tailscale-mcp-device-check.service")
		if want := "systemctl enable --now tailscale-mcp.service"; err != nil || !strings.Contains(said, want) {
			t.Errorf("the journal has %q (%v), want %q in it", said, err, want)
		}
		k.do(t, "systemctl enable --now tailscale-mcp.service")
		for _, after := range []string{"at once", "after a reboot"} {
			await(t, "/healthz "+after, "up", func() string { return k.health(t.Context()) })
			await(t, "the status "+after, "listening on 127.0.0.1:8080", func() string {
				return k.do(t, "systemctl show --property=StatusText --value tailscale-mcp.service")
			})
			if err := k.Reboot(t.Context()); err != nil { // which wants no failed units
				t.Fatal(err)
			}
			if took, err := k.BootTime(t.Context()); err != nil || took > patience/2 {
				t.Errorf("booting took %v (%v)", took, err)
			}
		}
	})
}

// TestHostWithoutNetwork: the service with the example that takes the network from
// it still has its socket, also after a restart of tailscaled.
func TestHostWithoutNetwork(t *testing.T) {
	onEachKind(t, func(t *testing.T, k *kind) {
		const name = "tailscale-mcp.service.d/no-network.conf"
		if err := k.Write(t.Context(), "/etc/systemd/system/"+name, read(t, filepath.Join("examples", name)), 0o644); err != nil {
			t.Fatal(err)
		}
		k.do(t, "systemctl daemon-reload; systemctl enable --now tailscale-mcp.socket")
		k.answers(t, "without network")
		own := k.do(t, "readlink /proc/$(systemctl show --property=MainPID --value tailscale-mcp)/ns/net")
		if hosts := k.do(t, "readlink /proc/1/ns/net"); own == hosts {
			t.Errorf("the daemon is in the network of the host: %s", own)
		}
		k.do(t, "systemctl restart tailscaled")
		k.answers(t, "without network, after a restart of tailscaled")
	})
}
