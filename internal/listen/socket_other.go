// SPDX-License-Identifier: MIT

//go:build !linux

package listen

import "net"

// Only Linux has systemd, and sockets tied to a device.

func boundDevice(*net.TCPListener) (device string, gone bool) { return "", false }

func accepting(*net.TCPListener) bool { return true }
