// SPDX-License-Identifier: MIT

package local

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"tailscale.com/client/local"

	"tailscale-mcp/internal/localapi"
	"tailscale-mcp/internal/testbed"
)

// The daemon is a user without any right over tailscaled. A tailscaled that runs
// as root answers every tool for such a user.
func TestRootUnprivileged(t *testing.T) {
	if testing.Short() {
		t.Skip("SKIPPED: -short, and this runs tailscaled")
	}
	if os.Geteuid() != 0 {
		if os.Getenv("TEST_REQUIRE_ROOT") == "1" {
			t.Fatal("TEST_REQUIRE_ROOT=1, but this is not root")
		}
		t.Skip("SKIPPED, needs root: tailscaled has to run as another user than the one who asks it")
	}
	tn := testbed.New(t, testbed.Options{})
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	nodes, err := tn.AddNodes(ctx, testbed.NodeOptions{Name: "mcp"}, testbed.NodeOptions{Name: "web-1"})
	if err != nil {
		t.Fatal(err)
	}
	// Under /run/tailscale everybody may pass; under the testbed's directory not yet.
	for dir := filepath.Dir(nodes[0].Socket); dir != filepath.Clean(os.TempDir()) && dir != "/"; dir = filepath.Dir(dir) {
		if err := os.Chmod(dir, 0o711); err != nil {
			t.Fatal(err)
		}
	}
	client := &local.Client{UseSocketOnly: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return dialAsNobody(ctx, nodes[0].Socket)
	}}
	if _, err := client.Goroutines(ctx); !local.IsAccessDeniedError(err) {
		t.Fatalf("asking for what only root may have: got %v, want access denied", err)
	}
	b := newBench(t, &node{tailscaled: localapi.New(client), pingEvery: time.Millisecond, pingTimeout: 5 * time.Second, networks: noNetworks})
	for name, arguments := range calls {
		arguments = strings.ReplaceAll(arguments, "100.64.0.4", nodes[1].IPv4().String())
		if _, err := b.call(name, arguments); err != nil {
			t.Errorf("%s: got %v, want an answer", name, err)
		}
	}
}

// dialAsNobody connects as the user nobody, by a thread that is thrown away.
func dialAsNobody(ctx context.Context, path string) (conn net.Conn, err error) {
	const nobody, unchanged = 65534, ^uintptr(0)
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread() // never unlocked: the thread ends with this goroutine
		// Unlike syscall.Setresuid this is for one thread alone.
		if _, _, errno := syscall.RawSyscall(syscall.SYS_SETRESUID, nobody, nobody, unchanged); errno != 0 {
			err = errno
			return
		}
		var d net.Dialer
		conn, err = d.DialContext(ctx, "unix", path)
	}()
	<-done
	return conn, err
}
