// SPDX-License-Identifier: MIT

package tsapi

import (
	"fmt"
	"net/url"
	"strings"

	"tailscale-mcp/internal/failure"
	"tailscale-mcp/internal/redact"
	"tailscale-mcp/internal/tsapi/fault"
)

// operation is one operation of the API document.
type operation struct {
	id     string // operationId
	method string
	// path is relative to /api/v2. {tailnet} is filled in by itself, every other
	// {parameter} from the call's parameters, in order.
	path string
	// scope is what a scoped token needs, as a person has to grant it; empty
	// where the document states none.
	scope string
	// subject is what a person would call the thing that a parameter names.
	subject string
	// changes is set when the operation changes something: it is sent once, and
	// to its end.
	changes bool
	// empty is set when the document defines no body for the answer: whatever
	// comes after a 2xx status then means nothing.
	empty bool
	// most bounds the answer, in bytes, where the default is too little.
	most int64
}

// maxSegment bounds a path parameter, in bytes. The longest documented one is an
// attribute key of 128 characters.
const maxSegment = 256

// target builds the address of the operation.
//
// Nothing that a caller supplies can make it the address of another operation:
// DELETE .../keys/.. would be DELETE /tailnet/-, which deletes the tailnet. So a
// parameter that is empty or means something to whoever joins, cleans or decodes
// paths is refused, not cleaned, and the rest is escaped.
func (a *API) target(op *operation, params []string) (*url.URL, error) {
	var path, escaped strings.Builder
	path.WriteString("/api/v2")
	escaped.WriteString("/api/v2")
	for segment := range strings.SplitSeq(strings.TrimPrefix(op.path, "/"), "/") {
		if strings.HasPrefix(segment, "{") {
			value := a.tailnet
			if segment != "{tailnet}" {
				if len(params) == 0 {
					return nil, fault.Of(op.id, fmt.Errorf("no value for %s", segment))
				}
				value, params = params[0], params[1:]
			}
			if why := badParameter(segment, value); why != "" {
				return nil, &Error{
					Code:    failure.InvalidArgument,
					Op:      op.id,
					Message: fmt.Sprintf("%q %s, so it is not the ID of a %s", redact.Text(value), why, op.subject),
					Next:    "give the ID as the listing shows it",
				}
			}
			segment = value
		}
		path.WriteString("/" + segment)
		escaped.WriteString("/" + url.PathEscape(segment))
	}
	if len(params) > 0 {
		return nil, fault.Of(op.id, fmt.Errorf("%d values too many", len(params)))
	}
	return &url.URL{Scheme: a.base.Scheme, Host: a.base.Host, Path: path.String(), RawPath: escaped.String()}, nil
}

// badParameter says what disqualifies value for a parameter of a path; empty if
// nothing. That of the tailnet and that of the organization may be "-", which is the
// credential's own; no other thing is called that, and what it may mean there is not
// documented.
func badParameter(parameter, value string) string {
	if value == "-" && parameter != "{tailnet}" && parameter != "{organization}" {
		return "is the API's word for what the credential belongs to"
	}
	return badSegment(value)
}

// badSegment says what disqualifies s as one segment of a path; empty if nothing. All
// documented IDs and names are made of these characters, with which nobody who joins,
// cleans, decodes or normalizes paths does anything: a server in between may see more
// in others than we do, as two dots in U+2024 U+2024.
func badSegment(s string) string {
	switch {
	case s == "":
		return "is empty"
	case strings.Trim(s, ".") == "":
		return "consists of dots"
	case len(s) > maxSegment:
		return fmt.Sprintf("is longer than %d bytes", maxSegment)
	case strings.ContainsFunc(s, func(r rune) bool { return !idCharacter(r) }):
		return "holds something else than ASCII letters, digits and _ . : @ + -"
	}
	return ""
}

// idCharacter reports whether IDs and names of the API have that character: n1CNTRL,
// custom:tier, svc:web-1, alice+lab@example.com.
func idCharacter(r rune) bool {
	return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || strings.ContainsRune("_.:@+-", r)
}
