// SPDX-License-Identifier: MIT

//go:build linux

package host

import (
	"errors"
	"fmt"
	"os"
	"runtime"

	"golang.org/x/sys/unix"
)

// InNamespace runs f on a thread that is in the host's network, as Node.InNamespace does for a node: what f listens on is on
// the host's loopback, say, until the host reboots. It holds for f's own goroutine only.
func (h *Host) InNamespace(f func() error) error {
	leader, err := h.leader()
	if err != nil {
		return fmt.Errorf("entering the network of %s: %w", h.Name, err)
	}
	done := make(chan error, 1)
	go func() {
		err := errors.New("the function ended its goroutine") // as testing.T.FailNow does
		defer func() { done <- err }()
		runtime.LockOSThread() // and never unlocked: the thread ends with the goroutine
		err = enterNetwork(leader)
		if err != nil {
			err = fmt.Errorf("entering the network of %s: %w", h.Name, err)
			return
		}
		err = f()
	}()
	return <-done
}

// enterNetwork takes this thread to the network namespace of a process.
func enterNetwork(pid int) error {
	namespace, err := os.Open(fmt.Sprintf("/proc/%d/ns/net", pid))
	if err != nil {
		return err
	}
	defer namespace.Close()
	return unix.Setns(int(namespace.Fd()), unix.CLONE_NEWNET)
}
