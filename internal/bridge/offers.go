// SPDX-License-Identifier: MIT

package bridge

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"tailscale-mcp/internal/jsonrpc"
)

// Offers are the capabilities that a client declared, by name.
type Offers map[string]json.RawMessage

// legacyRequests are what a server may ask a client for, by the capability that
// the client has to have for it.
var legacyRequests = map[string]string{
	"elicitation/create":     "elicitation",
	"sampling/createMessage": "sampling",
	"roots/list":             "roots",
}

// OffersIn returns the capabilities that a client declares in its initialize.
func OffersIn(initialize []byte) Offers {
	var said struct{ Params struct{ Capabilities Offers } }
	if json.Unmarshal(initialize, &said) != nil {
		return nil
	}
	return said.Params.Capabilities
}

// has reports whether the client declared a capability.
func (o Offers) has(capability string) bool {
	switch string(o[capability]) {
	case "", "null", "false":
		return false
	}
	return true
}

// Takes says why a server may not send the client a request with this method and these
// params: the client did not offer to be asked. It returns nil if the server may.
func (o Offers) Takes(method string, params json.RawMessage) error {
	capability, known := legacyRequests[method]
	switch {
	case known && !o.has(capability):
		return fmt.Errorf("the server asks for %q, which the client does not offer", method)
	case known && asURL(params) && !o.opensURLs():
		return errors.New("the server asks to have a URL opened, which the client does not offer")
	case known, method == "ping":
		return nil
	case strings.HasPrefix(method, "tasks/") && o.has("tasks"):
		return nil
	case o.has("experimental"), o.has("extensions"): // between these two alone
		return nil
	}
	return fmt.Errorf("the server asks for %s, which the client does not offer", jsonrpc.Excerpt([]byte(method)))
}

// opensURLs reports whether the client offers elicitation by URL: in the older
// era that has to be said, and a form is meant otherwise.
func (o Offers) opensURLs() bool {
	var said struct{ URL json.RawMessage }
	return json.Unmarshal(o["elicitation"], &said) == nil && said.URL != nil
}

// asURL reports whether params are those of an elicitation by URL.
func asURL(params json.RawMessage) bool {
	var said struct{ Mode string }
	return len(params) > 0 && params[0] == '{' && json.Unmarshal(params, &said) == nil && said.Mode == "url"
}

// Unoffered says what a server asks of a modern client in the response msg that the
// client did not offer with its request; nil when there is nothing. meta is the
// params._meta of the request.
func Unoffered(meta, msg []byte) error {
	wanted := inputRequired(msg)
	if wanted == nil {
		return nil
	}
	var said struct {
		Capabilities Offers `json:"io.modelcontextprotocol/clientCapabilities"`
	}
	if len(meta) > 0 {
		_ = json.Unmarshal(meta, &said) // who declares nothing that can be read offers nothing
	}
	for _, in := range wanted.InputRequests {
		if err := said.Capabilities.Takes(in.Method, in.Params); err != nil {
			return err
		}
	}
	return nil
}
