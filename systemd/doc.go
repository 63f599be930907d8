// SPDX-License-Identifier: MIT

// Package systemd is the folder of the units and of drop-ins for them. It has no
// code but their tests: what systemd itself says of them, and what they do on whole
// hosts.
package systemd
