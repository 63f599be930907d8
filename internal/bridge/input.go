// SPDX-License-Identifier: MIT

package bridge

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

	"tailscale-mcp/internal/jsonrpc"
	"tailscale-mcp/internal/retry"
)

// inputs are what a modern server wants before it answers (2026-07-28,
// InputRequiredResult).
type inputs struct {
	InputRequests map[string]struct {
		Method string
		Params json.RawMessage
	}
	RequestState json.RawMessage // to be given back as it is
}

// inputRequired returns what the server wants before it answers, if the response msg
// says so; nil if msg is an answer.
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

// maxInputs is how many things a server may ask for at once.
const maxInputs = 100

// pollPause is how long a server that wants nothing but to be asked again has
// before that.
const pollPause = 500 * time.Millisecond

// collectInput asks the client for what the server wants, all at once and for as long
// as a person needs. It returns the client's answers as members of params, in
// pieces.
func (b *Bridge) collectInput(ctx context.Context, wanted *inputs) ([][]byte, error) {
	var state []byte
	if wanted.RequestState != nil {
		state = jsonrpc.Join([]byte(`"requestState":`), wanted.RequestState)
	}
	if len(wanted.InputRequests) == 0 {
		if !retry.Sleep(ctx, retry.Jitter(pollPause)) {
			return nil, context.Canceled
		}
		if state == nil {
			return nil, nil
		}
		return [][]byte{state}, nil
	}
	if n := len(wanted.InputRequests); n > maxInputs {
		return nil, fmt.Errorf("the server asks for %d things at once, which is more than %d", n, maxInputs)
	}
	keys := slices.Sorted(maps.Keys(wanted.InputRequests))
	for _, key := range keys {
		in := wanted.InputRequests[key]
		if legacyRequests[in.Method] == "" { // whatever was agreed on, it was in the other era
			return nil, fmt.Errorf("the server asks for %q, which the client does not offer", in.Method)
		}
		if err := b.offers.Takes(in.Method, in.Params); err != nil {
			return nil, err
		}
	}
	type reply struct {
		to  int // keys
		msg []byte
	}
	withdraw, replies := make([]func(), len(keys)), make(chan reply, len(keys))
	methods, size := make([]string, len(keys)), 0
	for i, key := range keys {
		in := wanted.InputRequests[key]
		methods[i] = in.Method
		withdraw[i] = b.ends.AskClient(
			func(id []byte) []byte { return question(id, in.Method, in.Params) },
			func(msg []byte) { replies <- reply{i, msg} })
		size += len(in.Params)
	}
	wanted.InputRequests = nil // may be large, and the client take its time
	jsonrpc.GiveBack(size)
	defer func() { // if it ends before all are answered
		for _, w := range withdraw {
			w()
		}
	}()
	members := [][]byte{[]byte(`"inputResponses":{`)}
	for i := range keys {
		select {
		case r := <-replies:
			result, err := resultOf(r.msg)
			if err != nil {
				return nil, fmt.Errorf("the client did not give it (%s: %w)", methods[r.to], err)
			}
			if i > 0 {
				members = append(members, []byte(","))
			}
			members = append(members, []byte(quoted(keys[r.to])+":"), result)
		case <-ctx.Done():
			return nil, context.Canceled
		}
	}
	members = append(members, []byte("}"))
	if state != nil {
		members = append(members, []byte(","), state)
	}
	return members, nil
}

// question returns a request to the client, in the form of the older era.
func question(id []byte, method string, params json.RawMessage) []byte {
	parts := [][]byte{[]byte(`{"jsonrpc":"2.0","id":`), id, []byte(`,"method":` + strconv.Quote(method))}
	if len(params) > 0 && string(params) != "null" {
		parts = append(parts, []byte(`,"params":`))
		if asURL(params) {
			// In the older era the elicitation has an id, by which the server
			// could later say that it is complete.
			parts = append(parts, []byte(`{"elicitationId":`), id, []byte(","))
			params = params[1:] // not empty: it has a mode
		}
		parts = append(parts, params)
	}
	return jsonrpc.Join(append(parts, []byte("}"))...)
}

// resultOf returns the result in a response. Its error says what the response has in
// place of one.
func resultOf(msg []byte) ([]byte, error) {
	e, err := jsonrpc.Scan(msg)
	if err != nil {
		return nil, err
	}
	if e.HasError {
		var said struct{ Error *struct{ Message string } }
		if err := json.Unmarshal(msg, &said); err != nil {
			return nil, err
		}
		if said.Error != nil {
			return nil, fmt.Errorf("it answered: %s", jsonrpc.Excerpt([]byte(said.Error.Message)))
		}
	}
	if !e.HasResult {
		return nil, errors.New("its answer has no result")
	}
	return e.Result, nil
}

// quoted returns s as a JSON string.
func quoted(s string) string {
	text, _ := json.Marshal(s) // of a string: cannot fail
	return string(text)
}
