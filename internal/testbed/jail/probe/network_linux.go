// SPDX-License-Identifier: MIT

package main

import (
	"errors"
	"fmt"
	"net"
	"strconv"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// dialTime is what a connection may take; where an address is denied, it takes all of it.
const dialTime = 1500 * time.Millisecond

func init() {
	add(map[string]probe{
		"dial": {2, func(a []string) (any, error) { return dial(a[0], a[1]) }},
		// ask sends a datagram and wants one back.
		"ask": {1, func(a []string) (any, error) { return ask(a[0]) }},
		"listen": {2, func(a []string) (any, error) {
			l, err := net.Listen(a[0], a[1])
			if err != nil {
				return nil, err
			}
			return nil, l.Close()
		}},
		// socket makes one: of a family, a kind and a protocol.
		"socket": {3, func(a []string) (any, error) {
			n := [3]int{}
			for i := range n {
				var err error
				if n[i], err = strconv.Atoi(a[i]); err != nil {
					return nil, err
				}
			}
			fd, err := unix.Socket(n[0], n[1], n[2])
			if err != nil {
				return nil, err
			}
			return nil, unix.Close(fd)
		}},
		"socketpair": {0, func([]string) (any, error) {
			pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0)
			if err != nil {
				return nil, err
			}
			return nil, errors.Join(unix.Close(pair[0]), unix.Close(pair[1]))
		}},
		// interfaces wants another one than the loopback.
		"interfaces": {0, func([]string) (any, error) {
			all, err := net.Interfaces()
			if err != nil {
				return nil, err
			}
			names := []string{}
			for _, i := range all {
				if i.Flags&net.FlagLoopback == 0 {
					names = append(names, i.Name)
				}
			}
			if len(names) == 0 {
				return nil, fmt.Errorf("there is the loopback only: %w", syscall.ENODEV)
			}
			return names, nil
		}},
		"resolve": {1, func(a []string) (any, error) {
			all, err := net.LookupHost(a[0])
			return all, err
		}},
	})
}

// dial connects, and says so in an error when nothing came of it in time.
func dial(network, address string) (any, error) {
	conn, err := net.DialTimeout(network, address, dialTime)
	if err != nil {
		var slow net.Error
		if errors.As(err, &slow) && slow.Timeout() {
			return nil, fmt.Errorf("%w: %w", err, syscall.ETIMEDOUT)
		}
		return nil, err
	}
	return nil, conn.Close()
}

func ask(address string) (any, error) {
	conn, err := net.Dial("udp", address)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(dialTime))
	if _, err := conn.Write([]byte("?")); err != nil {
		return nil, err
	}
	buf := make([]byte, 16)
	n, err := conn.Read(buf)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", err, syscall.ETIMEDOUT)
	}
	return string(buf[:n]), nil
}
