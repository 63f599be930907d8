// SPDX-License-Identifier: MIT

package proxy

import (
	"bytes"
	"cmp"
	"errors"
	"slices"
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

// withMembers is msg, a request, with id in place of its own and with further
// members in params._meta and in params, each written as in an object but
// without its braces; those of params may come in pieces. All else stays as it
// is.
func withMembers(msg []byte, e *envelope, id []byte, meta string, params ...[]byte) ([]byte, error) {
	edits := []edit{{e.idAt, len(e.id), [][]byte{id}}}
	put := func(at, n int, before, after string) {
		edits = append(edits, edit{at, n, slices.Concat([][]byte{[]byte(before)}, params, [][]byte{[]byte(after)})})
	}
	both := `"_meta":{` + meta + `}`
	if len(params) > 0 {
		both += ","
	}
	switch {
	case e.params == nil:
		put(len(msg)-1, 0, `,"params":{`+both, `}`)
		return edited(msg, edits...), nil
	case string(e.params) == "null":
		put(e.paramsAt, len(e.params), `{`+both, `}`)
		return edited(msg, edits...), nil
	case e.params[0] != '{':
		return nil, errParams
	case e.meta == nil:
		put(e.paramsAt+1, 0, both, comma(e.params))
		return edited(msg, edits...), nil
	case string(e.meta) == "null":
		edits = append(edits, edit{e.metaAt, len(e.meta), [][]byte{[]byte(`{` + meta + `}`)}})
	case e.meta[0] != '{':
		return nil, errParams
	default:
		edits = append(edits, edit{e.metaAt + 1, 0, [][]byte{[]byte(meta + comma(e.meta))}})
	}
	if len(params) > 0 {
		put(e.paramsAt+1, 0, "", ",") // before _meta, at least
	}
	return edited(msg, edits...), nil
}

// comma is what comes between a member that is put at the beginning of an
// object and what is there.
func comma(object []byte) string {
	if rest := bytes.TrimLeft(object[1:], jsonSpace); rest[0] == '}' {
		return ""
	}
	return ","
}

// edit is text in place of n bytes.
type edit struct {
	at, n int
	text  [][]byte
}

// edited is msg with edits that do not overlap. A message may be large: it is
// copied once.
func edited(msg []byte, edits ...edit) []byte {
	slices.SortStableFunc(edits, func(a, b edit) int { return cmp.Compare(a.at, b.at) })
	parts, from := make([][]byte, 0, 16), 0
	for _, e := range edits {
		parts = append(append(parts, msg[from:e.at]), e.text...)
		from = e.at + e.n
	}
	return together(append(parts, msg[from:])...)
}

// together is one message of its parts, with room for a line end.
func together(parts ...[]byte) []byte {
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
