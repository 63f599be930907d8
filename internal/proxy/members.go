// SPDX-License-Identifier: MIT

package proxy

import (
	"bytes"
	"errors"
)

// What requests of revision 2026-07-28 say of their client in params._meta,
// beside versionKey.
const (
	infoKey         = "io.modelcontextprotocol/clientInfo"
	capabilitiesKey = "io.modelcontextprotocol/clientCapabilities"
	logLevelKey     = "io.modelcontextprotocol/logLevel"
)

// errParams is a request that members cannot be added to.
var errParams = errors.New("params and params._meta have to be objects")

// withMembers is msg, a request, with further members in params._meta and in
// params, each written as in an object but without its braces. All else stays
// as it is.
func withMembers(msg []byte, e *envelope, meta, params string) ([]byte, error) {
	switch {
	case e.params == nil:
		return insert(msg, len(msg)-1, `,"params":{`+joined(`"_meta":{`+meta+`}`, params)+`}`), nil
	case string(e.params) == "null":
		return replace(msg, e.paramsAt, len(e.params), `{`+joined(`"_meta":{`+meta+`}`, params)+`}`), nil
	case e.params[0] != '{':
		return nil, errParams
	case e.meta == nil:
		return prepend(msg, e.params, e.paramsAt, joined(`"_meta":{`+meta+`}`, params)), nil
	case string(e.meta) == "null":
		msg = replace(msg, e.metaAt, len(e.meta), `{`+meta+`}`)
	case e.meta[0] != '{':
		return nil, errParams
	default:
		msg = prepend(msg, e.meta, e.metaAt, meta)
	}
	// params begins before its _meta and is not empty.
	return prepend(msg, e.params, e.paramsAt, params), nil
}

// prepend is msg with members at the beginning of the object that is at from.
func prepend(msg, object []byte, from int, members string) []byte {
	if members == "" {
		return msg
	}
	if rest := bytes.TrimLeft(object[1:], jsonSpace); rest[0] != '}' {
		members += ","
	}
	return insert(msg, from+1, members)
}

// joined is a and b as members of one object; b may be empty.
func joined(a, b string) string {
	if b == "" {
		return a
	}
	return a + "," + b
}

func insert(msg []byte, at int, text string) []byte { return replace(msg, at, 0, text) }

// replace is msg with text in place of n bytes, with room for a line end.
func replace(msg []byte, at, n int, text string) []byte {
	out := make([]byte, 0, len(msg)-n+len(text)+1)
	out = append(out, msg[:at]...)
	out = append(out, text...)
	return append(out, msg[at+n:]...)
}
