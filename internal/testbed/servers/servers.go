// SPDX-License-Identifier: MIT

// Package servers has a host of package launching for tests of the gateway, with a server
// that misbehaves as they like.
package servers

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"tailscale-mcp/internal/testbed/launching"
)

// Host is a folder of entries whose servers can be started.
type Host struct {
	*launching.Host

	odd string
	t   testing.TB
}

// Invocation is the invocation id that the launchers are given.
const Invocation = launching.Invocation

var built struct {
	sync.Once
	dir string
	err error
}

// New returns a host without servers. What runs on it ends with the test.
func New(t testing.TB) *Host {
	t.Helper()
	built.Do(func() {
		if built.dir, built.err = os.MkdirTemp("", "servers"); built.err == nil {
			built.err = launching.Build(context.Background(), built.dir, "internal/testbed/servers/odd", "internal/testbed/hostile/serve")
		}
	})
	if built.err != nil {
		t.Fatal(built.err)
	}
	// The path of a socket has little room.
	dir, err := os.MkdirTemp("", "mcp")
	if err != nil {
		t.Fatal(err)
	}
	h := &Host{Host: launching.New(dir, built.dir), odd: filepath.Join(built.dir, "odd"), t: t}
	// The last of the cleanups: by then the gateway has let go of its processes.
	t.Cleanup(func() {
		h.Wait()
		_ = os.RemoveAll(dir)
	})
	return h
}

// Clean removes what was built for the tests of a package; TestMain calls it last.
func Clean() { _ = os.RemoveAll(built.dir) }

// Odd adds the server of package odd under a name; ours is what stands under "tailscale".
func (h *Host) Odd(name, ours string, args ...string) {
	h.t.Helper()
	h.Add(name, h.odd, args, ours)
}

// Add adds an entry for a program, and listens for it.
func (h *Host) Add(name, command string, args []string, ours string) {
	h.t.Helper()
	h.Write(name, command, args, ours)
	h.Listen(name)
}

// Listen listens for the server with that entry, until Close or the end of the test.
func (h *Host) Listen(name string) {
	h.t.Helper()
	if err := h.Host.Listen(name); err != nil {
		h.t.Fatal(err)
	}
}

// Write writes an entry, or writes it anew.
func (h *Host) Write(name, command string, args []string, ours string) {
	h.t.Helper()
	if ours == "" {
		ours = "{}"
	}
	if err := h.Host.Write(name, launching.Entry{Command: command, Args: args, Ours: json.RawMessage(ours)}); err != nil {
		h.t.Fatal(err)
	}
}

// OddPath is the program that Odd runs.
func (h *Host) OddPath() string { return h.odd }
