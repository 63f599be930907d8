// SPDX-License-Identifier: MIT

package audit

import (
	"encoding/json"
	"errors"
	"io/fs"
	"time"
)

// run is the writer.
func (f *File) run() {
	defer close(f.done)
	for range f.wake {
		for {
			batch, later, closing := f.take()
			if len(batch) > 0 {
				f.write(batch)
			}
			wrote := len(batch) > 0
			for k := range later {
				if len(later[k].lines) > 0 {
					f.writeLater(k, later[k])
					wrote = true
				}
			}
			if wrote {
				continue
			}
			if closing {
				f.end()
				return
			}
			break
		}
		f.pause.take()
	}
}

// take takes what is to be written next.
func (f *File) take() (batch []*waiter, later [seriesCount]backlog, closing bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	n, size := 0, 0
	for n < len(f.waiting) && size+len(f.waiting[n].line) <= maxBatch {
		size += len(f.waiting[n].line)
		n++
	}
	batch, f.waiting = f.waiting[:n:n], f.waiting[n:]
	if len(f.waiting) == 0 {
		f.waiting = nil
	}
	for k := range f.later {
		if len(f.later[k].lines) > 0 {
			later[k], f.later[k] = f.later[k], backlog{}
		}
	}
	return batch, later, f.closing
}

// writeLater writes what nobody waits for, with a word about what is missing
// before it.
func (f *File) writeLater(k int, b backlog) {
	lines := b.lines
	if b.lost > 0 {
		if missing, err := json.Marshal(missing(b.lost)); err == nil {
			lines = append(append(missing, '\n'), lines...)
		}
	}
	if err := f.append(k, lines, false); err == nil {
		return
	}
	f.mu.Lock()
	f.later[k].lost += b.lost + len(b.events)
	f.mu.Unlock()
	for _, event := range b.events {
		f.lost(event)
	}
}

// missing is the record that stands for n lost ones.
func missing(n int) Record {
	return Record{Time: time.Now(), Event: Lost, Count: n, Reason: "these records found no room here"}
}

func (f *File) append(k int, lines []byte, durable bool) error {
	if err := f.open(); err != nil {
		return err
	}
	err := f.series[k].Append(lines, durable)
	if errors.Is(err, fs.ErrNotExist) { // the folder has gone: begin with it
		f.release()
	}
	return err
}

// end closes the files; what nobody waited for is made durable now.
func (f *File) end() {
	f.mu.Lock()
	later := f.later
	f.mu.Unlock()
	for k := range later {
		if later[k].lost > 0 {
			f.writeLater(k, later[k])
		}
	}
	for _, s := range f.series[1:] {
		_ = s.Sync()
	}
	f.release()
}
