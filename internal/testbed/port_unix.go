// SPDX-License-Identifier: MIT

//go:build unix

package testbed

import (
	"errors"
	"fmt"
	"syscall"
	"testing"
)

// ReservePort returns a TCP port of loopback that nobody else is given while t runs. A daemon has to be told its port
// before it binds it, and it may be a while until it does: a free port that is let go of would be somebody's by then. A
// socket that is bound but does not listen keeps the port from being chosen by the system, and lets a listener that asks
// for it have it (SO_REUSEADDR).
func ReservePort(t testing.TB) int {
	t.Helper()
	for range 100 {
		four, port, err := occupy(syscall.AF_INET, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}})
		if err != nil {
			t.Fatalf("reserving a port: %v", err)
		}
		t.Cleanup(func() { _ = syscall.Close(four) })
		six, _, err := occupy(syscall.AF_INET6, &syscall.SockaddrInet6{Port: port, Addr: [16]byte{15: 1}})
		switch {
		case err == nil:
			t.Cleanup(func() { _ = syscall.Close(six) })
			return port
		case errors.Is(err, syscall.EADDRNOTAVAIL), errors.Is(err, syscall.EAFNOSUPPORT): // no IPv6 here
			return port
		}
	}
	t.Fatal("reserving a port: none is free for both families")
	return 0
}

// occupy binds a socket that does not listen.
func occupy(family int, at syscall.Sockaddr) (fd, port int, err error) {
	syscall.ForkLock.RLock()
	fd, err = syscall.Socket(family, syscall.SOCK_STREAM, 0)
	if err == nil {
		syscall.CloseOnExec(fd)
	}
	syscall.ForkLock.RUnlock()
	if err != nil {
		return -1, 0, err
	}
	err = syscall.SetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_REUSEADDR, 1)
	if err == nil && family == syscall.AF_INET6 {
		err = syscall.SetsockoptInt(fd, syscall.IPPROTO_IPV6, syscall.IPV6_V6ONLY, 1)
	}
	if err == nil {
		err = syscall.Bind(fd, at)
	}
	var name syscall.Sockaddr
	if err == nil {
		name, err = syscall.Getsockname(fd)
	}
	if err != nil {
		_ = syscall.Close(fd)
		return -1, 0, err
	}
	switch name := name.(type) {
	case *syscall.SockaddrInet4:
		return fd, name.Port, nil
	case *syscall.SockaddrInet6:
		return fd, name.Port, nil
	}
	return fd, 0, fmt.Errorf("a socket address of an unknown kind: %T", name)
}
