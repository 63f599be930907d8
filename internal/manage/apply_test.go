// SPDX-License-Identifier: MIT

package manage

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tailscale-mcp/internal/cli"
	"tailscale-mcp/internal/upstream/unit"
)

// TestApply: an entry that somebody wrote is started, one that is gone is stopped, and one
// that is wrong is said and stops no other.
func TestApply(t *testing.T) {
	d := newDesk(t)
	d.systemd.Write("one", d.systemd.OddPath(), nil, "")
	d.systemd.Write("two", d.systemd.OddPath(), nil, `{"netwrk":"internet"}`)
	err := d.Apply(t.Context(), d.as(""), Applying{})
	if err == nil || !strings.Contains(err.Error(), "two.json:1:") || !strings.Contains(err.Error(), "netwrk") {
		t.Errorf("of the wrong entry: %v", err)
	}
	if !strings.Contains(d.out.String(), "one: started") || !d.systemd.active[unit.SocketName("one")] {
		t.Errorf("said %s", d.out.String())
	}
	if err := os.Rename(filepath.Join(d.Dir, "one.json"), filepath.Join(d.Dir, "one.away")); err != nil {
		t.Fatal(err)
	}
	if err := d.Apply(t.Context(), d.as(""), Applying{}); !strings.Contains(d.out.String(), "one: stopped") || d.systemd.reloaded[unit.SocketName("one")] {
		t.Errorf("without its file: %v, %s, when systemd read its units %v", err, d.out.String(), d.systemd.reloaded)
	}
	if err := os.Rename(filepath.Join(d.Dir, "one.away"), filepath.Join(d.Dir, "one.json")); err != nil {
		t.Fatal(err)
	}
	if err := d.Apply(t.Context(), d.as(""), Applying{}); !d.systemd.active[unit.SocketName("one")] {
		t.Errorf("with its file again: %v, %s", err, d.out.String())
	}
	if err := d.Check(t.Context(), d.as(""), ""); !errors.Is(err, cli.Code(cli.Failed)) || !strings.Contains(d.out.String(), "two.json:1:") || !strings.Contains(d.out.String(), "server approve one") {
		t.Errorf("checked: %v, %s", err, d.out.String())
	}
	// A server that is not ready for what its entry says now is not gone.
	d.systemd.Write("one", "npx", []string{"-y", "other@1.0.0"}, "")
	if err := d.Apply(t.Context(), d.as(""), Applying{}); err == nil || !strings.Contains(err.Error(), "no npm here") || !d.systemd.active[unit.SocketName("one")] {
		t.Errorf("not ready: %v, %s", err, d.out.String())
	}
	kept := d.States("one")[0]
	if err := os.MkdirAll(filepath.Join(kept, "home"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := d.Remove(t.Context(), d.as(""), "one"); err != nil || d.systemd.active[unit.SocketName("one")] {
		t.Errorf("%v, %s", err, d.out.String())
	}
	if _, err := os.Stat(kept); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("what it has kept is there for another server of that name: %v", err)
	}
	if err := d.Remove(t.Context(), d.as(""), "one"); err == nil || !strings.Contains(err.Error(), `no server "one"`) {
		t.Errorf("twice: %v", err)
	}
}
