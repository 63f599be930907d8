// SPDX-License-Identifier: MIT

// Package frame is what the launcher of a server says to the daemon over their socket.
//
// From the daemon to the launcher go the bytes of the server's stdin, as they are; the
// end of that stream is the end of stdin. Back come frames: one byte for the kind, four
// for the length of what follows (big-endian), and that.
//
//	hello  first, and once: the version of these frames, then the invocation id of the
//	       unit, 32 hexadecimal digits, or nothing where no unit runs the launcher
//	data   a piece of the server's stdout
//	end    last, and once: how the server ended, and the last of its stderr
//
// The server writes into a pipe that only the launcher reads, and what it writes travels
// inside data frames: nothing of it can pass for a frame. A stream that stops without an
// end frame means that the launcher itself was ended.
//
// The package imports the standard library only.
package frame
