// SPDX-License-Identifier: MIT

package process

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

	"tailscale-mcp/internal/asking"
	"tailscale-mcp/internal/jsonrpc"
	"tailscale-mcp/internal/jsonrpc/fault"
	"tailscale-mcp/internal/redact"
)

// A server of the newer era asks by its result (2026-07-28, "Multi Round-Trip Requests"):
// it is asked again with the client's answers, and with the state that it has given.

const (
	inputRequired = "input_required"
	// mostRounds is how often a server may ask the client before it answers.
	mostRounds = 8
	// mostState is how large the state may be that a server has kept for it, in bytes.
	mostState = 256 << 10
	// pollPause is how long a server that wants nothing but to be asked again has before that.
	pollPause = 500 * time.Millisecond
)

// rounds are the methods whose servers may ask so.
var rounds = []string{"tools/call", "prompts/get", "resources/read"}

// input asks the client what the server wants by the result of q, and returns the members
// of params with which it is to be asked again. asked is how often it has asked.
func (p *Process) input(ctx context.Context, q Question, result json.RawMessage, asked *int) ([][]byte, error) {
	if !p.modern.Load() || !slices.Contains(rounds, q.Method) || !q.Asking.Can() {
		return nil, unasked("this gateway has not offered that here")
	}
	var said struct {
		InputRequests map[string]asking.Request `json:"inputRequests"`
		RequestState  json.RawMessage           `json:"requestState"`
	}
	if json.Unmarshal(result, &said) != nil || len(said.RequestState) > mostState {
		return nil, unasked("it says so in a way that cannot be read, or is too long")
	}
	if string(said.RequestState) == "null" { // as some write what is not there
		said.RequestState = nil
	}
	var state [][]byte
	if said.RequestState != nil {
		state = append(state, jsonrpc.Join([]byte(`"requestState":`), said.RequestState))
	}
	if len(said.InputRequests) == 0 {
		if said.RequestState == nil {
			return nil, unasked("it does not say what")
		}
		select {
		case <-time.After(pollPause):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		return state, nil
	}
	if *asked++; *asked > mostRounds {
		return nil, unasked(fmt.Sprintf("it has asked %d times before, which is as often as it may", mostRounds))
	}
	if n := len(said.InputRequests); n > asking.MostAtOnce {
		return nil, unasked(fmt.Sprintf("it asks %d things at once, of %d at most", n, asking.MostAtOnce))
	}
	for key, r := range said.InputRequests {
		if len(key) > longestID { // it is kept until the client has answered
			return nil, unasked(fmt.Sprintf("a key of its questions has %d bytes, of %d at most", len(key), longestID))
		}
		offers := p.o.Offers.And(q.Asking.Offers)
		if err := offers.Takes(r); err != nil {
			return nil, unasked(fmt.Sprintf("%q: %v", redact.Text(r.Method), err))
		}
		said.InputRequests[key] = r.From(p.o.Server)
	}
	responses, err := q.Asking.Ask(ctx, said.InputRequests)
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if err != nil {
		return nil, unasked(err.Error())
	}
	answers := map[string]json.RawMessage{}
	for key, r := range said.InputRequests {
		a := responses[key]
		switch {
		case a.Result != nil:
			answers[key] = WithoutOwn(a.Result)
		case r.Method == asking.Elicit:
			answers[key] = asking.Cancelled
		default:
			return nil, unasked(fmt.Sprintf("the client does not answer %q", r.Method))
		}
	}
	text, err := json.Marshal(answers)
	if err != nil {
		return nil, unasked("the client's answer is not JSON")
	}
	return append(state, jsonrpc.Join([]byte(`"inputResponses":`), text)), nil
}

// again are the params of a request that is made again, with more members.
func again(params json.RawMessage, more [][]byte) json.RawMessage {
	if inner := bytes.TrimSpace(bytes.TrimPrefix(bytes.TrimSpace(params), []byte{'{'})); len(inner) > 1 { // the rest, with its end
		more = append(more, inner[:len(inner)-1])
	}
	return jsonrpc.Join([]byte{'{'}, bytes.Join(more, []byte{','}), []byte{'}'})
}

// lookFirst is what to do about an answer that is none.
const lookFirst = "look whether it was carried out before you call again; if it comes again, tell who runs or makes the server"

// unasked is the answer to a call whose server needs something of its client that it does
// not get.
func unasked(why string) *Refused {
	return &Refused{
		Code: fault.CodeInput, Message: "it asks its client something, which was not done: " + why,
		Next: `call again with a client that can be asked that, and have its person answer; if that is of no use, an administrator of the host looks at "ask" in the entry of the server`,
	}
}

// visited has the person at a client, which does not know the error itself, visit the pages
// that a server of the older era wants visited, and reports whether the request is then to
// be made again. A client that knows it gets it with pages that say who asks. Any other error
// is returned as it is.
func (p *Process) visited(ctx context.Context, q Question, err error, asked *int) (again bool, _ error) {
	var refused *Refused
	if !errors.As(err, &refused) || refused.Code != asking.URLRequired {
		return false, err
	}
	requests, err := p.pages(q, refused.Data)
	if err != nil {
		return false, unasked(err.Error())
	}
	if q.Asking.URLError {
		var pages []json.RawMessage
		for _, key := range slices.Sorted(maps.Keys(requests)) {
			pages = append(pages, requests[key].Params)
		}
		data, err := json.Marshal(map[string]any{"elicitations": pages})
		if err != nil {
			return false, err
		}
		return false, &Refused{Code: refused.Code, Message: refused.Message, Data: data}
	}
	if *asked++; *asked > mostRounds {
		return false, unasked(fmt.Sprintf("it has asked %d times before, which is as often as it may", mostRounds))
	}
	responses, err := q.Asking.Ask(ctx, requests)
	if ctx.Err() != nil {
		return false, ctx.Err()
	}
	if err != nil {
		return false, unasked(err.Error())
	}
	for key := range requests {
		var said struct{ Action string }
		if json.Unmarshal(responses[key].Result, &said) != nil || said.Action != "accept" {
			return false, unasked("the person does not want to visit the page")
		}
	}
	return true, nil
}

// pages are those that a server wants visited, as its client is asked for it.
func (p *Process) pages(q Question, data json.RawMessage) (map[string]asking.Request, error) {
	var said struct{ Elicitations []json.RawMessage }
	if !q.Asking.Can() || json.Unmarshal(data, &said) != nil || len(said.Elicitations) == 0 || len(said.Elicitations) > asking.MostAtOnce {
		return nil, errors.New("it wants its person to visit a page, which this gateway has not offered here")
	}
	requests := map[string]asking.Request{}
	for i, params := range said.Elicitations {
		r := asking.Request{Method: asking.Elicit, Params: params}
		if err := p.o.Offers.And(q.Asking.Offers).Takes(r); err != nil {
			return nil, err
		}
		requests[strconv.Itoa(i)] = r.From(p.o.Server)
	}
	return requests, nil
}
