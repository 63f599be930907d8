// SPDX-License-Identifier: MIT

package message

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"io"
	"strconv"
	"sync"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/mark3labs/mcp-go/mcp"

	"tailscale-mcp/internal/front"
)

// members are the parts of a message that this package reads, as they were written:
// those of the message itself, of its params, and of their _meta. All other members
// are passed over.
type members struct {
	jsonrpc, id, method, params, result, failed json.RawMessage

	name, uri, arguments, requestID, cursor, task, inputResponses, requestState, meta json.RawMessage

	progressToken, version, client, capabilities, logLevel json.RawMessage

	// wrong is why an object of a level is refused.
	wrong [levels]*front.Failure
}

// The objects of a message that are taken apart, each in the one before.
const (
	topLevel = iota
	paramsLevel
	metaLevel
	levels
)

// mostMembers is how many members a level has at most.
const mostMembers = 9

// of adds the members of a level to room.
func (p *members) of(level int, room []member) []member {
	switch level {
	case topLevel:
		return append(room,
			member{name: "jsonrpc", value: &p.jsonrpc}, member{name: "id", value: &p.id}, member{name: "method", value: &p.method},
			member{name: "params", value: &p.params}, member{name: "result", value: &p.result}, member{name: "error", value: &p.failed},
		)
	case paramsLevel:
		return append(room,
			member{name: "name", value: &p.name}, member{name: "uri", value: &p.uri}, member{name: "arguments", value: &p.arguments},
			member{name: "requestId", value: &p.requestID}, member{name: "cursor", value: &p.cursor}, member{name: "task", value: &p.task},
			member{name: "inputResponses", value: &p.inputResponses}, member{name: "requestState", value: &p.requestState},
			member{name: "_meta", value: &p.meta},
		)
	}
	return append(room,
		member{name: "progressToken", value: &p.progressToken}, member{name: mcp.MetaKeyProtocolVersion, value: &p.version},
		member{name: mcp.MetaKeyClientInfo, value: &p.client}, member{name: mcp.MetaKeyClientCapabilities, value: &p.capabilities},
		member{name: mcp.MetaKeyLogLevel, value: &p.logLevel},
	)
}

// member is one name that counts, and where its value goes.
type member struct {
	name  string
	value *json.RawMessage
	// refused is set when the name occurs twice, or in another case.
	refused bool
}

// decoders are kept, since one is larger than most messages.
var decoders = sync.Pool{New: func() any { return new(jsontext.Decoder) }}

// split takes the message apart in one pass. The error says that it is no JSON text.
func split(body []byte) (p members, err error) {
	d, _ := decoders.Get().(*jsontext.Decoder)
	defer decoders.Put(d)
	// What two readers could read differently is refused where it counts, by object.
	d.Reset(bytes.NewBuffer(body), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	if d.PeekKind() != '{' {
		if _, err = d.ReadValue(); err != nil {
			return p, err
		}
	} else if err = p.object(d, body, topLevel); err != nil {
		return p, err
	}
	if _, err = d.ReadToken(); !errors.Is(err, io.EOF) {
		return p, errors.New("text after the message")
	}
	return p, nil
}

// object reads one object. A name that occurs twice, or in another case, leaves no
// value and is refused: encoding/json, with which others read, takes Method for method
// and the last of two for the one that counts.
func (p *members) object(d *jsontext.Decoder, body []byte, level int) error {
	var room [mostMembers]member
	wanted := p.of(level, room[:0])
	if _, err := d.ReadToken(); err != nil {
		return err //nolint:wrapcheck // Parse says what the caller is told
	}
	for d.PeekKind() != '}' {
		quoted, err := d.ReadValue()
		if err != nil {
			return err //nolint:wrapcheck // as above
		}
		w, exact := find(wanted, quoted)
		if w != nil && !exact {
			p.refuse(level, w, Invalid("there is no member %s; member names are case-sensitive", asciiName(quoted)))
		} else if w != nil && *w.value != nil {
			p.refuse(level, w, Invalid("the member %q occurs twice", w.name))
		}
		value, err := p.value(d, body, w, level)
		if err != nil {
			return err
		}
		if w != nil && !w.refused {
			*w.value = value
		}
	}
	_, err := d.ReadToken()
	return err //nolint:wrapcheck // as above
}

// value reads the value of a member, and takes it apart if it is the next level.
func (p *members) value(d *jsontext.Decoder, body []byte, w *member, level int) (json.RawMessage, error) {
	if w == nil || w.refused || level == metaLevel || w.name != deeper[level] || d.PeekKind() != '{' {
		value, err := d.ReadValue()
		end := int(d.InputOffset())
		return body[end-len(value) : end : end], err //nolint:wrapcheck // as in object
	}
	before := int(d.InputOffset())
	begin := before + bytes.IndexByte(body[before:], '{')
	err := p.object(d, body, level+1)
	end := int(d.InputOffset())
	return body[begin:end:end], err
}

func (p *members) refuse(level int, w *member, f *front.Failure) {
	p.wrong[level] = cmp.Or(p.wrong[level], f)
	w.refused, *w.value = true, nil
}

// deeper is the member of each level that is the next.
var deeper = [levels]string{topLevel: "params", paramsLevel: "_meta"}

func find(wanted []member, quoted []byte) (w *member, exact bool) {
	name := quoted[1 : len(quoted)-1]
	if bytes.IndexByte(name, '\\') >= 0 {
		name, _ = jsontext.AppendUnquote(nil, quoted)
	}
	for i := range wanted {
		if w = &wanted[i]; string(name) == w.name {
			return w, true
		}
	}
	for i := range wanted {
		if w = &wanted[i]; bytes.EqualFold(name, []byte(w.name)) {
			return w, false
		}
	}
	return nil, false
}

func asciiName(quoted []byte) string {
	name, _ := jsontext.AppendUnquote(nil, quoted)
	return strconv.QuoteToASCII(string(name))
}
