// SPDX-License-Identifier: MIT

package doctor

import (
	"fmt"

	"tailscale-mcp/internal/proxy/route"
)

// Report is what a walk found, as --json prints it.
type Report struct {
	Server string    `json:"server"`
	OK     bool      `json:"ok"`
	Steps  []Finding `json:"steps"`
}

// Finding is what a step found.
type Finding struct {
	Step   string `json:"step"`
	Status Status `json:"status"`
	Detail string `json:"detail,omitempty"` // what was found
	Next   string `json:"next,omitempty"`   // what to do about it
	Data   any    `json:"data,omitempty"`   // the same for a program
}

// Status is how a step ended.
type Status string

// The ways that a step may end.
const (
	OK        Status = "ok"
	Note      Status = "note" // it goes on, but a person should know
	Fail      Status = "fail"
	NotNeeded Status = "not needed"
	NotTried  Status = "not tried"
)

// found is a step in order.
func found(format string, a ...any) Finding {
	return Finding{Status: OK, Detail: fmt.Sprintf(format, a...)}
}

// noted is found with what a person should know; "" when there is nothing.
func noted(detail, note string) Finding {
	if note == "" {
		return found("%s", detail)
	}
	if detail != "" {
		detail += "; "
	}
	return Finding{Status: Note, Detail: detail + note}
}

// broken is the break: err and what to do, which err may say itself.
func broken(err error, next string) Finding {
	what, advice := route.Advice(err)
	if advice != "" {
		next = advice
	}
	return Finding{Status: Fail, Detail: what, Next: next}
}
