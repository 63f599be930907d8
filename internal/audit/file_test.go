// SPDX-License-Identifier: MIT

package audit

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"tailscale-mcp/internal/audit/disk"
)

// faulty is a disk that counts, waits and fails when told to.
type faulty struct {
	synced, written     atomic.Int32
	failWrite, failSync atomic.Pointer[error]
	failReserve         atomic.Pointer[error]
	short               atomic.Int32  // bytes taken of a write that fails
	hold                chan struct{} // when set, an fsync of a file takes one
	real                bool          // an fsync is one: a busy disk may take longer than a record waits
}

func (d *faulty) disk() disk.Calls {
	system := disk.System()
	return disk.Calls{
		Write: func(f *os.File, b []byte) (int, error) {
			d.written.Add(1)
			if err := d.failWrite.Load(); err != nil {
				n, _ := f.Write(b[:min(int(d.short.Load()), len(b))])
				return n, *err
			}
			return f.Write(b)
		},
		Reserve: func(f *os.File, offset, n int64) error {
			if err := d.failReserve.Load(); err != nil {
				return *err
			}
			return system.Reserve(f, offset, n)
		},
		Sync: func(f *os.File) error {
			if info, err := f.Stat(); err != nil || info.IsDir() {
				return err
			}
			d.synced.Add(1)
			if d.hold != nil {
				<-d.hold
			}
			if err := d.failSync.Load(); err != nil {
				return *err
			}
			if !d.real {
				return nil
			}
			return f.Sync()
		},
	}
}

func failing(err error) *error { return &err }

// open returns a file in a new folder.
func open(t testing.TB, d *faulty, lost func(Event)) *File {
	f := newFile(filepath.Join(t.TempDir(), "audit.jsonl"), lost, d.disk())
	t.Cleanup(func() { _ = f.Close() })
	return f
}

// change is the decision of an allowed change.
func change(id string) Record {
	return Record{Time: time.Now(), Event: Decision, RequestID: id, Class: "destructive", Allowed: true, Method: "tools/call", Name: "delete_device"}
}

// ids are the requests in a file, which has to be whole lines of JSON.
func ids(t *testing.T, path string) []string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	var ids []string
	for line := range strings.Lines(string(text)) {
		var r Record
		if err := json.Unmarshal([]byte(line), &r); err != nil || !strings.HasSuffix(line, "\n") {
			t.Errorf("in %s: %q is no record", path, line)
			continue
		}
		ids = append(ids, r.RequestID+strings.Repeat("lost", r.Count))
	}
	return ids
}

// TestWaits: which records have to be durable before anything goes on.
func TestWaits(t *testing.T) {
	for name, c := range map[string]struct {
		r    Record
		want bool
	}{
		"an allowed change":            {Record{Event: Decision, Class: "write", Allowed: true}, true},
		"its confirmation":             {Record{Event: Confirmation, Class: "write", Allowed: true}, true},
		"its outcome":                  {Record{Event: Outcome, Class: "escalating", Allowed: true, Code: "timeout"}, true},
		"of a class nobody knows":      {Record{Event: Decision, Class: "", Allowed: true}, true},
		"a refused change":             {Record{Event: Decision, Class: "destructive"}, false},
		"a read":                       {Record{Event: Decision, Class: "read", Allowed: true}, false},
		"the outcome of a read":        {Record{Event: Outcome, Class: "read", Allowed: true}, false},
		"a refusal before anything":    {Record{Event: Decision}, false},
		"how many records are missing": {missing(3), false},
	} {
		if got := c.r.waits(); got != c.want {
			t.Errorf("%s: got %v, want %v", name, got, c.want)
		}
	}
}

// A record of a change is fsynced when Write returns, in a file that only its
// owner reads; reads and refusals are beside it.
func TestFileIsDurable(t *testing.T) {
	d := &faulty{}
	f := open(t, d, noLoss(t))
	for i := range 3 {
		before := d.synced.Load()
		if err := f.Write(t.Context(), change(fmt.Sprint(i))); err != nil {
			t.Fatal(err)
		}
		if d.synced.Load() == before {
			t.Error("Write returned before an fsync")
		}
		if got := ids(t, f.path); len(got) != i+1 {
			t.Errorf("got %q in the file, want %d records", got, i+1)
		}
	}
	read, refused := sample()[0], sample()[3]
	for _, r := range []Record{read, refused} {
		if err := f.Write(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	p := paths(f.path)
	if got := [][]string{ids(t, p[changes]), ids(t, p[reads]), ids(t, p[refusals])}; len(got[0]) != 3 || len(got[1]) != 1 || len(got[2]) != 1 {
		t.Errorf("got %q, want three changes, a read and a refusal in files of their own", got)
	}
	for _, path := range append(p[:], keyPath(f.path)) {
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: got %v, %v, want mode 0600", path, info.Mode(), err)
		}
	}
	if err := f.Write(t.Context(), change("late")); !errors.Is(err, errClosed) {
		t.Errorf("after the end: got %v, want %v", err, errClosed)
	}
}

// Changes that come while an fsync is under way share the next one.
func TestFileGroupCommit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &faulty{hold: make(chan struct{}, 100)}
		for range 2 { // of the key, and of the first record
			d.hold <- struct{}{}
		}
		f := open(t, d, noLoss(t))
		if err := f.Write(t.Context(), change("first")); err != nil {
			t.Fatal(err)
		}
		written, synced := d.written.Load(), d.synced.Load()
		var calls sync.WaitGroup
		put := func(id string) {
			calls.Go(func() {
				if err := f.Write(t.Context(), change(id)); err != nil {
					t.Error(err)
				}
			})
		}
		put("alone")
		synctest.Wait() // it is with the disk
		for i := range 64 {
			put(fmt.Sprint(i))
		}
		synctest.Wait()
		d.hold <- struct{}{}
		d.hold <- struct{}{}
		calls.Wait()
		if w, s := d.written.Load()-written, d.synced.Load()-synced; w != 2 || s != 2 {
			t.Errorf("65 records took %d writes and %d fsyncs, want 2 of each", w, s)
		}
		if got := ids(t, f.path); len(got) != 66 {
			t.Errorf("got %d records, want 66", len(got))
		}
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	})
}

// A write or an fsync that fails is an error for all who wait for it, leaves
// nothing in the file, and does not spoil what follows.
func TestFileFailing(t *testing.T) {
	eio := failing(syscall.EIO)
	full := failing(syscall.ENOSPC)
	for name, c := range map[string]struct {
		set   func(*faulty)
		unset func(*faulty)
		want  error
	}{
		"a full disk":                       {func(d *faulty) { d.failWrite.Store(full) }, func(d *faulty) { d.failWrite.Store(nil) }, syscall.ENOSPC},
		"a full disk takes half a record":   {func(d *faulty) { d.short.Store(30); d.failWrite.Store(full) }, func(d *faulty) { d.failWrite.Store(nil) }, syscall.ENOSPC},
		"an fsync fails":                    {func(d *faulty) { d.failSync.Store(eio) }, func(d *faulty) { d.failSync.Store(nil) }, syscall.EIO},
		"an fsync fails after half a write": {func(d *faulty) { d.failSync.Store(eio); d.short.Store(7); d.failWrite.Store(full) }, func(d *faulty) { d.failSync.Store(nil); d.failWrite.Store(nil) }, syscall.ENOSPC},
	} {
		t.Run(name, func(t *testing.T) {
			d := &faulty{}
			f := open(t, d, noLoss(t))
			if err := f.Write(t.Context(), change("before")); err != nil {
				t.Fatal(err)
			}
			c.set(d)
			for i := range 3 {
				err := f.Write(t.Context(), change(fmt.Sprint("refused", i)))
				var named *FileError
				if !errors.Is(err, c.want) && i == 0 || err == nil || !errors.As(err, &named) || named.Path != f.path {
					t.Errorf("write %d: got %v, want %v with the file's name", i, err, c.want)
				}
			}
			c.unset(d)
			for _, id := range []string{"after", "later"} {
				if err := f.Write(t.Context(), change(id)); err != nil {
					t.Fatalf("the disk works again: %v", err)
				}
			}
			if got := ids(t, f.path); !slices.Equal(got, []string{"before", "after", "later"}) {
				t.Errorf("got %q, want only what was reported as written", got)
			}
		})
	}
}

// After a failed fsync the same descriptor is not asked again: the kernel would
// report success for pages that it has dropped.
func TestFileLeavesDescriptorAfterFailedSync(t *testing.T) {
	var used []*os.File
	fail := true
	d := disk.System()
	d.Sync = func(f *os.File) error {
		if filepath.Base(f.Name()) != "audit.jsonl" {
			return f.Sync()
		}
		used = append(used, f)
		if fail {
			fail = false
			return syscall.EIO
		}
		return f.Sync()
	}
	f := newFile(filepath.Join(t.TempDir(), "audit.jsonl"), noLoss(t), d)
	if err := f.Write(t.Context(), change("lost")); !errors.Is(err, syscall.EIO) {
		t.Fatalf("got %v, want the error of the fsync", err)
	}
	if err := f.Write(t.Context(), change("kept")); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if used[len(used)-1] == used[0] {
		t.Error("the descriptor whose fsync failed was used again")
	}
	if got := ids(t, f.path); !slices.Equal(got, []string{"kept"}) {
		t.Errorf("got %q, want what was reported as written", got)
	}
}

// A disk that does not answer keeps a change for its time and no longer. What has
// not reached the disk by then never does.
func TestFileStalled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &faulty{hold: make(chan struct{}, 100)}
		d.hold <- struct{}{}
		d.hold <- struct{}{}
		var lost atomic.Int32
		f := open(t, d, func(Event) { lost.Add(1) })
		if err := f.Write(t.Context(), change("first")); err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		var calls sync.WaitGroup
		for i := range maxWaiting + 11 {
			calls.Go(func() {
				if err := f.Write(t.Context(), change(fmt.Sprint("stalled", i))); !errors.Is(err, errSlow) && !errors.Is(err, errBusy) {
					t.Errorf("a disk that does not answer: got %v", err)
				}
			})
			synctest.Wait()
		}
		for range 2000 { // whoever reads is not kept
			if err := f.Write(t.Context(), sample()[0]); err != nil {
				t.Error(err)
			}
		}
		if took := time.Since(began); took != 0 {
			t.Errorf("reads were kept for %v", took)
		}
		calls.Wait()
		if took := time.Since(began); took != filePatience {
			t.Errorf("changes were kept for %v, want %v", took, filePatience)
		}
		for range 10 {
			d.hold <- struct{}{}
		}
		if err := f.Write(t.Context(), change("again")); err != nil {
			t.Errorf("the disk answers again: %v", err)
		}
		if err := f.Close(); err != nil {
			t.Error(err)
		}
		if got := ids(t, f.path); !slices.Equal(got, []string{"first", "stalled0", "again"}) {
			t.Errorf("got %.100q, want nothing that was withdrawn", got)
		}
		if got := ids(t, paths(f.path)[reads]); len(got) != 2000 || lost.Load() != 0 {
			t.Errorf("got %d reads, %d lost, want all of them later", len(got), lost.Load())
		}
	})
}

// Records that nobody waits for are bounded; what finds no room is counted, and
// the count is in the file.
func TestFileCountsWhatIsLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &faulty{hold: make(chan struct{}, 100)}
		d.hold <- struct{}{}
		d.hold <- struct{}{}
		var lost atomic.Int32
		f := open(t, d, func(Event) { lost.Add(1) })
		if err := f.Write(t.Context(), change("first")); err != nil {
			t.Fatal(err)
		}
		var stalled sync.WaitGroup
		stalled.Go(func() { _ = f.Write(t.Context(), change("stalled")) })
		synctest.Wait()
		r := sample()[0]
		for lost.Load() < 7 {
			if err := f.Write(t.Context(), r); err != nil {
				t.Fatal(err)
			}
		}
		if got := len(f.later[reads].lines); got > maxBatch {
			t.Errorf("%d bytes are kept in memory, want %d at most", got, maxBatch)
		}
		if err := f.Write(t.Context(), sample()[3]); err != nil || lost.Load() != 7 {
			t.Errorf("a refusal beside many reads: %v, %d lost, want room of its own", err, lost.Load())
		}
		for range 20 {
			d.hold <- struct{}{}
		}
		stalled.Wait()
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
		got := ids(t, paths(f.path)[reads])
		if last := got[0]; last != strings.Repeat("lost", 7) {
			t.Errorf("the file begins with %q, want a record of the 7 that are missing", last)
		}
	})
}

// A disk without room for reads says so in the file once there is some, and
// changes are none of it.
func TestFileReadsFailing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &faulty{}
		var lost atomic.Int32
		f := open(t, d, func(Event) { lost.Add(1) })
		d.failWrite.Store(failing(syscall.ENOSPC))
		for range 3 {
			if err := f.Write(t.Context(), sample()[0]); err != nil {
				t.Errorf("a read on a full disk: %v", err)
			}
		}
		if err := f.Write(t.Context(), change("full")); !errors.Is(err, syscall.ENOSPC) {
			t.Errorf("a change on a full disk: got %v", err)
		}
		synctest.Wait()
		d.failWrite.Store(nil)
		if err := f.Write(t.Context(), change("free")); err != nil {
			t.Error(err)
		}
		_ = f.Write(t.Context(), sample()[1])
		if err := f.Close(); err != nil {
			t.Error(err)
		}
		if got := ids(t, paths(f.path)[reads]); len(got) != 2 || got[0] != strings.Repeat("lost", 3) || lost.Load() != 3 {
			t.Errorf("got %q and %d lost, want three missing and the last", got, lost.Load())
		}
	})
}
