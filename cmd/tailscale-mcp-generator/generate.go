// SPDX-License-Identifier: MIT

package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"tailscale-mcp/internal/upstream/entry"
	"tailscale-mcp/internal/upstream/unit"
)

// entries is where the entries are, below the root.
const entries = "etc/tailscale-mcp/servers.d"

// generate writes the units of every server into dir, and reports what is wrong.
func generate(root, dir string, report func(string)) {
	files, err := entry.Dir(filepath.Join(root, entries))
	if err != nil {
		report(err.Error())
		return
	}
	if len(files) == 0 {
		return
	}
	top, err := folders(root)
	if err != nil {
		report(fmt.Sprintf("no units were made: %v", err))
		return
	}
	for _, f := range files {
		if len(f.Mistakes) > 0 {
			report(f.Mistakes.Error())
			continue
		}
		if err := one(dir, f.Server, top); err != nil {
			report(fmt.Sprintf("%s: no units were made: %v", f.Path, err))
		}
	}
}

// folders are the names of the folders in the root. Links lead to what is there anyway.
func folders(root string) ([]string, error) {
	all, err := os.ReadDir(root)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, f := range all {
		if f.IsDir() {
			names = append(names, f.Name())
		}
	}
	return names, nil
}

// one writes the units of a server, and last the links by which its socket is started:
// all of them or none.
func one(dir string, s entry.Server, top []string) (err error) {
	units, err := unit.Of(s, top)
	if err != nil || len(units) == 0 {
		return err
	}
	var written []string
	defer func() {
		if err != nil {
			for _, path := range slices.Backward(written) {
				_ = os.Remove(path)
			}
		}
	}()
	for _, u := range units {
		path := filepath.Join(dir, u.Name)
		if err := write(path, u.Text); err != nil {
			return err
		}
		written = append(written, path)
	}
	name := unit.SocketName(s.Name)
	if err := link(filepath.Join(dir, unit.Target+".wants", name), "../"+name); err != nil {
		return err
	}
	// Without servers, a boot has nothing to start.
	return link(filepath.Join(dir, "multi-user.target.wants", unit.Target), "/usr/lib/systemd/system/"+unit.Target)
}

// link makes a link, unless it is there.
func link(path, to string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil { //nolint:gosec // units are for everybody to read
		return err
	}
	if err := os.Symlink(to, path); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return nil
}

// write writes a file, all of it or nothing: systemd may read the folder at any time, and
// another run of this program may write it.
func write(path, text string) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), ".tailscale-mcp-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = f.Close()
			_ = os.Remove(f.Name())
		}
	}()
	if _, err := f.WriteString(text); err != nil {
		return err
	}
	if err := errors.Join(f.Chmod(0o644), f.Close()); err != nil { // units are for everybody to read
		return err
	}
	return os.Rename(f.Name(), path)
}
