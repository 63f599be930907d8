// SPDX-License-Identifier: MIT

// Package audit writes what was decided and what came of it: one record per
// decision, one per outcome, tied together by the request ID.
//
// A [Trail] is what the program writes to. A [File] on disk is what counts: a
// record of a change is there, and stays there, when Write returns. The same
// records go to the journal, as entries with fields of their own (TSMCP_*), or
// where there is none to standard output as JSON lines; that keeps nobody
// waiting and decides nothing. A [Reader] reads the file.
//
// It imports the standard library, go-systemd's journal and package disk, which has the
// files. A record that cannot be written is an error the caller of Write has to act on:
// whatever is not a read must then be refused.
package audit

import (
	"context"
	"net/netip"
	"time"
)

// Event says what a record is about.
type Event string

const (
	// Decision is written before anything happens: may this caller do this?
	Decision Event = "decision"
	// Confirmation is written when a change was confirmed, before its effect: it
	// names the target as it was found.
	Confirmation Event = "confirmation"
	// Outcome is written when an allowed request has ended, however it ended.
	Outcome Event = "outcome"
	// Withheld is written when a server behind this one shows something differently than
	// it was approved, which nobody gets any more: Name says what, and Reason how.
	Withheld Event = "withheld"
	// Lost stands where records are missing that no change waited for: Count says
	// how many.
	Lost Event = "lost"
)

// Record is one line of the audit trail. Empty fields are left out.
type Record struct {
	Time      time.Time `json:"time"`
	Event     Event     `json:"event"`
	RequestID string    `json:"requestId,omitempty"`

	// Who, as tailscaled attested.
	Login  string         `json:"login,omitempty"`
	Tags   []string       `json:"tags,omitempty"`
	Node   string         `json:"node,omitempty"`
	NodeID string         `json:"nodeId,omitempty"`
	Addr   netip.AddrPort `json:"addr,omitzero"`
	// Claimed are identity headers that the client sent. They decide nothing
	// and are recorded because someone who forges them is worth knowing.
	Claimed string `json:"claimed,omitempty"`
	// Client is the program's own name and version, as it says.
	ClientName    string `json:"clientName,omitempty"`
	ClientVersion string `json:"clientVersion,omitempty"`

	// What.
	Method string `json:"method,omitempty"`
	// Server is the server behind this one that is asked; empty for our own tools.
	Server string `json:"server,omitempty"`
	// Name is the tool, the resource URI or the prompt, with the name of the server and
	// a slash before that by which the server itself calls it, as in a grant.
	Name  string `json:"name,omitempty"`
	Class string `json:"class,omitempty"`
	// ClassFrom says where the class of a server's tool comes from: "pin", what was
	// approved. That of our own is the program's.
	ClassFrom string `json:"classFrom,omitempty"`
	// Target is what a change touches: as the caller named it in a decision, as it
	// was found in what follows.
	Target string `json:"target,omitempty"`
	// Arguments is a digest, never the arguments themselves.
	Arguments string `json:"argumentsDigest,omitempty"`

	// Decision.
	Allowed bool `json:"allowed"`
	// By is the grant entry that allowed it.
	By string `json:"by,omitempty"`
	// Reason says why not, or for an outcome what went wrong.
	Reason string `json:"reason,omitempty"`

	// Outcome.
	Duration       time.Duration `json:"durationNs,omitempty"`
	Code           string        `json:"code,omitempty"`
	UpstreamStatus int           `json:"upstreamStatus,omitempty"`
	// Invocation is the invocation id of the unit whose process was asked, by which the
	// journal has what that wrote: journalctl _SYSTEMD_INVOCATION_ID=ID.
	Invocation string `json:"invocation,omitempty"`
	// IsError is set when the server's tool itself says that it failed.
	IsError bool `json:"isError,omitempty"`
	// Asked is what the server has asked of the client meanwhile, as count and method.
	Asked string `json:"asked,omitempty"`
	// Bytes is the size of a server's answer.
	Bytes int `json:"bytes,omitempty"`

	// Count is how many refusals of one caller this record stands for, where it is
	// more than one, or how many records are missing here.
	Count int `json:"count,omitempty"`
	// Names are the different methods and names of those refusals, as far as they
	// are told apart.
	Names []string `json:"names,omitempty"`
}

// refusal reports whether the record says no more than that somebody was turned
// away.
func (r Record) refusal() bool { return r.Event == Decision && !r.Allowed }

// waits reports whether something must not happen, or must not be answered, before
// the record is durable. A record whose class nobody knows is one of them.
func (r Record) waits() bool {
	return r.Class != "read" && r.Event != Lost && (r.Allowed || r.Event == Confirmation)
}

// Log takes records. Write returns an error when the record is not taken; a
// [File], and a [Trail] with one, returns for a change only when the record is
// durable.
type Log interface {
	Write(ctx context.Context, r Record) error
}
