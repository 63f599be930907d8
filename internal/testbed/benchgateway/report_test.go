// SPDX-License-Identifier: MIT

package main

import (
	"bytes"
	"os"
	"strings"
	"testing"
)

// TestAhead: each of the others is compared with ours when it keeps as many processes, and
// the nearest is what counts.
func TestAhead(t *testing.T) {
	contestants := []contestant{{name: "ours", ours: true}, {name: "ours, shared", ours: true, shares: true}, {name: "a"}, {name: "b", shares: true}}
	with := func(of *row, values ...float64) *report {
		r := &report{all: contestants, of: make([]figures, len(values))}
		for i, value := range values {
			if value >= 0 {
				r.of[i].values = map[*row]float64{of: value}
			}
		}
		return r
	}
	for name, c := range map[string]struct {
		row    *row
		values []float64
		want   string
	}{
		"less is better":             {&warmP50, []float64{1, 1, 3, 2}, "yes, 2.0 times"},
		"more is better":             {&rateOne, []float64{100, 100, 50, 25}, "yes, 2.0 times"},
		"behind":                     {&warmP50, []float64{1, 4, 3, 2}, "no: 0.50 of b"},
		"behind by default":          {&memoryAll, []float64{30, 10, 60, 20}, "yes, 2.0 times; by default not of b, by its design"},
		"the same in the table":      {&warmP50, []float64{1.001, 1, 1.002, 2}, "level"},
		"one that fails":             {&largeP50, []float64{100, 100, 300, -1}, "yes, 3.0 times"},
		"ours fails":                 {&largeP50, []float64{-1, 100, 300, 200}, "no: it fails"},
		"said and not compared":      {&processesAll, []float64{201, 3, 201, 2}, ""},
		"nobody else could do it":    {&largeP50, []float64{100, 100, -1, -1}, "nobody to compare"},
		"one of them only, the near": {&largeP50, []float64{100, 100, -1, 120}, "yes, 1.2 times"},
	} {
		if got := with(c.row, c.values...).ahead(c.row); got != c.want {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
}

// TestLastMessage: the answer is the last message of a stream.
func TestLastMessage(t *testing.T) {
	for stream, want := range map[string]string{
		"event: message\nid: 1\ndata: {\"method\":\"x\"}\n\nevent: message\ndata: {\"id\":1}\n\n": `{"id":1}`,
		"id: 1\ndata: \n\ndata:{\"id\":2}\r\n\r\n: keep\n\n":                                      `{"id":2}`,
		": nothing\n\n": "",
	} {
		if got := string(lastMessage([]byte(stream))); got != want {
			t.Errorf("%q: got %q, want %q", stream, got, want)
		}
	}
}

// TestPage: the page has the part that this program writes, with every row of it.
func TestPage(t *testing.T) {
	page, err := os.ReadFile("../../../packaging/doc/gateway.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, begun := bytes.Cut(page, []byte(beginMarker))
	part, _, ended := bytes.Cut(rest, []byte(endMarker))
	if !begun || !ended {
		t.Fatal("the markers are missing")
	}
	for _, row := range rows {
		if title := strings.ReplaceAll(row.title, "all callers", "100 callers"); !bytes.Contains(part, []byte("| "+title+" |")) {
			t.Errorf("no row %q: write it anew", title)
		}
	}
	for _, sc := range scenes {
		if !bytes.Contains(part, []byte("| "+sc.title+" | "+sc.wanted+" |")) {
			t.Errorf("no row %q: write it anew", sc.title)
		}
	}
}
