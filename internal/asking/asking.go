// SPDX-License-Identifier: MIT

// Package asking is what a server behind the gateway may ask of a client while it works:
// something of its person (elicitation), an answer of its model (sampling), the folders that
// it works in (roots). It says what a client can be asked, and how; a leaf, which all stages
// share between the connection to a server and that to a client.
package asking

import (
	"context"
	"encoding/json"
	"errors"
)

const (
	// MostAtOnce is how many questions of a server may wait for answers at a time, of one
	// call.
	MostAtOnce = 4
	// MostOfCall is how many it may ask one after the other, of one call.
	MostOfCall = 32
	// MostSize is how large the params of a question may be, in bytes.
	MostSize = 256 << 10
)

// Request is one thing that a server asks.
type Request struct {
	Method string
	Params json.RawMessage // nil or an object
}

// Response is the answer of a client: one of both, as it wrote it.
type Response struct {
	Result json.RawMessage // an object
	Error  json.RawMessage // an error of JSON-RPC: it does not answer
}

// Func asks a client several things at once, each under a key of the server, or the empty one,
// and returns all answers under the same keys. When ctx ends first, the client is told that nobody waits any
// more. An error says why there are no answers, fit for the server.
type Func func(ctx context.Context, requests map[string]Request) (map[string]Response, error)

// Client is what can be asked of a client, and how. The zero value is one that cannot be
// asked.
type Client struct {
	Offers Offers
	Ask    Func
	// URLError is set when it takes the error [URLRequired] itself.
	URLError bool
}

// Can reports whether there is anything to ask it.
func (c Client) Can() bool { return c.Ask != nil && c.Offers != (Offers{}) }

// URLRequired is the code with which a server of 2025-11-25 fails a request until a person
// has visited a page of its choice.
const URLRequired = -32042

// ErrVoid is why there is no answer: the question was open for too long, or whoever was
// asked has gone.
var ErrVoid = errors.New("nobody has answered in time")
