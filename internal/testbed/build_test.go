// SPDX-License-Identifier: MIT

package testbed

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/lockedfile"
)

// TestOneVersion checks that the daemon that is run and the packages that it is controlled with are of one version.
func TestOneVersion(t *testing.T) {
	module, err := findToolModule()
	must(t, err)
	daemon, err := pinnedVersion(filepath.Join(module, "go.mod"))
	must(t, err)
	product, err := pinnedVersion(filepath.Join(module, "..", "..", "..", "go.mod"))
	must(t, err)
	if daemon != product {
		t.Errorf("%s pins tailscale.com %s, the product's go.mod has %s", toolModule, daemon, product)
	}

	path, err := Daemon(t.Context(), io.Discard)
	must(t, err)
	out, err := exec.CommandContext(t.Context(), path, "--version").Output()
	must(t, err)
	if got, _, _ := strings.Cut(string(out), "\n"); "v"+got != daemon {
		t.Errorf("the daemon says it is %q, want %s", got, daemon)
	}
}

func TestPinnedVersion(t *testing.T) {
	for _, test := range []struct{ name, text, want string }{
		{"block", "module m\n\nrequire (\n\tother.com v1.0.0\n\ttailscale.com v1.2.3 // indirect\n)\n", "v1.2.3"},
		{"line", "module m\n\nrequire tailscale.com v1.2.4\n", "v1.2.4"},
		{"other modules", "require (\n\ttailscale.com/client/tailscale/v2 v2.9.0\n)\n", ""},
		{"tool", "tool tailscale.com/cmd/tailscaled\n", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "go.mod")
			must(t, os.WriteFile(file, []byte(test.text), 0o600))
			got, err := pinnedVersion(file)
			if got != test.want || (err != nil) != (test.want == "") {
				t.Errorf("got %q, %v; want %q", got, err, test.want)
			}
		})
	}
}

// TestOneBuilds checks that a process waits for another one that is building, and not for ever.
func TestOneBuilds(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	unlock, err := lockedfile.MutexAt(path).Lock()
	must(t, err)

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := lock(ctx, io.Discard, path); !errors.Is(err, context.Canceled) {
		t.Errorf("waiting without time: got error %v, want %v", err, context.Canceled)
	}

	var progress bytes.Buffer
	done := make(chan error, 1)
	go func() {
		again, err := lock(t.Context(), writerFunc(func(b []byte) (int, error) {
			defer unlock() // once it says that it waits
			return progress.Write(b)
		}), path)
		if err == nil {
			again()
		}
		done <- err
	}()
	must(t, <-done)
	if !strings.Contains(progress.String(), "waiting for another process") {
		t.Errorf("got progress %q, want to be told of the wait", progress.String())
	}
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(b []byte) (int, error) { return f(b) }

func TestChooseDaemon(t *testing.T) {
	dir := t.TempDir()
	installed := filepath.Join(dir, "tailscaled")
	must(t, os.WriteFile(installed, []byte("#!/bin/sh\n"), 0o700))
	t.Setenv("PATH", dir)
	for _, test := range []struct {
		name string
		opts Options
		want string
	}{
		{"named", Options{Tailscaled: "/some/where", UseInstalled: true}, "/some/where"},
		{"installed", Options{UseInstalled: true}, installed},
	} {
		got, err := chooseDaemon(t.Context(), test.opts)
		if got != test.want || err != nil {
			t.Errorf("%s: got %s, %v; want %s", test.name, got, err, test.want)
		}
	}
}

// TestStartFails checks that a start that fails says why and leaves nothing.
func TestStartFails(t *testing.T) {
	ctx := t.Context()
	if tn, err := Start(ctx, Options{Tailscaled: "/does/not/exist"}); err != nil {
		t.Errorf("starting without nodes: %v", err)
	} else {
		if _, err := tn.AddNode(ctx, NodeOptions{Name: "one"}); err == nil || !strings.Contains(err.Error(), "/does/not/exist") {
			t.Errorf("adding a node: got error %v, want the missing program named", err)
		}
		must(t, tn.Close())
	}
	tn, err := Start(ctx, Options{Tailscaled: "/bin/false"})
	must(t, err)
	defer tn.Close()
	if _, err := tn.AddNode(ctx, NodeOptions{Name: "one"}); err == nil || !strings.Contains(err.Error(), "ended at once") {
		t.Errorf("adding a node whose daemon ends: got error %v, want to be told", err)
	}
	if got := len(tn.Nodes()); got != 0 {
		t.Errorf("got %d nodes after the failure, want 0", got)
	}
}
