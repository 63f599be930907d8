// SPDX-License-Identifier: MIT

package main

import (
	"os"
	"path/filepath"
	"testing"

	"tailscale-mcp/internal/upstream/frame"
)

// TestHeaders: of a server that runs elsewhere the daemon gets the headers with the
// credentials in them, nothing is started, and nothing of it is in the journal.
func TestHeaders(t *testing.T) {
	folder := t.TempDir()
	put(t, filepath.Join(folder, entryCredential), `{"url": "https://x", "headers": {"Authorization": "Bearer ${credential:files.key}", "X-A": "b"}}`)
	put(t, filepath.Join(folder, "files.key"), "s3cret\n")
	l := bare(t, "CREDENTIALS_DIRECTORY="+folder)
	out, end, status := l.rest(t)
	if out != `{"Authorization":"Bearer s3cret","X-A":"b"}` || end.Outcome != frame.Exited || end.Status != 0 || status != 0 || l.journal(t) != "" {
		t.Errorf("%s, %v, %d, %s", out, end, status, l.journal(t))
	}
	if left, _ := os.ReadDir(l.folder); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}
