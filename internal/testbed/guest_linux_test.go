// SPDX-License-Identifier: MIT

package testbed

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestRootGuest joins a tailscaled of somebody else's to the bridge, as a container would be.
func TestRootGuest(t *testing.T) {
	RequireNamespaces(t)
	ctx := t.Context()
	tr := newTrio(ctx, t, true)
	guest, err := newNamespace()
	must(t, err)
	defer guest.close()

	bridge, addr := tr.Bridge(), tr.GuestAddr()
	script := strings.Join([]string{
		"set -e",
		"ip link add guest type veth peer name host0 netns " + guest.path(),
		"ip link set guest master " + bridge.Name + " up",
	}, "\n")
	if out, err := exec.CommandContext(ctx, "nsenter", "--net="+bridge.NamespacePath, "--", "sh", "-c", script).CombinedOutput(); err != nil {
		t.Fatalf("plugging the guest in: %v: %s", err, out)
	}
	must(t, guest.ip("address add "+addr.String()+" dev host0", "link set host0 up", "route add default via "+bridge.Addr.Addr().String()))

	dir := t.TempDir()
	socket := filepath.Join(dir, "s")
	daemon := exec.CommandContext(ctx, tr.tailscaled, "--socket="+socket, "--statedir="+dir, "--tun="+tunName, "--port=0")
	daemon.Env = []string{"HOME=" + dir, "TS_NO_LOGS_NO_SUPPORT=true", "TS_LOGS_DIR=" + dir, "TS_DISABLE_PORTMAPPER=1"}
	must(t, guest.do(daemon.Start))
	defer func() {
		daemon.Process.Signal(syscall.SIGTERM)
		daemon.Wait()
	}()
	must(t, await(ctx, func(ctx context.Context) error {
		_, err := newLocalClient(socket).StatusWithoutPeers(ctx)
		return err
	}))

	n, err := tr.Adopt(ctx, NodeOptions{Name: "guest", Login: "gina@example.com"}, socket)
	must(t, err)
	if got := tr.ask(ctx, t, n, "server"); got.Login != "gina@example.com" || !strings.HasPrefix(got.Remote, n.IPv4().String()+":") {
		t.Errorf("the guest calling: got %+v, want gina from %v", got, n.IPv4())
	}
	must(t, tr.SetGrants(ctx, n, Grant{Src: []*Node{tr.alice}, Cap: testCap, Values: []string{`1`}}))
	if values := valuesOf(whoIs(ctx, t, n, tr.alice.IPv4())); fmt.Sprint(values) != "[1]" {
		t.Errorf("the guest asked about alice: got %v, want [1]", values)
	}
	for what, err := range map[string]error{"start": n.Start(ctx), "stop": n.Stop(ctx), "kill": n.Kill(ctx)} {
		if !errors.Is(err, errAdopted) {
			t.Errorf("%s: got error %v, want %v", what, err, errAdopted)
		}
	}
	if err := tr.alice.AcrossRestart(ctx, func() error { return nil }); err == nil {
		t.Error("awaiting the restart of a node that is the tailnet's own: got no error")
	}
	must(t, n.LogInAs(ctx, "greta@example.com"))
	if got := tr.ask(ctx, t, n, "server"); got.Login != "greta@example.com" {
		t.Errorf("the guest as another: got %+v", got)
	}
}
