// SPDX-License-Identifier: MIT

package fault

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"

	"tailscale-mcp/internal/failure"
	"tailscale-mcp/internal/redact"
)

// ErrTooLarge is what reading an answer over its limit returns.
var ErrTooLarge = errors.New("answer over the size limit")

// ReadBounded reads a whole body of at most limit bytes: a short one, which is not
// worth a place in the budget.
func ReadBounded(resp *http.Response, limit int64) ([]byte, error) {
	body, err := io.ReadAll(io.LimitReader(resp.Body, limit+1))
	if int64(len(body)) > limit {
		return nil, ErrTooLarge
	}
	return body, err
}

// Ended maps the end of a context. doing says what was going on.
func Ended(ctx context.Context, doing string) *Error {
	err := ctx.Err()
	if errors.Is(err, context.Canceled) {
		return &Error{Code: failure.Cancelled, Message: "the call was cancelled while " + doing, Cause: err}
	}
	return &Error{
		Code:    failure.UpstreamTimeout,
		Message: "the time was up while " + doing,
		Next:    "try again in a moment, or ask for less at once",
		Cause:   context.DeadlineExceeded,
	}
}

// Connection maps what a transport returns instead of an answer.
func Connection(ctx context.Context, doing string, err error) *Error {
	if ctx.Err() != nil {
		return Ended(ctx, doing)
	}
	e := &Error{Code: failure.UpstreamUnavailable, Next: nextConnection, Transient: true}
	var dns *net.DNSError
	var certificate *tls.CertificateVerificationError
	var timeout net.Error
	switch {
	case errors.As(err, &dns):
		e.Message = fmt.Sprintf("no connection while %s: the name %s cannot be resolved", doing, redact.Text(dns.Name))
	case errors.As(err, &certificate):
		e.Message = fmt.Sprintf("no connection while %s: the certificate cannot be trusted: %s", doing, redact.Text(certificate.Err.Error()))
		e.Transient = false
	case errors.As(err, &timeout) && timeout.Timeout():
		e.Code = failure.UpstreamTimeout
		e.Message = "no connection in time while " + doing
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		e.Message = "the connection ended without an answer while " + doing
		e.Next = nextTryAgain
	default:
		e.Message = fmt.Sprintf("no connection while %s: %s", doing, redact.Text(err.Error()))
	}
	return e
}

// Reading maps a failure to read the body of an answer.
func Reading(ctx context.Context, doing string, status int, limit int64, err error) *Error {
	switch {
	case errors.Is(err, ErrTooLarge):
		return &Error{
			Code:    failure.ResultTooLarge,
			Status:  status,
			Message: fmt.Sprintf("the answer of the Tailscale API is larger than %d bytes; nothing of it is used, because half an answer misleads", limit),
			Next:    NextNarrow,
		}
	case ctx.Err() != nil:
		e := Ended(ctx, doing)
		e.Status = status
		return e
	}
	return &Error{
		Code:      failure.UpstreamMalformed,
		Status:    status,
		Message:   "the answer of the Tailscale API was cut short; nothing of it is used, because half an answer misleads",
		Next:      nextTryAgain,
		Transient: true,
	}
}
