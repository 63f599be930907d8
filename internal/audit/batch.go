// SPDX-License-Identifier: MIT

package audit

const (
	// outcomeRoom is the room on the disk that is taken with a decision for the
	// outcome, and for the confirmation before it.
	outcomeRoom = 32 << 10
	// mostOwed bounds the outcomes that room is taken for. There are more only when
	// some never came, as after a disk that did not answer.
	mostOwed = 128
)

// write makes a batch durable with one fsync, and tells those who wait. A decision
// counts only with room on the disk for the outcome too: so a disk that becomes full
// meanwhile takes what is owed, and nothing new.
func (f *File) write(batch []*waiter) {
	err := f.keep(batch)
	owed, others := split(batch)
	if err != nil && len(owed) > 0 && len(others) > 0 {
		tell(others, err)
		tell(owed, f.keep(owed))
	} else {
		tell(batch, err)
	}
	f.owed = max(0, f.owed-len(owed))
}

// split tells outcomes from what may still be refused.
func split(batch []*waiter) (outcomes, others []*waiter) {
	for _, e := range batch {
		if e.event == Outcome {
			outcomes = append(outcomes, e)
		} else {
			others = append(others, e)
		}
	}
	return outcomes, others
}

func tell(batch []*waiter, err error) {
	for _, e := range batch {
		e.done <- err
	}
}

// keep writes a batch, all of it or nothing.
func (f *File) keep(batch []*waiter) error {
	var lines []byte
	decided, ended := 0, 0
	for _, e := range batch {
		lines = append(lines, e.line...)
		switch e.event {
		case Decision:
			decided++
		case Outcome:
			ended++
		}
	}
	s := f.series[changes]
	s.Room = 0
	if decided > 0 {
		s.Room = outcomeRoom * int64(min(f.owed+decided, mostOwed))
	}
	// What is owed goes where there is room for it, and not into a new file.
	s.Over = 0
	switch {
	case ended == len(batch):
		s.Over = outcomeRoom * mostOwed
	case f.owed > 0:
		s.Over = s.Limit / 16
	}
	if err := f.append(changes, lines, true); err != nil {
		return err
	}
	f.owed += decided
	return nil
}
