// SPDX-License-Identifier: MIT

//go:build !race

package proxy

// largeTest is the size of the large messages of the tests.
const largeTest = 30 << 20
