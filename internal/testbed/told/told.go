// SPDX-License-Identifier: MIT

// Package told holds what a caller is got, and other texts, against what they should
// be. It imports failure.
package told

import (
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tailscale-mcp/internal/failure"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// Golden compares got with a file and rewrites that with -update.
func Golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
}

// Most bounds what a caller is told about its own bad input, in bytes: room
// for our words and a few quoted ones of the client.
const Most = 2048

// Check holds an error against what every error for a caller has: a code, a
// next step, and only characters that no terminal acts on.
func Check(t *testing.T, err error) {
	t.Helper()
	got, ok := err.(*failure.Error) //nolint:errorlint // it must be one, not wrap one
	if !ok {
		t.Fatalf("got %#v, want a *failure.Error", err)
	}
	if got.Code == "" || got.Message == "" || got.Next == "" {
		t.Errorf("got code %q, message %q, next step %q; want all three", got.Code, got.Message, got.Next)
	}
	for _, c := range got.Error() {
		if (c < ' ' && c != '\n') || c > '~' {
			t.Errorf("got %q in %q, want printable ASCII", c, got.Error())
			break
		}
	}
	if len(got.Error()) > Most {
		t.Errorf("got %d bytes of %.200q…, want at most %d", len(got.Error()), got.Error(), Most)
	}
}
