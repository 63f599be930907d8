// SPDX-License-Identifier: MIT

//go:build linux

package host

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"tailscale-mcp/internal/testbed"
)

// TestHostLeavesNothing closes a host and looks for what it was made of, on the machine and in its tree.
func TestHostLeavesNothing(t *testing.T) {
	RequireHost(t)
	ctx := t.Context()
	tn := testbed.New(t, testbed.Options{Namespaces: true})
	tree, err := Tree(ctx, os.Stderr, Trixie)
	must(t, err)
	before := machine(t, tree)
	h, err := Start(ctx, Options{Release: Trixie, Udev: true, Tailscale: true, Tailnet: tn})
	must(t, err)
	defer h.Close()
	must(t, h.Write(ctx, "/etc/motd", "changed\n", 0o644))
	if during := machine(t, tree); during != before {
		t.Errorf("the machine while the host is up:\n%s\nwant it untouched:\n%s", during, before)
	}
	if _, err := os.Stat(h.group); err != nil {
		t.Errorf("the control group of a host that is up: %v", err)
	}
	must(t, h.Close())
	must(t, h.Close())
	must(t, hasEnded(ctx, h.cmd.Process.Pid, h.group))
	if after := machine(t, tree); after != before {
		t.Errorf("the machine after Close:\n%s\nwant:\n%s", after, before)
	}
	if _, err := h.Run(ctx, "true"); err == nil || !strings.Contains(err.Error(), "has ended") {
		t.Errorf("a command after Close: got error %v, want one that says that the host has ended", err)
	}
}

// machine describes what a host must leave as it is.
func machine(t *testing.T, tree string) string {
	t.Helper()
	mounts, err := os.ReadFile("/proc/self/mounts")
	must(t, err)
	links, err := net.Interfaces()
	must(t, err)
	motd, err := os.ReadFile(filepath.Join(tree, "etc", "motd"))
	must(t, err)
	entries, err := filepath.Glob("/run/systemd/nspawn/*/*")
	must(t, err)
	return fmt.Sprintf("%s%d links, nspawn has %v, %s", mounts, len(links), entries, motd)
}

// hasEnded waits until nothing of a host is left. A control group can be removed only when it has no process.
func hasEnded(ctx context.Context, pid int, group string) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	for {
		_, err := os.Stat(group)
		if errors.Is(err, os.ErrNotExist) && errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("process %d or the control group %s is left", pid, group)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// endMarker, in the environment, makes a process of this test the one that ends with a host up. Its value says how.
const endMarker = "HOST_END"

// TestHostForEnd is no test, but the process that TestHostEndsWithItsTest ends.
func TestHostForEnd(t *testing.T) {
	how := os.Getenv(endMarker)
	if how == "" {
		return
	}
	h := Boot(t, Options{Release: Trixie})
	fmt.Println("host", h.cmd.Process.Pid, h.group)
	if how == "panic" {
		panic("as told")
	}
	select {}
}

// TestHostEndsWithItsTest ends a test in ways that let it clean nothing up. Its host must end with it.
func TestHostEndsWithItsTest(t *testing.T) {
	RequireHost(t)
	for how, sig := range map[string]os.Signal{"interrupt": os.Interrupt, "kill": os.Kill, "panic": nil} {
		t.Run(how, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
			defer cancel()
			test := exec.CommandContext(ctx, os.Args[0], "-test.run=^TestHostForEnd$")
			test.Env = append(os.Environ(), endMarker+"="+how, "TMPDIR="+t.TempDir())
			out, err := test.StdoutPipe()
			must(t, err)
			must(t, test.Start())
			var words []string
			for lines := bufio.NewScanner(out); words == nil && lines.Scan(); {
				if found, ok := strings.CutPrefix(lines.Text(), "host "); ok {
					words = strings.Fields(found)
				}
			}
			if len(words) != 2 {
				_ = test.Process.Kill()
				t.Fatalf("got %q from the test, want a process and a control group", words)
			}
			if sig != nil {
				must(t, test.Process.Signal(sig))
			}
			if err := test.Wait(); err == nil {
				t.Error("the test has ended without an error")
			}
			pid, err := strconv.Atoi(words[0])
			must(t, err)
			must(t, hasEnded(ctx, pid, words[1]))
		})
	}
}

// TestHostEnforcesAddressLists shows that IPAddressAllow= does something on these hosts, which it does not on every machine.
func TestHostEnforcesAddressLists(t *testing.T) {
	for _, release := range []string{Bookworm, Trixie} {
		t.Run(release, func(t *testing.T) {
			ctx := t.Context()
			h := Boot(t, Options{Release: release, Tailscale: true})
			peer, err := h.Peer(ctx, testbed.NodeOptions{Name: "laptop"})
			must(t, err)
			for name, text := range map[string]string{
				"/etc/systemd/system/open.socket":     "[Socket]\nListenStream=8081\n",
				"/etc/systemd/system/tailnet.socket":  "[Socket]\nListenStream=8082\nIPAddressDeny=any\nIPAddressAllow=100.64.0.0/10\n",
				"/etc/systemd/system/open.service":    "[Service]\nExecStart=sleep infinity\n",
				"/etc/systemd/system/tailnet.service": "[Service]\nExecStart=sleep infinity\n",
			} {
				must(t, h.Write(ctx, name, text, 0o644))
			}
			_, err = h.Run(ctx, "systemctl", "start", "open.socket", "tailnet.socket")
			must(t, err)
			for to, want := range map[string]bool{
				h.LAN.String() + ":8081":         true,
				h.LAN.String() + ":8082":         false, // over the tailnet only
				h.Node.IPv4().String() + ":8082": true,
			} {
				patience := 2 * time.Second // what a list denies is dropped, and nothing but time shows that
				if want {
					patience = time.Minute
				}
				if got := reaches(ctx, peer, to, patience); got != want {
					t.Errorf("a neighbour on the LAN and in the tailnet, connecting to %s: got %v, want %v", to, got, want)
				}
			}
		})
	}
}

// reaches reports whether a node can connect.
func reaches(ctx context.Context, from *testbed.Node, to string, patience time.Duration) bool {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	conn, err := from.Dial(ctx, "tcp", to)
	if err == nil {
		conn.Close()
	}
	return err == nil
}
