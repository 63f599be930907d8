// SPDX-License-Identifier: MIT

package gateway_test

import (
	"net/http"
	"os"
	"path/filepath"
	"testing"
)

// TestNotServed: a server that nobody has approved, or whose entry is wrong, is not there,
// for those who are granted it too.
func TestNotServed(t *testing.T) {
	b := newBench(t)
	b.Odd("odd", "")
	b.servers.Read()
	b.grant("alice@example.com", `{"tools":["odd/*"],"resources":["odd/*"]}`)
	if status, body := b.alice().post(t.Context(), t, "odd", "tools/list", nil); status != http.StatusNotFound {
		t.Errorf("not approved: %d %s", status, body)
	}
	b.approve(t, "odd", nil)
	if status, body := b.alice().post(t.Context(), t, "odd", "tools/list", nil); status != http.StatusOK {
		t.Errorf("approved: %d %s", status, body)
	}
	if err := os.WriteFile(filepath.Join(b.Dir, "odd.json"), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	b.servers.Read()
	if status, body := b.alice().post(t.Context(), t, "odd", "tools/list", nil); status != http.StatusNotFound {
		t.Errorf("wrong: %d %s", status, body)
	}
}
