// SPDX-License-Identifier: MIT

// Package audit writes what was decided and what came of it: one record per
// decision, one per outcome, tied together by the request ID. Under systemd the
// records are journal entries with fields of their own (TSMCP_*); elsewhere
// they are JSON lines.
//
// It imports the standard library and go-systemd's journal only. A record that
// cannot be written is an error the caller of Write has to act on: whatever is
// not a read must then be refused.
package audit

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"net/netip"
	"time"
)

// Event says what a record is about.
type Event string

const (
	// Decision is written before anything happens: may this caller do this?
	Decision Event = "decision"
	// Outcome is written when an allowed request has ended, however it ended.
	Outcome Event = "outcome"
)

// Record is one line of the audit trail. Empty fields are left out.
type Record struct {
	Time      time.Time `json:"time"`
	Event     Event     `json:"event"`
	RequestID string    `json:"requestId"`

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
	// Name is the tool, the resource URI or the prompt.
	Name  string `json:"name,omitempty"`
	Class string `json:"class,omitempty"`
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
}

// Log takes records. Write returns only when the record is handed over, and an
// error when it is not.
type Log interface {
	Write(ctx context.Context, r Record) error
}

// Digest returns a digest of call arguments that is equal for equal JSON
// values, whatever the order of keys, the escapes and the white space: 128 bits
// of SHA-256 in hexadecimal. Numbers are compared as they are written, so that
// two large ones never pass for each other. Text that is not JSON is digested as
// it is.
//
// The digest hides what nobody could guess. Whoever guesses the arguments can
// tell that the guess is right; that is what it is for.
func Digest(arguments []byte) string {
	if len(arguments) == 0 {
		return ""
	}
	if canonical, err := canonical(arguments); err == nil {
		arguments = canonical
	}
	sum := sha256.Sum256(arguments)
	return hex.EncodeToString(sum[:16])
}

func canonical(text []byte) ([]byte, error) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var value any
	if err := d.Decode(&value); err != nil {
		return nil, err
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, errors.New("text after the value")
	}
	return json.Marshal(value)
}
