// SPDX-License-Identifier: MIT

package frame

import "fmt"

// version is that of the frames.
const version = 1

const (
	hello = 'h'
	data  = 'd'
	end   = 'e'
)

const (
	headerSize     = 5
	invocationSize = 32
	maxData        = 64 << 10
	// MaxStderr is how much of the end of stderr an end frame has, in bytes.
	MaxStderr = 2 << 10
	endHead   = 5 // the outcome and the status before stderr
)

// Outcome says how a server ended.
type Outcome byte

// The outcomes.
const (
	Exited     Outcome = 'x' // by itself; the status is its exit status
	Killed     Outcome = 'k' // by a signal; the status is its number
	NotStarted Outcome = 'n' // it never ran; stderr says why, in the launcher's words
)

// End is how a server ended.
type End struct {
	Outcome Outcome
	Status  int
	Stderr  []byte // the last of it, at most MaxStderr bytes, cut anywhere
}

// String says it without stderr.
func (e End) String() string {
	switch e.Outcome {
	case Exited:
		return fmt.Sprintf("the server exited with status %d", e.Status)
	case Killed:
		return fmt.Sprintf("the server was ended by signal %d", e.Status)
	}
	return "the server could not be started"
}
