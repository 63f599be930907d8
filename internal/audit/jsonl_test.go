// SPDX-License-Identifier: MIT

package audit

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestGoldenJSONLines(t *testing.T) {
	var out bytes.Buffer
	log := NewJSONLines(&out)
	for _, r := range sample() {
		if err := log.Write(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
	golden(t, "records.jsonl", out.String())
}

// calls keeps what each Write was given, and fails when told to.
type calls struct {
	mu     sync.Mutex
	texts  []string
	accept int // bytes to take of the next call before failing; -1 takes all
}

var errFull = errors.New("no space left")

func (c *calls) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.accept >= 0 {
		n := min(c.accept, len(p))
		c.texts = append(c.texts, string(p[:n]))
		return n, errFull
	}
	c.texts = append(c.texts, string(p))
	return len(p), nil
}

func TestJSONLinesOneWritePerRecord(t *testing.T) {
	w := &calls{accept: -1}
	log := NewJSONLines(w)
	const writers, each = 16, 50
	var wg sync.WaitGroup
	for i := range writers {
		wg.Go(func() {
			for j := range each {
				r := sample()[j%5]
				r.RequestID = fmt.Sprintf("%d/%d", i, j)
				if err := log.Write(t.Context(), r); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if got, want := len(w.texts), writers*each; got != want {
		t.Errorf("got %d calls of Write, want %d, one for each record", got, want)
	}
	seen := map[string]bool{}
	for _, text := range w.texts {
		line, ok := strings.CutSuffix(text, "\n")
		var r Record
		if !ok || strings.Contains(line, "\n") || json.Unmarshal([]byte(line), &r) != nil {
			t.Fatalf("got %q, want one line of JSON", text)
		}
		seen[r.RequestID] = true
	}
	if got, want := len(seen), writers*each; got != want {
		t.Errorf("got %d different records, want %d", got, want)
	}
}

func TestJSONLinesCannotBeForged(t *testing.T) {
	var out bytes.Buffer
	r := sample()[3] // refused
	r.Name, r.Method, r.ClientName, r.ClientVersion, r.Claimed, r.Reason = forged, forged, forged, forged, forged, forged
	r.Login, r.Node, r.Tags = forged, forged, []string{forged, forged}
	if err := NewJSONLines(&out).Write(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	line, rest, _ := strings.Cut(out.String(), "\n")
	if rest != "" {
		t.Errorf("got %q after the line, want one line", rest)
	}
	for _, c := range line {
		if c < ' ' || c == 0x2028 {
			t.Errorf("got %q in the line, want it escaped", c)
		}
	}
	var back Record
	if err := json.Unmarshal([]byte(line), &back); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(r, back, cmp.Comparer(func(a, b interface{ String() string }) bool { return a.String() == b.String() })); diff != "" {
		t.Errorf("the record came back different (-want +got):\n%s", diff)
	}
	if strings.Count(line, `"allowed":`) != strings.Count(line, `"allowed":false`) {
		t.Errorf("got %s, want only one allowed, false", line)
	}
}

func TestJSONLinesFailing(t *testing.T) {
	w := &calls{accept: 0}
	log := NewJSONLines(w)
	if err := log.Write(t.Context(), sample()[0]); !errors.Is(err, errFull) {
		t.Errorf("got error %v, want the writer's", err)
	}
	w.accept = -1
	if err := log.Write(t.Context(), sample()[0]); err != nil {
		t.Fatal(err)
	}
	if got := w.texts[len(w.texts)-1]; strings.HasPrefix(got, "\n") {
		t.Errorf("got %q, want no empty line when nothing had been written", got)
	}
}

// TestJSONLinesTorn: a record that was written half, as on a full disk, does
// not spoil the next one.
func TestJSONLinesTorn(t *testing.T) {
	w := &calls{accept: 25}
	log := NewJSONLines(w)
	for range 2 {
		if err := log.Write(t.Context(), sample()[0]); !errors.Is(err, errFull) {
			t.Errorf("got error %v, want the writer's", err)
		}
	}
	w.accept = 0
	if err := log.Write(t.Context(), sample()[0]); err == nil {
		t.Error("got no error of a writer that takes nothing")
	}
	w.accept = -1
	for range 2 {
		if err := log.Write(t.Context(), sample()[1]); err != nil {
			t.Fatal(err)
		}
	}
	whole := 0
	for line := range strings.Lines(strings.Join(w.texts, "")) {
		var r Record
		if json.Unmarshal([]byte(line), &r) == nil && r.Event == Outcome {
			whole++
		}
	}
	if whole != 2 {
		t.Errorf("got %d readable records in %q, want both that were reported as written", whole, w.texts)
	}
}

func TestJSONLinesShortWriter(t *testing.T) {
	r, w := io.Pipe()
	r.Close()
	if err := NewJSONLines(w).Write(t.Context(), sample()[0]); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("got error %v, want that of the closed pipe", err)
	}
}
