// SPDX-License-Identifier: MIT

package tailnet

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
)

// errTooLarge is what readBounded returns for an answer over its limit.
var errTooLarge = errors.New("answer over the size limit")

// readBounded reads a whole body of at most limit bytes (after decompression, so
// that a small compressed answer cannot grow without bound).
func readBounded(resp *http.Response, limit int64) ([]byte, error) {
	if resp.ContentLength > limit {
		return nil, errTooLarge
	}
	// The announced length spares copying; it is not believed beyond a bound.
	body := make([]byte, 0, min(max(resp.ContentLength, 0), 8<<20)+512)
	r := io.LimitReader(resp.Body, limit+1)
	for {
		n, err := r.Read(body[len(body):cap(body)])
		body = body[:len(body)+n]
		switch {
		case int64(len(body)) > limit:
			return nil, errTooLarge
		case errors.Is(err, io.EOF):
			return body, nil
		case err != nil:
			return nil, err
		}
		if len(body) == cap(body) {
			body = append(body, 0)[:len(body)]
		}
	}
}

// contextError maps the end of a context. doing says what was going on.
func contextError(ctx context.Context, doing string) *Error {
	err := ctx.Err()
	if errors.Is(err, context.Canceled) {
		return &Error{Code: CodeCancelled, Message: "the call was cancelled while " + doing, cause: err}
	}
	return &Error{
		Code:    CodeUpstreamTimeout,
		Message: "the time was up while " + doing,
		Next:    "try again in a moment, or ask for less at once",
		cause:   context.DeadlineExceeded,
	}
}

// connectionError maps what a transport returns instead of an answer.
func connectionError(ctx context.Context, doing string, err error) *Error {
	if ctx.Err() != nil {
		return contextError(ctx, doing)
	}
	e := &Error{Code: CodeUpstreamUnavailable, Next: nextConnection, transient: true}
	var dns *net.DNSError
	var certificate *tls.CertificateVerificationError
	var timeout net.Error
	switch {
	case errors.As(err, &dns):
		e.Message = fmt.Sprintf("no connection while %s: the name %s cannot be resolved", doing, printable(dns.Name))
	case errors.As(err, &certificate):
		e.Message = fmt.Sprintf("no connection while %s: the certificate cannot be trusted: %s", doing, printable(certificate.Err.Error()))
		e.transient = false
	case errors.As(err, &timeout) && timeout.Timeout():
		e.Code = CodeUpstreamTimeout
		e.Message = "no connection in time while " + doing
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		e.Message = "the connection ended without an answer while " + doing
		e.Next = nextTryAgain
	default:
		e.Message = fmt.Sprintf("no connection while %s: %s", doing, printable(err.Error()))
	}
	return e
}

// readingError maps a failure to read the body of an answer.
func readingError(ctx context.Context, doing string, status int, limit int64, err error) *Error {
	switch {
	case errors.Is(err, errTooLarge):
		return &Error{
			Code:    CodeResultTooLarge,
			Status:  status,
			Message: fmt.Sprintf("the answer of the Tailscale API is larger than %d bytes; nothing of it is used, because half an answer misleads", limit),
			Next:    "narrow the request with filters, or ask for fewer fields",
		}
	case ctx.Err() != nil:
		e := contextError(ctx, doing)
		e.Status = status
		return e
	}
	return &Error{
		Code:      CodeUpstreamMalformed,
		Status:    status,
		Message:   "the answer of the Tailscale API was cut short; nothing of it is used, because half an answer misleads",
		Next:      nextTryAgain,
		transient: true,
	}
}
