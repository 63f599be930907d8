// SPDX-License-Identifier: MIT

package main

import (
	"sync"

	"tailscale-mcp/internal/upstream/frame"
)

// tail keeps the last of what a server wrote to stderr.
type tail struct {
	mu  sync.Mutex
	buf []byte
}

func (t *tail) add(p []byte) {
	t.mu.Lock()
	defer t.mu.Unlock()
	p = p[max(0, len(p)-frame.MaxStderr):]
	if over := len(t.buf) + len(p) - frame.MaxStderr; over > 0 {
		t.buf = append(t.buf[:0], t.buf[over:]...)
	}
	t.buf = append(t.buf, p...)
}

func (t *tail) bytes() []byte {
	t.mu.Lock()
	defer t.mu.Unlock()
	return append([]byte(nil), t.buf...)
}
