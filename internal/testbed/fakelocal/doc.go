// SPDX-License-Identifier: MIT

// Package fakelocal fakes what a client on a node of the tailnet meets: the local
// tailscaled, on a socket of its own, and the system's names and connections.
package fakelocal
