// SPDX-License-Identifier: MIT

package tailnet

import (
	"fmt"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"
)

// operation is one operation of the API document. Each is declared beside the
// method that calls it.
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
}

// maxSegment bounds a path parameter, in bytes. The longest documented one is an
// attribute key of 128 characters.
const maxSegment = 256

// target builds the address of the operation.
//
// Nothing that a caller supplies can make it the address of another operation:
// DELETE .../keys/.. would be DELETE /tailnet/-, which deletes the tailnet. So a
// parameter that is empty or means something to whoever joins, cleans or decodes
// paths is refused, not cleaned, and the rest is escaped. (The official client
// joins with cleaning.)
func (a *API) target(op *operation, params []string) (*url.URL, error) {
	var path, escaped strings.Builder
	path.WriteString("/api/v2")
	escaped.WriteString("/api/v2")
	for segment := range strings.SplitSeq(strings.TrimPrefix(op.path, "/"), "/") {
		if strings.HasPrefix(segment, "{") {
			value := a.tailnet
			if segment != "{tailnet}" {
				if len(params) == 0 {
					return nil, asError(op.id, fmt.Errorf("no value for %s", segment))
				}
				value, params = params[0], params[1:]
			}
			if why := badSegment(value); why != "" {
				return nil, &Error{
					Code:    CodeInvalidArgument,
					Op:      op.id,
					Message: fmt.Sprintf("%q %s, so it is not the ID of a %s", printable(value), why, op.subject),
					Next:    "give the ID as the listing shows it",
				}
			}
			segment = value
		}
		path.WriteString("/" + segment)
		escaped.WriteString("/" + url.PathEscape(segment))
	}
	if len(params) > 0 {
		return nil, asError(op.id, fmt.Errorf("%d values too many", len(params)))
	}
	return &url.URL{Scheme: a.base.Scheme, Host: a.base.Host, Path: path.String(), RawPath: escaped.String()}, nil
}

// badSegment says what disqualifies s as one segment of a path; empty if nothing.
// No ID of the API holds a slash or a percent sign; a server in between that
// decodes twice would see more in them than we do.
func badSegment(s string) string {
	switch {
	case s == "":
		return "is empty"
	case strings.Trim(s, ".") == "":
		return "consists of dots"
	case len(s) > maxSegment:
		return fmt.Sprintf("is longer than %d bytes", maxSegment)
	case !utf8.ValidString(s):
		return "is not UTF-8"
	case strings.ContainsAny(s, `/\%?#;`):
		return `holds one of / \ % ? # ;`
	case strings.ContainsFunc(s, func(r rune) bool { return unicode.IsSpace(r) || !unicode.IsPrint(r) }):
		return "holds a space or a control character"
	}
	return ""
}
