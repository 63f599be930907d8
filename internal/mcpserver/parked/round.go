// SPDX-License-Identifier: MIT

package parked

import (
	"crypto/sha256"
	"encoding/json"

	"tailscale-mcp/internal/asking"
)

// Said are the members of params by which a client goes on with a call.
type Said struct {
	InputResponses map[string]json.RawMessage
	RequestState   string
}

// SaidIn returns those of params.
func SaidIn(params json.RawMessage) (s Said) {
	_ = json.Unmarshal(params, &s) // what is of another type is no answer
	return s
}

// Responses are the answers, by the keys of their questions. It reports whether each is an
// object.
func (s Said) Responses() (map[string]asking.Response, bool) {
	responses := map[string]asking.Response{}
	for key, result := range s.InputResponses {
		if len(result) == 0 || result[0] != '{' {
			return nil, false
		}
		responses[key] = asking.Response{Result: result}
	}
	return responses, true
}

// Digest is of all params but those by which the client goes on, and but _meta.
func Digest(params json.RawMessage) [32]byte {
	var members map[string]json.RawMessage
	_ = json.Unmarshal(params, &members) // an object, or the message had been refused
	for _, name := range []string{"inputResponses", "requestState", "_meta"} {
		delete(members, name)
	}
	text, _ := json.Marshal(members) // of what was JSON: cannot fail
	return sha256.Sum256(text)
}

// Members are those of the result that has the client ask, without its braces.
func (s Step) Members() json.RawMessage {
	type request struct {
		Method string          `json:"method"`
		Params json.RawMessage `json:"params"`
	}
	requests := map[string]request{}
	for key, r := range s.Requests {
		requests[key] = request{r.Method, orEmpty(r.Params)}
	}
	text, _ := json.Marshal(struct { // of what was JSON: cannot fail
		InputRequests map[string]request `json:"inputRequests"`
		ResultType    string             `json:"resultType"`
		RequestState  string             `json:"requestState,omitempty"`
	}{requests, "input_required", s.State})
	return text[1 : len(text)-1]
}

// orEmpty is params that are there, also of a request without any: clients are known that
// cannot do without.
func orEmpty(params json.RawMessage) json.RawMessage {
	if params == nil {
		return json.RawMessage(`{}`)
	}
	return params
}
