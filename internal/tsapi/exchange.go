// SPDX-License-Identifier: MIT

package tsapi

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"

	"tailscale-mcp/internal/failure"
	"tailscale-mcp/internal/redact"
	"tailscale-mcp/internal/tsapi/credential"
	"tailscale-mcp/internal/tsapi/fault"
	"tailscale-mcp/internal/tsapi/limit"
	"tailscale-mcp/internal/tsapi/object"
	"tailscale-mcp/internal/tsapi/scope"
	"tailscale-mcp/internal/tsapi/token"
)

// maxErrorBody bounds how much of an error's body is read, in bytes.
const maxErrorBody = 64 << 10

// exchange sends one request and reads its answer. All requests to the API,
// except those for access tokens, are sent here.
func (a *API) exchange(ctx context.Context, r *Request, target *url.URL, tok token.Token, taken *limit.Share) (*reply, error) {
	var begun atomic.Bool // the request may have left this host
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		WroteHeaderField: func(string, []string) { begun.Store(true) },
	})
	req, err := http.NewRequestWithContext(ctx, r.op.method, target.String(), bytes.NewReader(r.body))
	if err != nil {
		return nil, fault.Of(r.op.id, err)
	}
	// What was checked is what is sent.
	req.URL = target
	if r.body == nil {
		req.Body, req.GetBody = nil, nil
	} else {
		req.Header.Set("Content-Type", cmp.Or(r.ContentType, "application/json"))
	}
	req.Header.Set("Authorization", "Bearer "+tok.Text())
	req.Header.Set("Accept", cmp.Or(r.Accept, "application/json"))
	req.Header.Set("User-Agent", a.userAgent)
	if r.IfMatch != "" {
		req.Header.Set("If-Match", r.IfMatch)
	}

	trace := traceOf(ctx)
	trace.add(0, 1)
	// RoundTrip, not a http.Client: it follows no redirect and keeps no cookie.
	resp, err := a.transport.RoundTrip(req)
	if err != nil {
		return nil, uncertain(r.op, begun.Load(), fault.Connection(ctx, "waiting for the Tailscale API", err))
	}
	defer resp.Body.Close()
	trace.add(resp.StatusCode, 0)

	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		// An explanation that cannot be read changes nothing about the refusal.
		body, _ := fault.ReadBounded(resp, maxErrorBody)
		maybe := resp.StatusCode >= 500 && resp.StatusCode != http.StatusNotImplemented
		return nil, uncertain(r.op, maybe, a.answerError(r, resp, body, tok))
	}
	most := a.limit(r.op)
	body, err := taken.Read(ctx, resp, most)
	if err != nil && !r.op.empty {
		e := fault.Reading(ctx, "reading the answer of the Tailscale API", resp.StatusCode, most, err)
		return nil, made(r.op, e)
	}
	if fault.IsHTML(resp.Header.Get("Content-Type"), body) {
		e := &Error{
			Code:    failure.UpstreamMalformed,
			Status:  resp.StatusCode,
			Message: "the answer is a web page, not the Tailscale API's",
			Next:    fault.NextNotTheAPI,
		}
		return nil, uncertain(r.op, true, e)
	}
	return &reply{
		status:      resp.StatusCode,
		contentType: resp.Header.Get("Content-Type"),
		etag:        resp.Header.Get("ETag"),
		body:        body,
	}, nil
}

// defaultMaxResponse bounds an answer, in bytes, unless its operation needs more.
const defaultMaxResponse = 16 << 20

// limit is how long an answer may be. What the options say counts for all.
func (a *API) limit(op *operation) int64 {
	return cmp.Or(a.maxResponse, op.most, defaultMaxResponse)
}

// answerError maps a refusal, with what the operation and the credential add.
func (a *API) answerError(r *Request, resp *http.Response, body []byte, tok token.Token) *Error {
	op := r.op
	e := fault.Refused(resp, body, slices.Concat(a.source.Secrets(), []string{tok.Text()}, r.Secrets)...)
	switch {
	case e.Code == failure.Unauthenticated:
		e.Message += "; the API credential in " + a.place + " was refused"
		e.Next = fault.NextNewCredential(a.kind, a.place)
	case e.Code == failure.PermissionDenied && len(tok.Scopes().Lacks(op.scope)) > 0:
		missing := spoken(strings.Join(tok.Scopes().Lacks(op.scope), " + "))
		e.Code = failure.MissingScope
		e.Message += "; the credential lacks the scope " + missing
		e.Next = a.nextScope(missing)
	case e.Code == failure.PermissionDenied:
		e.Next = a.nextScope(spoken(op.scope))
	case e.Code == failure.NotFound:
		e.Next = r.nextNotFound()
	case e.Code == failure.RateLimited && op.changes:
		e.Message += "; nothing was changed"
	}
	return e
}

// nextNotFound names what was asked for. The API hides some refusals as 404.
func (r *Request) nextNotFound() string {
	next := "check the ID that was given"
	switch {
	case len(r.Params) == 0:
		next = "check the tailnet that TAILSCALE_TAILNET names, if any"
	case r.op.subject != "":
		next = fmt.Sprintf("check the %s %q", r.op.subject, redact.Text(r.Params[0]))
	}
	if r.op.scope != "" {
		next += "; if it is right, see whether the API credential has the scope " + spoken(r.op.scope)
	}
	return next
}

// nextScope says how the credential gets to do what needs scope.
func (a *API) nextScope(scope string) string {
	switch {
	case a.kind == credential.APIKey && scope == "":
		return "an administrator uses the API access token of a person whose role allows it"
	case a.kind == credential.APIKey:
		return "an administrator uses the API access token of a person whose role allows it, or an OAuth client with the scope " + scope + " from " + fault.AdminCredentials
	case scope == "":
		return "an administrator uses the API access token of a person: this operation is not open to an " + string(credential.OAuthClient)
	}
	return "an administrator gives the " + string(a.kind) + " the scope " + scope + " at " + fault.AdminCredentials
}

// inAll names all scopes that the work lacks which ctx was made for, in an error about
// one of them: an administrator goes once.
func (a *API) inAll(ctx context.Context, op *operation, e *Error) *Error {
	needs, _ := ctx.Value(needsKey{}).([]string)
	if e.Code != failure.MissingScope || len(needs) == 0 {
		return e
	}
	tok, err := a.source.Token(ctx)
	if err != nil {
		return e
	}
	needs = append(scope.Split(op.scope), scope.Narrowed(needs, op.scope)...)
	if lacks := tok.Scopes().Lacks(needs...); len(lacks) > 0 {
		e.Next = a.nextScope(spoken(strings.Join(scope.Smallest(lacks), " + ")))
	}
	return e
}

type needsKey struct{}

// Needing returns a context for work that cannot be done without these scopes, for the
// errors of its calls.
func Needing(ctx context.Context, needs []string) context.Context {
	if len(needs) == 0 {
		return ctx
	}
	return context.WithValue(ctx, needsKey{}, needs)
}

// Scopes returns what the credential may be used for, as the API says with each access
// token. They are nil when it does not say: an API access token has no scopes, but the
// rights of its person.
func (a *API) Scopes(ctx context.Context) (scope.Set, error) {
	tok, err := a.source.Token(ctx)
	return tok.Scopes(), err
}

// spoken is a scope as a sentence has it.
func spoken(scope string) string {
	return strings.NewReplacer(" + ", " and ", " | ", " or ").Replace(scope)
}

// uncertain marks the error of a change that may have been made all the same.
func uncertain(op *operation, maybe bool, e *Error) *Error {
	switch {
	case !op.changes:
	case maybe:
		e.OutcomeUnknown = true
		e.Message += "; whether the change was made is not known"
		e.Next = "read the current state before trying again"
	case e.Status == 0:
		e.Message += "; the change was not sent"
	}
	return e
}

// unsent completes the refusal of a request that was not sent to spare the API.
func unsent(op *operation, e *Error) *Error {
	switch {
	case e.Code != failure.RateLimited:
	case op.changes:
		e.Message += "; nothing was changed"
	default:
		e.Message += "; nothing was sent"
	}
	return e
}

// made marks the error of a change that the API confirmed with its status, before
// the rest of the answer was lost.
func made(op *operation, e *Error) *Error {
	if op.changes {
		e.Message += "; the change was made"
		e.Next = "read the current state; do not repeat the change"
	}
	return e
}

// decodingError is the error of an answer of which nothing is made.
func decodingError(op *operation, r *reply, err error) *Error {
	if errors.Is(err, object.ErrTooMany) {
		return &Error{
			Code: failure.ResultTooLarge, Status: r.status, Op: op.id,
			Message: fmt.Sprintf("the answer of the Tailscale API has more than %d elements in lists or %d fields; nothing of it is used, because half an answer misleads", object.MaxElements, object.MaxMembers),
			Next:    fault.NextNarrow,
		}
	}
	return &Error{
		Code: failure.UpstreamMalformed, Status: r.status, Op: op.id,
		Message: "the answer of the Tailscale API cannot be read: " + err.Error(),
		Next:    fault.NextNotTheAPI,
	}
}
