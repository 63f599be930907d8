// SPDX-License-Identifier: MIT

package audit

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"tailscale-mcp/internal/audit/disk"
)

// rest reads what there is now.
func rest(t *testing.T, r *Reader) []string {
	t.Helper()
	var got []string
	for {
		line, err := r.Next()
		if errors.Is(err, io.EOF) {
			return got
		}
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, line.Record.RequestID)
	}
}

// All series are read as one, by time, over rotations, and from there on what is
// written afterwards, over rotations too.
func TestReader(t *testing.T) {
	f := open(t, &faulty{}, noLoss(t))
	for k := range f.series {
		f.series[k].Limit = 2500
	}
	at := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	r := NewReader(f.path, func(err error) { t.Error(err) })
	defer r.Close()
	if got := rest(t, r); got != nil {
		t.Errorf("of no file: got %q", got)
	}
	for round := range 6 {
		var want []string
		for i := range 9 {
			rec := []Record{change(""), sample()[0], sample()[3]}[i%3]
			at = at.Add(time.Second)
			rec.Time, rec.RequestID = at, fmt.Sprintf("%d/%d", round, i)
			want = append(want, rec.RequestID)
			if err := f.Write(t.Context(), rec); err != nil {
				t.Fatal(err)
			}
		}
		for range 2 { // the writer has come by, and is done with what came after
			if err := f.Check(); err != nil {
				t.Fatal(err)
			}
		}
		if got := rest(t, r); !slices.Equal(got, want) {
			t.Fatalf("round %d: got %q, want %q", round, got, want)
		}
	}
	if full, _, _ := disk.Numbered(f.path); len(full) == 0 {
		t.Errorf("%d files are full, want some", len(full))
	}
	all := NewReader(f.path, func(err error) { t.Error(err) })
	defer all.Close()
	if got := rest(t, all); len(got) != 54 || !slices.IsSortedFunc(got, strings.Compare) {
		t.Errorf("from the beginning: got %q, want all in order", got)
	}
	used, err := Used(f.path)
	if err != nil || used < 54*200 || used > 54*600 {
		t.Errorf("got %d bytes used, %v", used, err)
	}
	if _, err := Used(filepath.Join(t.TempDir(), "audit.jsonl")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("of no file: got %v", err)
	}
}

// A reader that is behind when the file is rotated, twice, misses nothing; one
// whose file was the oldest goes on with the oldest there is.
func TestReaderIsOvertaken(t *testing.T) {
	f := open(t, &faulty{}, noLoss(t))
	f.series[changes].Limit, f.series[changes].Files = 400, 4
	write(t, f, "0")
	write(t, f, "1")
	r := NewReader(f.path, func(err error) { t.Error(err) })
	defer r.Close()
	if line, err := r.Next(); err != nil || line.Record.RequestID != "0" {
		t.Fatalf("got %+v, %v", line, err)
	}
	for i := 2; i < 6; i++ {
		write(t, f, fmt.Sprint(i))
	}
	if got := rest(t, r); !slices.Equal(got, []string{"1", "2", "3", "4", "5"}) {
		t.Errorf("got %q, want all that followed", got)
	}
	for i := range 40 {
		write(t, f, fmt.Sprint("later", i))
	}
	_, want := history(t, f.path)
	if got := rest(t, r); !slices.Equal(got[len(got)-len(want):], want) || len(got) > len(want)+2 {
		t.Errorf("got %q, want the oldest that is left and what follows: %q", got, want)
	}
}

// What is no record is told about and left out; the rest of a line that is being
// written is waited for.
func TestReaderLeavesOut(t *testing.T) {
	path := filepath.Join(t.TempDir(), "audit.jsonl")
	good := func(id string) string { return `{"event":"decision","requestId":"` + id + `","allowed":true}` }
	put := func(text string) {
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
	var bad []string
	r := NewReader(path, func(err error) { bad = append(bad, err.Error()) })
	defer r.Close()
	put(good("a") + "\n" + `{"event":"deci` + "\n\n\x1b[2J\n{}\nnull\n" + strings.Repeat("x", 3*maxLine) + "\n" + good("b") + "\n" + good("c")[:20])
	if got := rest(t, r); !slices.Equal(got, []string{"a", "b"}) || len(bad) != 6 {
		t.Errorf("got %q and %d complaints %.300q, want a, b and 6", got, len(bad), bad)
	}
	if strings.ContainsFunc(strings.Join(bad, ""), func(c rune) bool { return !unicode.IsPrint(c) }) {
		t.Errorf("got %q, want what a terminal may show", bad)
	}
	put(good("c")[20:] + "\n")
	if got := rest(t, r); !slices.Equal(got, []string{"c"}) {
		t.Errorf("got %q, want the record that has become whole", got)
	}
	put("half")
	if err := os.Rename(path, path+".000001"); err != nil {
		t.Fatal(err)
	}
	put(good("d") + "\n")
	if got := rest(t, r); !slices.Equal(got, []string{"d"}) || len(bad) != 7 {
		t.Errorf("got %q and %d complaints, want d and one about the half", got, len(bad))
	}
}

// TestSelection: what each condition finds.
func TestSelection(t *testing.T) {
	yes, no := true, false
	at := sample()[0].Time
	folded := Record{Time: at, Event: Decision, Login: "eve@example.com", Count: 7, Names: []string{"tools/call delete_device", "tools/call create_key"}}
	removed := Record{Time: at.Add(time.Hour), Event: Outcome, Login: "alice@example.com", Name: "delete_device", Target: "web-1.example.ts.net (n7)", Allowed: true}
	records := append(sample(), folded, removed, missing(3))
	for name, c := range map[string]struct {
		s    Selection
		want []int
	}{
		"everything":           {Selection{}, []int{0, 1, 2, 3, 4, 5, 6, 7}},
		"a login":              {Selection{Caller: "Alice@example.com"}, []int{0, 1, 2, 6, 7}},
		"a tag":                {Selection{Caller: "tag:web"}, []int{3, 7}},
		"a node":               {Selection{Caller: "runner.example.ts.net"}, []int{3, 7}},
		"a node's short name":  {Selection{Caller: "laptop"}, []int{0, 1, 2, 7}},
		"a node ID":            {Selection{Caller: "nRunner"}, []int{3, 7}},
		"an address":           {Selection{Caller: "192.0.2.1"}, []int{4, 7}},
		"nobody":               {Selection{Caller: "x"}, []int{7}},
		"a tool":               {Selection{Tool: "delete_device"}, []int{5, 6, 7}},
		"a target":             {Selection{Target: "WEB-1"}, []int{6, 7}},
		"refused":              {Selection{Refused: &yes}, []int{3, 4, 5, 7}},
		"not refused":          {Selection{Refused: &no}, []int{0, 1, 2, 6, 7}},
		"since":                {Selection{Since: at.Add(time.Minute), Until: at.Add(24 * time.Hour)}, []int{6}},
		"until":                {Selection{Until: at, Caller: "tag:ci"}, []int{3}},
		"refused to one, once": {Selection{Refused: &yes, Caller: "eve@example.com", Tool: "create_key"}, []int{5, 7}},
	} {
		var got []int
		for i, r := range records {
			if c.s.Has(r) {
				got = append(got, i)
			}
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: got %v, want %v", name, got, c.want)
		}
	}
}

// FuzzReader: whatever is in a file, each of its lines is a record that a terminal
// can show as one line, or is complained about.
func FuzzReader(f *testing.F) {
	f.Add([]byte("{\"event\":\"decision\",\"login\":\"\u202ea\x1b\",\"time\":\"2026-03-04T05:06:07Z\"}\nhalf"))
	f.Add([]byte("{\"event\":\"decision\",\"count\":3,\"names\":[\"a\\u001b\",\"\"],\"addr\":\"[::1%\\u001b]:1\"}\n\n{\"event\":\"lost\",\"count\":-1}\n"))
	f.Add([]byte("{\"event\":\"outcome\",\"durationNs\":-9223372036854775808,\"code\":\"\\n\"}\n\x00\x00\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		path := filepath.Join(t.TempDir(), "audit.jsonl")
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		lines := 0
		r := NewReader(path, func(err error) {
			lines++
			if strings.ContainsFunc(err.Error(), func(c rune) bool { return !unicode.IsPrint(c) }) {
				t.Errorf("complaint %q would act on a terminal", err)
			}
		})
		defer r.Close()
		for {
			line, err := r.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			lines++
			if strings.ContainsFunc(line.Record.Line(), func(c rune) bool { return !unicode.IsPrint(c) }) {
				t.Errorf("line %q would act on a terminal", line.Record.Line())
			}
			Selection{Caller: "x", Tool: "y", Target: "z"}.Has(line.Record)
		}
		if want := strings.Count(string(text), "\n"); lines != want {
			t.Errorf("%d records and complaints of %d lines", lines, want)
		}
	})
}

// BenchmarkFile is what a change waits for its record, alone and beside others
// that share the fsync; on the disk of TMPDIR.
func BenchmarkFile(b *testing.B) {
	for _, atOnce := range []int{1, 16, 64} {
		b.Run(fmt.Sprintf("changes=%d", atOnce), func(b *testing.B) {
			d := &faulty{real: true}
			f := open(b, d, func(Event) {})
			b.SetParallelism(atOnce)
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					if err := f.Write(b.Context(), change("r")); err != nil {
						b.Error(err)
					}
				}
			})
			b.ReportMetric(float64(d.synced.Load())/float64(b.N), "fsyncs/op")
		})
	}
	b.Run("reads", func(b *testing.B) {
		f := open(b, &faulty{real: true}, func(Event) {})
		r := sample()[0]
		for b.Loop() {
			_ = f.Write(b.Context(), r)
		}
	})
}
