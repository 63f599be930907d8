// SPDX-License-Identifier: MIT

package jsonrpc

import (
	"bytes"
	"cmp"
	"errors"
	"slices"
)

// Members of params._meta by which a request of revision 2026-07-28 describes its
// client, beside VersionKey.
const (
	ClientInfoKey         = "io.modelcontextprotocol/clientInfo"
	ClientCapabilitiesKey = "io.modelcontextprotocol/clientCapabilities"
	LogLevelKey           = "io.modelcontextprotocol/logLevel"
)

// ErrParams is the error of WithMembers for params that are not an object.
var ErrParams = errors.New("params and params._meta have to be objects")

// WithMembers returns a copy of msg, a request that e describes, with another id
// and with more members in params._meta and in params. Members are given as JSON
// text without the braces of the object; the pieces of params are joined. The rest
// of the message stays as it is. It fails with ErrParams.
func WithMembers(msg []byte, e *Envelope, id []byte, meta string, params ...[]byte) ([]byte, error) {
	edits := []Edit{{e.IDAt, len(e.ID), [][]byte{id}}}
	put := func(at, n int, before, after string) {
		edits = append(edits, Edit{at, n, slices.Concat([][]byte{[]byte(before)}, params, [][]byte{[]byte(after)})})
	}
	both := `"_meta":{` + meta + `}`
	if len(params) > 0 {
		both += ","
	}
	switch {
	case e.Params == nil:
		put(len(msg)-1, 0, `,"params":{`+both, `}`)
		return Replace(msg, edits...), nil
	case string(e.Params) == "null":
		put(e.ParamsAt, len(e.Params), `{`+both, `}`)
		return Replace(msg, edits...), nil
	case e.Params[0] != '{':
		return nil, ErrParams
	case e.Meta == nil:
		put(e.ParamsAt+1, 0, both, comma(e.Params))
		return Replace(msg, edits...), nil
	case string(e.Meta) == "null":
		edits = append(edits, Edit{e.MetaAt, len(e.Meta), [][]byte{[]byte(`{` + meta + `}`)}})
	case e.Meta[0] != '{':
		return nil, ErrParams
	default:
		edits = append(edits, Edit{e.MetaAt + 1, 0, [][]byte{[]byte(meta + comma(e.Meta))}})
	}
	if len(params) > 0 {
		put(e.ParamsAt+1, 0, "", ",") // before _meta, at least
	}
	return Replace(msg, edits...), nil
}

// comma separates a member that is inserted at the beginning of object from the
// members that the object has.
func comma(object []byte) string {
	if rest := bytes.TrimLeft(object[1:], Space); rest[0] == '}' {
		return ""
	}
	return ","
}

// Edit puts Text in place of the Len bytes at offset At.
type Edit struct {
	At, Len int
	Text    [][]byte // in pieces
}

// Replace returns a copy of msg with the edits applied; they must not overlap. It
// copies once, because a message may be large.
func Replace(msg []byte, edits ...Edit) []byte {
	slices.SortStableFunc(edits, func(a, b Edit) int { return cmp.Compare(a.At, b.At) })
	parts, from := make([][]byte, 0, 16), 0
	for _, e := range edits {
		parts = append(append(parts, msg[from:e.At]), e.Text...)
		from = e.At + e.Len
	}
	return Join(append(parts, msg[from:])...)
}

// Join joins parts to one message, with room for a line end.
func Join(parts ...[]byte) []byte {
	n := 1
	for _, p := range parts {
		n += len(p)
	}
	out := make([]byte, 0, n)
	for _, p := range parts {
		out = append(out, p...)
	}
	return out
}
