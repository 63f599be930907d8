// SPDX-License-Identifier: MIT

package proxy

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"
)

// inputs is what a modern server wants before it answers (2026-07-28,
// InputRequiredResult).
type inputs struct {
	InputRequests map[string]struct {
		Method string
		Params json.RawMessage
	}
	RequestState json.RawMessage // to be given back as it is
}

// inputRequired is what the server wants in place of the answer msg; nil when
// that is an answer.
func inputRequired(msg []byte) *inputs {
	const kind = "input_required"
	if !bytes.Contains(msg, []byte(kind)) {
		return nil // spares decoding what is large
	}
	var said struct {
		Result struct {
			ResultType string
			inputs
		}
	}
	if json.Unmarshal(msg, &said) != nil || said.Result.ResultType != kind {
		return nil
	}
	return &said.Result.inputs
}

// legacyRequests are what a server may ask a legacy client.
var legacyRequests = []string{"elicitation/create", "sampling/createMessage", "roots/list"}

// pollPause is how long a server that wants nothing but to be asked again has
// before that.
const pollPause = 500 * time.Millisecond

// gather asks the client for what the server wants, all at once and for as long
// as a person needs. It returns the client's answers as members of params.
func (b *bridge) gather(ctx context.Context, wanted *inputs) (string, error) {
	var state string
	if wanted.RequestState != nil {
		state = `"requestState":` + string(wanted.RequestState)
	}
	if len(wanted.InputRequests) == 0 {
		if !sleep(ctx, jitter(pollPause)) {
			return "", context.Canceled
		}
		return state, nil
	}
	keys := slices.Sorted(maps.Keys(wanted.InputRequests))
	for _, key := range keys {
		if m := wanted.InputRequests[key].Method; !slices.Contains(legacyRequests, m) {
			return "", fmt.Errorf("the server asks for %q, which clients of this revision do not know", m)
		}
	}
	type reply struct {
		a   *ask
		got chan []byte
	}
	replies := make([]reply, len(keys))
	for i, key := range keys {
		got := make(chan []byte, 1)
		replies[i] = reply{b.r.asks.own(got), got}
		b.r.out.write(question(replies[i].a.id, wanted.InputRequests[key].Method, wanted.InputRequests[key].Params))
	}
	responses := `"inputResponses":{`
	for i, key := range keys {
		select {
		case msg := <-replies[i].got:
			result, err := resultOf(msg)
			if err != nil {
				for _, other := range replies[i+1:] {
					b.withdraw(other.a)
				}
				return "", fmt.Errorf("the client did not give it (%s: %w)", wanted.InputRequests[key].Method, err)
			}
			if i > 0 {
				responses += ","
			}
			responses += quoted(key) + ":" + string(result)
		case <-ctx.Done():
			for _, other := range replies[i:] {
				b.withdraw(other.a)
			}
			return "", context.Canceled
		}
	}
	return joined(responses+"}", state), nil
}

// withdraw tells the client that nobody waits for its answer any more, unless
// it has answered.
func (b *bridge) withdraw(a *ask) {
	if b.r.asks.take(a.id) != nil {
		b.r.out.write([]byte(`{"jsonrpc":"2.0","method":"` + methodCancelled + `","params":{"requestId":` + string(a.id) + `}}`))
	}
}

// question is a request to the client.
func question(id []byte, method string, params json.RawMessage) []byte {
	msg := `{"jsonrpc":"2.0","id":` + string(id) + `,"method":` + strconv.Quote(method)
	if len(params) > 0 && string(params) != "null" {
		if asURL(params) {
			// In the older era the elicitation has an id, by which the server
			// could later say that it is complete.
			params = prepend(params, params, 0, `"elicitationId":`+string(id))
		}
		msg += `,"params":` + string(params)
	}
	return []byte(msg + "}")
}

// asURL reports whether params are those of an elicitation by URL without an
// id.
func asURL(params json.RawMessage) bool {
	var said struct {
		Mode          string
		ElicitationID *string
	}
	return params[0] == '{' && json.Unmarshal(params, &said) == nil && said.Mode == "url" && said.ElicitationID == nil
}

// resultOf is the result in a response of the client.
func resultOf(msg []byte) (json.RawMessage, error) {
	var said struct {
		Result json.RawMessage
		Error  *struct{ Message string }
	}
	switch err := json.Unmarshal(msg, &said); {
	case err != nil:
		return nil, err
	case said.Error != nil:
		return nil, fmt.Errorf("it answered: %s", shown([]byte(said.Error.Message)))
	case said.Result == nil:
		return nil, errors.New("its answer has no result")
	}
	return said.Result, nil
}

// quoted is s as a JSON string.
func quoted(s string) string {
	text, _ := json.Marshal(s) // of a string: cannot fail
	return string(text)
}
