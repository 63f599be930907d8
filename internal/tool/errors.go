// SPDX-License-Identifier: MIT

package tool

import (
	"strings"

	"tailscale-mcp/internal/failure"
)

// The codes of errors that the gate and tools make themselves; package failure says
// what each means.
const (
	CodeAccessDenied         = failure.AccessDenied
	CodeConfirmationRequired = failure.ConfirmationRequired
	CodeInvalidArgument      = failure.InvalidArgument
	CodeUnknown              = failure.UnknownName
	CodeNotOffered           = failure.NotOffered
	CodeResultTooLarge       = failure.ResultTooLarge
	CodeTimeout              = failure.Timeout
	CodeCancelled            = failure.Cancelled
	CodeAuditFailed          = failure.AuditFailed
	CodeReadsOnly            = failure.ReadsOnly
	CodeInternal             = failure.Internal
)

// Error is what a caller is told: what was refused or went wrong, and what to do
// next.
type Error = failure.Error

// Invalidf reports an argument that the tool cannot take.
func Invalidf(next, format string, args ...any) *Error {
	return failure.Invalidf(next, format, args...)
}

// Clip is the beginning of a text that may be too long for a sentence.
func Clip(s string) string {
	const most = 80
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "…"
}
