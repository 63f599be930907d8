// SPDX-License-Identifier: MIT

package failure

// Code says what kind of failure an error is. Codes are fixed: clients branch on
// them and people search for them.
type Code string

// The codes of the gate. They are untyped, and so compare with a [Code] as with the
// text of a record.
const (
	// AccessDenied: no grant allows it.
	AccessDenied = "access_denied"
	// ConfirmationRequired: the change was not made, because nobody has said yet that it is wanted.
	ConfirmationRequired = "confirmation_required"
	// UnknownName: there is no tool, resource or prompt of that name.
	UnknownName = "unknown_name"
	// NotOffered: there is such a tool, and the caller is granted it, but this host does not offer it, or the client asks for less.
	NotOffered = "not_offered"
	// InvalidArgument: refused because of what the call names (HTTP 400, 422).
	InvalidArgument = "invalid_argument"
	// ResultTooLarge: the answer is over the limit; nothing of it is shown.
	ResultTooLarge = "result_too_large"
	// Timeout: the call did not end within its time.
	Timeout = "timeout"
	// Cancelled: the caller went away first.
	Cancelled = "cancelled"
	// AuditFailed: the change was not made, because its record could not be written.
	AuditFailed = "audit_failed"
	// ReadsOnly: nothing may be changed for now, because of the state of this host.
	ReadsOnly = "reads_only"
	// Internal: a defect of this program.
	Internal = "internal_error"
)

// The codes of what stands behind the gate.
const (
	// ToolFailed: the tool of a server says that it failed; its answer says why.
	ToolFailed = "tool_failed"
	// Unauthenticated: the credential is refused, expired or unreadable (HTTP 401, or no access token to be had).
	Unauthenticated = "unauthenticated"
	// PermissionDenied: the credential is good but may not do this (HTTP 403).
	PermissionDenied = "permission_denied"
	// MissingScope: as before, and the access token is known to lack the operation's scope.
	MissingScope = "missing_scope"
	// PlanLimit: the plan or billing forbids it (HTTP 402).
	PlanLimit = "plan_limit"
	// NotFound: nothing of that name that the credential may see (HTTP 404).
	NotFound = "not_found"
	// Conflict: the state is not the one the call assumed (HTTP 409, 412).
	Conflict = "conflict"
	// RateLimited: too many requests (HTTP 429), or none is sent for now because there were too many.
	RateLimited = "rate_limited"
	// Unsupported: the upstream does not do this here, as for a device of another tailnet (HTTP 501).
	Unsupported = "unsupported"
	// UpstreamUnavailable: no connection, or the upstream failed (HTTP 5xx).
	UpstreamUnavailable = "upstream_unavailable"
	// UpstreamTimeout: no answer in time (HTTP 504, or our own limit).
	UpstreamTimeout = "upstream_timeout"
	// UpstreamMalformed: an answer that is not the upstream's, is cut short, or cannot be read.
	UpstreamMalformed = "upstream_malformed"
)
