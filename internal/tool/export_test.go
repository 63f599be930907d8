// SPDX-License-Identifier: MIT

package tool

import (
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
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

// MostTold bounds what a caller is told about its own bad input, in bytes: room
// for our words and a few quoted ones of the client.
const MostTold = 2048

// CheckTold holds an error against what every error for a caller has: a code, a
// next step, and only characters that no terminal acts on.
func CheckTold(t *testing.T, err error) {
	t.Helper()
	told, ok := err.(*Error) //nolint:errorlint // it must be one, not wrap one
	if !ok {
		t.Fatalf("got %#v, want an *Error", err)
	}
	if told.Code == "" || told.Message == "" || told.Next == "" {
		t.Errorf("got code %q, message %q, next step %q; want all three", told.Code, told.Message, told.Next)
	}
	for _, c := range told.Error() {
		if (c < ' ' && c != '\n') || c > '~' {
			t.Errorf("got %q in %q, want printable ASCII", c, told.Error())
			break
		}
	}
	if len(told.Error()) > MostTold {
		t.Errorf("got %d bytes of %.200q…, want at most %d", len(told.Error()), told.Error(), MostTold)
	}
}
