// SPDX-License-Identifier: MIT

package audit

import "time"

// gather is how long a writer pauses when it has written all there was. To wake it for each
// record takes longer than to write one, and keeps the processor from the call that the
// record is of; what comes meanwhile is written together. It is the most that a record is
// late of which nobody waits to hear.
const gather = 10 * time.Millisecond

// pause is the pause of one writer.
type pause struct{ over chan struct{} }

func newPause() pause { return pause{make(chan struct{}, 1)} }

// take pauses.
func (p pause) take() {
	select {
	case <-p.over:
	case <-time.After(gather):
	}
}

// end ends the pause, or makes the next one short: somebody waits, or much has come.
func (p pause) end() {
	select {
	case p.over <- struct{}{}:
	default:
	}
}
