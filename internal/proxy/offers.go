// SPDX-License-Identifier: MIT

package proxy

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"tailscale-mcp/internal/jsonrpc"
)

// offers are the capabilities that a client declared, by name.
type offers map[string]json.RawMessage

// legacyRequests are what a server may ask a client for, by the capability that
// the client has to have for it.
var legacyRequests = map[string]string{
	"elicitation/create":     "elicitation",
	"sampling/createMessage": "sampling",
	"roots/list":             "roots",
}

// offersIn are the capabilities in an initialize.
func offersIn(initialize []byte) offers {
	var said struct{ Params struct{ Capabilities offers } }
	if json.Unmarshal(initialize, &said) != nil {
		return nil
	}
	return said.Params.Capabilities
}

// has reports whether the client declared a capability.
func (o offers) has(capability string) bool {
	switch string(o[capability]) {
	case "", "null", "false":
		return false
	}
	return true
}

// takes says why the client did not offer to be asked this; nil when it did.
func (o offers) takes(method string, params json.RawMessage) error {
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
func (o offers) opensURLs() bool {
	var said struct{ URL json.RawMessage }
	return json.Unmarshal(o["elicitation"], &said) == nil && said.URL != nil
}

// asURL reports whether params are those of an elicitation by URL.
func asURL(params json.RawMessage) bool {
	var said struct{ Mode string }
	return len(params) > 0 && params[0] == '{' && json.Unmarshal(params, &said) == nil && said.Mode == "url"
}

// unoffered says what the answer msg to c, a request of a modern client, asks of
// that client which it did not offer with c; nil when there is nothing.
func unoffered(c *call, msg []byte) error {
	if !c.modern || c.own {
		return nil
	}
	wanted := inputRequired(msg)
	if wanted == nil {
		return nil
	}
	var said struct {
		Capabilities offers `json:"io.modelcontextprotocol/clientCapabilities"`
	}
	if len(c.env.Meta) > 0 {
		_ = json.Unmarshal(c.env.Meta, &said) // who declares nothing that can be read offers nothing
	}
	for _, in := range wanted.InputRequests {
		if err := said.Capabilities.takes(in.Method, in.Params); err != nil {
			return err
		}
	}
	return nil
}
