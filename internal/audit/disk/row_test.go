// SPDX-License-Identifier: MIT

package disk

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// rest reads what there is now; "-" is what is no line.
func rest(t *testing.T, r *Row) (got []string) {
	t.Helper()
	for {
		line, err := r.Line()
		switch {
		case errors.Is(err, io.EOF):
			return got
		case errors.Is(err, ErrNoLine):
			got = append(got, "-")
		case err != nil:
			t.Fatal(err)
		default:
			got = append(got, string(line))
		}
	}
}

// A row reads over rotations, and goes on with what is written later.
func TestRow(t *testing.T) {
	s := series(t, filepath.Join(t.TempDir(), "lines"), 20)
	r := NewRow(s.Path, 100)
	defer r.Close()
	if got := rest(t, r); got != nil {
		t.Errorf("of no file: got %q", got)
	}
	for round := range 4 {
		var want []string
		for i := range 9 {
			line := fmt.Sprintf("line %d/%d", round, i)
			put(t, s, line)
			want = append(want, line)
		}
		if got := rest(t, r); !slices.Equal(got, want) {
			t.Fatalf("round %d: got %q, want %q", round, got, want)
		}
	}
	if r.Name() != s.Path {
		t.Errorf("the last line was in %s, want %s", r.Name(), s.Path)
	}
}

// What is no line is said to be none; the rest of one that is being written is
// waited for, until the next file was begun.
func TestRowLeavesOut(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lines")
	r := NewRow(path, 20)
	defer r.Close()
	add := func(text string) {
		t.Helper()
		file, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := file.WriteString(text); err != nil {
			t.Fatal(err)
		}
		if err := file.Close(); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		text string
		want []string
	}{
		{"a\n\n" + strings.Repeat("x", 19) + "\n", []string{"a", "", strings.Repeat("x", 19)}},
		{strings.Repeat("x", 20) + "\nb\nha", []string{"-", "b"}},
		{"lf\n", []string{"half"}},
		{strings.Repeat("x", 50), nil},
		{"x\nc\n", []string{"-", "c"}},
	} {
		if add(c.text); !slices.Equal(rest(t, r), c.want) {
			t.Errorf("after %q: want %q", c.text, c.want)
		}
	}
	add("torn")
	if err := os.Rename(path, path+".000001"); err != nil {
		t.Fatal(err)
	}
	add("d\n")
	if got := rest(t, r); !slices.Equal(got, []string{"-", "d"}) {
		t.Errorf("got %q, want the half that stays one, and d", got)
	}
}

// A name that leads elsewhere, or has a reader wait, is not read.
func TestRowFollowsNoLinks(t *testing.T) {
	path, elsewhere := filepath.Join(t.TempDir(), "lines"), filepath.Join(t.TempDir(), "elsewhere")
	if err := os.WriteFile(elsewhere, []byte("secret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(elsewhere, path); err != nil {
		t.Fatal(err)
	}
	r := NewRow(path, 20)
	defer r.Close()
	if line, err := r.Line(); err == nil || errors.Is(err, io.EOF) {
		t.Errorf("got %q, %v, want an error", line, err)
	}
}
