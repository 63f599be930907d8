// SPDX-License-Identifier: MIT

//go:build linux

package host

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

// Command is exec.CommandContext for a program of the host's, run in it as root, with a clean environment.
func (h *Host) Command(ctx context.Context, name string, args ...string) (*exec.Cmd, error) {
	leader, err := h.leader()
	if err != nil {
		return nil, fmt.Errorf("running %s on %s: %w", name, h.Name, err)
	}
	enter := []string{
		"--target=" + strconv.Itoa(leader), "--mount", "--uts", "--ipc", "--net", "--pid", "--cgroup", "--root", "--wd", "--",
		"/usr/bin/env", "-i", "HOME=/root", "LANG=C.UTF-8", "DEBIAN_FRONTEND=noninteractive", "SYSTEMD_PAGER=", "SYSTEMD_COLORS=0",
		"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", name,
	}
	cmd := exec.CommandContext(ctx, "nsenter", append(enter, args...)...)
	cmd.WaitDelay = time.Second // nsenter's child has the pipes, and lives on in the host
	return cmd, nil
}

// Run runs a program of the host's and returns what it printed on standard output, without white space at its ends. The
// error has what it printed on standard error.
func (h *Host) Run(ctx context.Context, name string, args ...string) (string, error) {
	return h.runWith(ctx, nil, name, args...)
}

func (h *Host) runWith(ctx context.Context, stdin io.Reader, name string, args ...string) (string, error) {
	cmd, err := h.Command(ctx, name, args...)
	if err != nil {
		return "", err
	}
	var stdout, stderr bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = stdin, &stdout, &stderr
	err = cmd.Run()
	out := strings.TrimSpace(stdout.String())
	if err != nil {
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		return out, fmt.Errorf("running %s %s on %s: %w: %s", name, strings.Join(args, " "), h.Name, err, bytes.TrimSpace(stderr.Bytes()))
	}
	return out, nil
}

// Write makes a file on the host, and the directories above it, or replaces it.
func (h *Host) Write(ctx context.Context, path, text string, mode os.FileMode) error {
	return h.write(ctx, path, strings.NewReader(text), mode)
}

func (h *Host) write(ctx context.Context, path string, from io.Reader, mode os.FileMode) error {
	_, err := h.runWith(ctx, from, "install", "-D", fmt.Sprintf("--mode=%04o", mode.Perm()), "/dev/stdin", path)
	return err
}

// Journal returns what a unit has logged since the last boot, message by message.
func (h *Host) Journal(ctx context.Context, unit string) (string, error) {
	return h.Run(ctx, "journalctl", "--boot", "--no-pager", "--output=cat", "--unit="+unit)
}

// Path is where this machine finds a path of the host's, such as a socket to connect to. It holds until the host reboots.
func (h *Host) Path(path string) (string, error) {
	leader, err := h.leader()
	if err != nil {
		return "", fmt.Errorf("finding %s of %s: %w", path, h.Name, err)
	}
	return fmt.Sprintf("/proc/%d/root%s", leader, path), nil
}
