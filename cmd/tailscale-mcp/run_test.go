// SPDX-License-Identifier: MIT

package main

import (
	"os"
	"path/filepath"
	"testing"

	"tailscale-mcp/internal/cli"
)

// TestReaderGone: a reader who has enough, such as head(1), is no error.
func TestReaderGone(t *testing.T) {
	for _, args := range [][]string{{"tools"}, {"tools", "--json"}, {"tools", "--markdown"}, {"help"}, {"version"}, {"completion", "bash"}} {
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		_ = r.Close()
		said, err := os.Create(filepath.Join(t.TempDir(), "said"))
		if err != nil {
			t.Fatal(err)
		}
		code := run(t.Context(), args, streams{nil, w, said})
		text, err := os.ReadFile(said.Name())
		if err != nil || code != cli.Done || len(text) > 0 {
			t.Errorf("%q: got exit code %d and %q (%v), want none", args, code, text, err)
		}
		_, _ = w.Close(), said.Close()
	}
}
