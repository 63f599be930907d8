// SPDX-License-Identifier: MIT

package asking

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"tailscale-mcp/internal/visible"
)

// The methods by which servers ask.
const (
	Elicit = "elicitation/create"
	Sample = "sampling/createMessage"
	Roots  = "roots/list"
)

// Offers are what a client can be asked.
type Offers struct {
	// Form and URL are how its person can be asked: with fields to fill in, and by a page
	// to visit.
	Form, URL bool
	// Sampling is an answer of its model, Tools one that may call tools of the server, and
	// Context one that may see what else the client knows.
	Sampling, Tools, Context bool
	// Roots are the folders that it works in, and RootsChange the word that they are others.
	Roots, RootsChange bool
}

// Of returns what a client offers by its capabilities, as it wrote them. What cannot be read
// is not offered.
func Of(capabilities json.RawMessage) (o Offers) {
	var can struct {
		Elicitation, Sampling map[string]json.RawMessage
		Roots                 map[string]json.RawMessage
	}
	if !strings.Contains(string(capabilities), `"`) || json.Unmarshal(capabilities, &can) != nil {
		return o
	}
	if can.Elicitation != nil {
		o.Form, o.URL = offered(can.Elicitation["form"]), offered(can.Elicitation["url"])
		// None named means forms, as before there were others.
		o.Form = o.Form || !o.URL
	}
	o.Sampling, o.Roots = can.Sampling != nil, can.Roots != nil
	o.RootsChange = o.Roots && string(can.Roots["listChanged"]) == "true"
	o.Tools, o.Context = offered(can.Sampling["tools"]), offered(can.Sampling["context"])
	return o
}

func offered(value json.RawMessage) bool {
	return len(value) > 0 && value[0] == '{'
}

// And is what both have.
func (o Offers) And(other Offers) Offers {
	return Offers{
		Form: o.Form && other.Form, URL: o.URL && other.URL,
		Sampling: o.Sampling && other.Sampling, Tools: o.Tools && other.Tools, Context: o.Context && other.Context,
		Roots: o.Roots && other.Roots, RootsChange: o.RootsChange && other.RootsChange,
	}
}

// Capabilities are the offers as a client declares them.
func (o Offers) Capabilities() json.RawMessage {
	type object = map[string]any
	can := object{}
	elicitation, sampling := object{}, object{}
	for _, mode := range []struct {
		in   object
		name string
		has  bool
	}{{elicitation, "form", o.Form}, {elicitation, "url", o.URL}, {sampling, "tools", o.Tools}, {sampling, "context", o.Context}} {
		if mode.has {
			mode.in[mode.name] = object{}
		}
	}
	if o.Form || o.URL {
		can["elicitation"] = elicitation
	}
	if o.Sampling {
		can["sampling"] = sampling
	}
	if o.Roots {
		can["roots"] = object{}
		if o.RootsChange {
			can["roots"] = object{"listChanged": true}
		}
	}
	text, _ := json.Marshal(can) // of objects: cannot fail
	return text
}

// Key tells the offers from others; empty for none.
func (o Offers) Key() string {
	key := ""
	for _, has := range []struct {
		letter string
		is     bool
	}{{"f", o.Form}, {"u", o.URL}, {"s", o.Sampling}, {"t", o.Tools}, {"c", o.Context}, {"r", o.Roots}, {"l", o.RootsChange}} {
		if has.is {
			key += has.letter
		}
	}
	return key
}

// Known reports whether a server may ask anything by this method, of some client.
func Known(method string) bool { return method == Elicit || method == Sample || method == Roots }

// ErrNotOffered is in the error of [Offers.Takes] where it is not for what the question says.
var ErrNotOffered = errors.New("has not offered")

// given reports whether there are params.
func (r Request) given() bool { return len(r.Params) > 0 && string(r.Params) != "null" }

// Takes says why a server may not ask this; nil if it may.
func (o Offers) Takes(r Request) error {
	if len(r.Params) > MostSize {
		return fmt.Errorf("the question has %d bytes, of %d at most", len(r.Params), MostSize)
	}
	var said map[string]json.RawMessage // by exact names
	if r.given() && (r.Params[0] != '{' || json.Unmarshal(r.Params, &said) != nil) {
		return errMistyped
	}
	for name := range said {
		for _, decided := range read {
			if name != decided && strings.EqualFold(name, decided) {
				return fmt.Errorf("%w: it has %+q in place of, or beside, %q", errMistyped, name, decided)
			}
		}
	}
	mode, context, message := word(said["mode"]), word(said["includeContext"]), word(said["message"])
	if mode == nil || context == nil || message == nil {
		return errMistyped
	}
	what := ""
	switch {
	case !Known(r.Method):
		what = "that"
	case said["task"] != nil:
		what = "tasks"
	case r.Method == Elicit && *mode == "url":
		if !o.URL {
			what = "elicitation by URL"
		} else if !visitable(said["url"]) {
			return errPage
		}
	case r.Method == Elicit:
		if !o.Form || *mode != "" && *mode != "form" {
			what = "elicitation of this mode"
		} else if _, err := readable(said["requestedSchema"]); err != nil {
			return err
		}
	case r.Method == Sample && !o.Sampling:
		what = "sampling"
	case r.Method == Sample && !o.Tools && (said["tools"] != nil || said["toolChoice"] != nil):
		what = "sampling with tools"
	case r.Method == Sample && !o.Context && *context != "" && *context != "none":
		what = "sampling with context"
	case r.Method == Roots && !o.Roots:
		what = "roots"
	}
	if what != "" {
		return fmt.Errorf("this gateway %w %s here, since the client does not offer it or the server's entry does not allow it", ErrNotOffered, what)
	}
	return nil
}

// read are the members that are decided about, or written anew. Many clients read them in any
// letters: in others, they would read what was not looked at.
var read = []string{"message", "requestedSchema", "mode", "url", "includeContext", "tools", "toolChoice", "task"}

// visitable reports whether a person can be sent there: to a page, and not to a script, a file
// or a program of their own, nor to a name that looks like a host and is a user.
func visitable(value json.RawMessage) bool {
	text := word(value)
	if text == nil || visible.Count(*text) > 0 || strings.ContainsAny(*text, " \t\r\n") {
		return false
	}
	u, err := url.Parse(*text)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Hostname() != "" && u.User == nil
}

var errPage = errors.New("its url is no page of http or https that a person could be sent to: a scheme, a host, and no user")

var errMistyped = errors.New("its params are not what the protocol says")

// word is a member that is a string, empty if it is not there; nil for any other.
func word(value json.RawMessage) *string {
	var text string
	if len(value) > 0 && json.Unmarshal(value, &text) != nil {
		return nil
	}
	return &text
}
