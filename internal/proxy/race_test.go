// SPDX-License-Identifier: MIT

//go:build race

package proxy

// largeTest is the size of the large messages of the tests: the race detector
// is slow at passing over bytes.
const largeTest = 3 << 20
