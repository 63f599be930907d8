// SPDX-License-Identifier: MIT

//go:build linux

package host

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// leader is the process ID of the host's PID 1. It changes with every boot.
func (h *Host) leader() (int, error) {
	select {
	case <-h.done:
		return 0, fmt.Errorf("the host has ended; its console:\n%s", h.console.tail(10))
	default:
	}
	pid, err := h.initOf(2)
	if err != nil {
		return 0, err
	}
	if exe, err := os.Readlink(fmt.Sprintf("/proc/%d/exe", pid)); err != nil || filepath.Base(exe) != "systemd" {
		return 0, errors.New("its systemd has not been started")
	}
	return pid, nil
}

// initOf finds the PID 1 of the namespaces that are depth below this process's: at 1 the one that the host is made in, at 2
// the host's own.
func (h *Host) initOf(depth int) (int, error) {
	own, err := namespacedPIDs(os.Getpid())
	if err != nil {
		return 0, err
	}
	for todo := []int{h.cmd.Process.Pid}; len(todo) > 0; {
		pid := todo[0]
		pids, err := namespacedPIDs(pid)
		if err == nil && len(pids) == len(own)+depth && pids[len(pids)-1] == "1" {
			return pid, nil
		}
		children, _ := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pid, pid)) // none if it has just ended
		todo = todo[1:]
		for word := range strings.FieldsSeq(string(children)) {
			if child, err := strconv.Atoi(word); err == nil {
				todo = append(todo, child)
			}
		}
	}
	return 0, errors.New("it has no PID 1")
}

// namespacedPIDs are a process's IDs, from this process's PID namespace inwards.
func namespacedPIDs(pid int) ([]string, error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return nil, err
	}
	for line := range strings.Lines(string(status)) {
		if ids, ok := strings.CutPrefix(line, "NSpid:"); ok {
			return strings.Fields(ids), nil
		}
	}
	return nil, errors.New("the kernel names no PID namespaces")
}
