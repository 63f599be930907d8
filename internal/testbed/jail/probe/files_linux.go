// SPDX-License-Identifier: MIT

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

func init() {
	add(map[string]probe{
		"read": {1, func(a []string) (any, error) {
			f, err := os.Open(a[0])
			if err != nil {
				return nil, err
			}
			defer f.Close()
			text, err := io.ReadAll(io.LimitReader(f, 4<<10))
			return string(text), err
		}},
		"list": {1, func(a []string) (any, error) {
			all, err := os.ReadDir(a[0])
			if err != nil {
				return nil, err
			}
			if len(all) == 0 {
				return nil, fmt.Errorf("%s is empty: %w", a[0], syscall.ENODATA)
			}
			names := []string{}
			for _, f := range all {
				names = append(names, f.Name())
			}
			return names, nil
		}},
		"stat": {1, func(a []string) (any, error) {
			info, err := os.Lstat(a[0])
			if err != nil {
				return nil, err
			}
			return info.Mode().String(), nil
		}},
		"write": {2, func(a []string) (any, error) { return nil, os.WriteFile(a[0], []byte(a[1]), 0o644) }},
		"append": {2, func(a []string) (any, error) {
			f, err := os.OpenFile(a[0], os.O_WRONLY|os.O_APPEND, 0)
			if err != nil {
				return nil, err
			}
			_, err = f.WriteString(a[1])
			return nil, errors.Join(err, f.Close())
		}},
		"mkdir":    {1, func(a []string) (any, error) { return nil, os.Mkdir(a[0], 0o755) }},
		"remove":   {1, func(a []string) (any, error) { return nil, os.Remove(a[0]) }},
		"openpath": {1, func(a []string) (any, error) { f, err := os.OpenFile(a[0], os.O_RDWR, 0); return nil, closed(f, err) }},
		"mknod": {1, func(a []string) (any, error) {
			err := unix.Mknod(a[0], unix.S_IFCHR|0o666, int(unix.Mkdev(1, 5))) // /dev/zero
			_ = os.Remove(a[0])
			return nil, err
		}},
		// fill writes megabytes into a folder, and says how far it came.
		"fill": {2, func(a []string) (any, error) { return fill(a[0], a[1]) }},
		// suid makes a file that runs as whoever owns it.
		"suid": {1, func(a []string) (any, error) {
			defer os.Remove(a[0])
			if err := os.WriteFile(a[0], nil, 0o700); err != nil {
				return nil, err
			}
			return nil, unix.Chmod(a[0], 0o4755)
		}},
		// run runs a program, such as another probe.
		"run": {2, func(a []string) (any, error) {
			out, err := exec.Command(a[0], strings.Fields(a[1])...).Output()
			if err != nil {
				return nil, fmt.Errorf("%w: %s", err, out)
			}
			return strings.TrimSpace(string(out)), nil
		}},
		// as runs another probe by a program that is set-user-ID root, and fails unless it
		// has become root.
		"as": {1, func(a []string) (any, error) {
			out, err := exec.Command(a[0], "who").Output()
			if err != nil {
				return nil, err
			}
			var r struct{ Value who }
			if err := json.Unmarshal(out, &r); err != nil {
				return nil, err
			}
			if r.Value.EUID != 0 {
				return nil, fmt.Errorf("it ran as %d: %w", r.Value.EUID, syscall.EPERM)
			}
			return nil, nil
		}},
	})
}

func closed(f *os.File, err error) error {
	if err == nil {
		_ = f.Close()
	}
	return err
}

func fill(dir, megabytes string) (any, error) {
	most, err := strconv.Atoi(megabytes)
	if err != nil {
		return nil, err
	}
	path := filepath.Join(dir, "fill")
	f, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	defer os.Remove(path)
	defer f.Close()
	piece := make([]byte, 1<<20)
	for n := range most {
		if _, err := f.Write(piece); err != nil {
			return nil, fmt.Errorf("full after %d MiB: %w", n, err)
		}
	}
	return fmt.Sprintf("%d MiB", most), nil
}
