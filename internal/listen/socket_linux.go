// SPDX-License-Identifier: MIT

package listen

import (
	"errors"
	"net"

	"golang.org/x/sys/unix"
)

// boundDevice returns the network device that a socket is tied to (BindToDevice=
// of the socket unit; socket(7), SO_BINDTODEVICE), and whether that device is
// gone. A device that comes back under the same name is another one: the socket
// stays deaf, although systemd shows it as listening.
func boundDevice(ln *net.TCPListener) (device string, gone bool) {
	control(ln, func(fd int) {
		name, err := unix.GetsockoptString(fd, unix.SOL_SOCKET, unix.SO_BINDTODEVICE)
		device, gone = name, errors.Is(err, unix.ENODEV)
	})
	return device, gone
}

// accepting reports whether a socket listens (socket(7), SO_ACCEPTCONN): one
// made with Accept=yes is a single connection.
func accepting(ln *net.TCPListener) bool {
	listening := false
	control(ln, func(fd int) {
		value, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_ACCEPTCONN)
		listening = err == nil && value != 0
	})
	return listening
}

// control runs f on the descriptor; it does not run on a closed socket.
func control(ln *net.TCPListener, f func(fd int)) {
	raw, err := ln.SyscallConn()
	if err != nil {
		return
	}
	_ = raw.Control(func(fd uintptr) { f(int(fd)) })
}
