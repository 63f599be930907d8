// SPDX-License-Identifier: MIT

package tailnet

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
)

// maxErrorBody bounds how much of an error's body is read, in bytes.
const maxErrorBody = 64 << 10

// exchange sends one request and reads its answer. All requests to the API,
// except those for access tokens, are sent here.
func (a *API) exchange(ctx context.Context, c call, target *url.URL, tok token) (*reply, error) {
	var begun atomic.Bool // the request may have left this host
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		WroteHeaderField: func(string, []string) { begun.Store(true) },
	})
	req, err := http.NewRequestWithContext(ctx, c.op.method, target.String(), bytes.NewReader(c.body))
	if err != nil {
		return nil, asError(c.op.id, err)
	}
	// What was checked is what is sent.
	req.URL = target
	if c.body == nil {
		req.Body, req.GetBody = nil, nil
	} else {
		req.Header.Set("Content-Type", cmp.Or(c.contentType, "application/json"))
	}
	req.Header.Set("Authorization", "Bearer "+tok.text.reveal())
	req.Header.Set("Accept", cmp.Or(c.accept, "application/json"))
	req.Header.Set("User-Agent", a.userAgent)
	if c.ifMatch != "" {
		req.Header.Set("If-Match", c.ifMatch)
	}

	trace := traceOf(ctx)
	trace.add(0, 1)
	// RoundTrip, not a http.Client: it follows no redirect and keeps no cookie.
	resp, err := a.transport.RoundTrip(req)
	if err != nil {
		return nil, uncertain(c.op, begun.Load(), connectionError(ctx, "waiting for the Tailscale API", err))
	}
	defer resp.Body.Close()
	trace.add(resp.StatusCode, 0)

	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		// An explanation that cannot be read changes nothing about the refusal.
		body, _ := readBounded(resp, maxErrorBody)
		maybe := resp.StatusCode >= 500 && resp.StatusCode != http.StatusNotImplemented
		return nil, uncertain(c.op, maybe, a.answerError(c, resp, body, tok))
	}
	body, err := readBounded(resp, a.maxResponse)
	if err != nil && !c.op.empty {
		e := readingError(ctx, "reading the answer of the Tailscale API", resp.StatusCode, a.maxResponse, err)
		return nil, made(c.op, e)
	}
	if isHTML(resp.Header.Get("Content-Type"), body) {
		e := &Error{
			Code:    CodeUpstreamMalformed,
			Status:  resp.StatusCode,
			Message: "the answer is a web page, not the Tailscale API's",
			Next:    nextNotTheAPI,
		}
		return nil, uncertain(c.op, true, e)
	}
	return &reply{
		status:      resp.StatusCode,
		contentType: resp.Header.Get("Content-Type"),
		etag:        resp.Header.Get("ETag"),
		body:        body,
	}, nil
}

// answerError maps a refusal, with what the operation and the credential add.
func (a *API) answerError(c call, resp *http.Response, body []byte, tok token) *Error {
	op := c.op
	e := statusError(resp, body, slices.Concat(a.source.secrets(), []string{tok.text.reveal()}, c.secrets)...)
	switch {
	case e.Code == CodeUnauthenticated:
		e.Message += "; the API credential in " + a.place + " was refused"
		e.Next = nextNewCredential(a.kind, a.place)
	case e.Code == CodePermissionDenied && len(tok.lacks(op.scope)) > 0:
		missing := spoken(strings.Join(tok.lacks(op.scope), " + "))
		e.Code = CodeMissingScope
		e.Message += "; the credential lacks the scope " + missing
		e.Next = a.nextScope(missing)
	case e.Code == CodePermissionDenied:
		e.Next = a.nextScope(spoken(op.scope))
	case e.Code == CodeNotFound:
		e.Next = c.nextNotFound()
	}
	return e
}

// nextNotFound names what was asked for. The API hides some refusals as 404.
func (c call) nextNotFound() string {
	next := "check the ID that was given"
	switch {
	case len(c.params) == 0:
		next = "check the tailnet that TAILSCALE_TAILNET names, if any"
	case c.op.subject != "":
		next = fmt.Sprintf("check the %s %q", c.op.subject, printable(c.params[0]))
	}
	if c.op.scope != "" {
		next += "; if it is right, see whether the API credential has the scope " + spoken(c.op.scope)
	}
	return next
}

// nextScope says how the credential gets to do what needs scope.
func (a *API) nextScope(scope string) string {
	switch {
	case a.kind == kindAPIKey && scope == "":
		return "an administrator uses the API access token of a person whose role allows it"
	case a.kind == kindAPIKey:
		return "an administrator uses the API access token of a person whose role allows it, or an OAuth client with the scope " + scope + " from " + adminCredentials
	case scope == "":
		return "an administrator uses the API access token of a person: this operation is not open to an " + string(kindOAuth)
	}
	return "an administrator gives the " + string(a.kind) + " the scope " + scope + " at " + adminCredentials
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

// made marks the error of a change that the API confirmed with its status, before
// the rest of the answer was lost.
func made(op *operation, e *Error) *Error {
	if op.changes {
		e.Message += "; the change was made"
		e.Next = "read the current state; do not repeat the change"
	}
	return e
}
