// SPDX-License-Identifier: MIT

package servers

import (
	"encoding/json"
	"mime"
	"net/http"
	"slices"
	"unicode/utf8"

	"tailscale-mcp/internal/gate"
	"tailscale-mcp/internal/upstream/entry"
	"tailscale-mcp/internal/upstream/process"
)

// callerKey is the member of params._meta that says who calls.
const callerKey = process.OwnPrefix + "caller"

// told is what a server is told of the caller. What is empty is left out: a person has no
// tags, and a tagged node no login.
type told struct {
	Login string `json:"login,omitempty"`
	// Name is the person's name for people.
	Name   string   `json:"name,omitempty"`
	Node   string   `json:"node"`
	NodeID string   `json:"nodeId"`
	Tags   []string `json:"tags,omitempty"`
	// Capabilities are the values that the policy file grants the caller, by the names
	// that the entry passes; one that is not granted is not there.
	Capabilities map[string][]json.RawMessage `json:"capabilities,omitempty"`
}

// identity is what the server is told of the caller, as members of params._meta.
func identity(s entry.Server, call gate.Call) map[string]json.RawMessage {
	if !s.Identity {
		return nil
	}
	c := call.Caller
	t := told{Login: c.Login, Name: c.Name, Node: c.Node, NodeID: c.NodeID, Tags: c.Tags}
	for _, name := range s.Pass {
		values, granted := c.Capabilities[name]
		if !granted {
			continue
		}
		if t.Capabilities == nil {
			t.Capabilities = map[string][]json.RawMessage{}
		}
		texts := make([]json.RawMessage, 0, len(values))
		for _, value := range values {
			texts = append(texts, json.RawMessage(value))
		}
		t.Capabilities[name] = texts
	}
	text, err := json.Marshal(t)
	if err != nil {
		return nil // of texts that were checked to be JSON: cannot be
	}
	return map[string]json.RawMessage{callerKey: text}
}

// mostHeader is the longest value of a header that tells who calls, in bytes.
const mostHeader = 16 << 10

// identityHeader is what a server elsewhere is told of the caller besides, as headers with the
// names and in the form of `tailscale serve`, which servers may know: a person's login and
// name, and the capabilities that the entry passes. What does not fit is left out.
func identityHeader(s entry.Server, call gate.Call) http.Header {
	if s.Stdio() || !s.Identity {
		return nil
	}
	h := http.Header{}
	set := func(name, value string) {
		if !utf8.ValidString(value) {
			return
		}
		if value = mime.QEncoding.Encode("utf-8", value); value != "" && len(value) <= mostHeader {
			h.Set(name, value)
		}
	}
	set("Tailscale-User-Login", call.Caller.Login)
	set("Tailscale-User-Name", call.Caller.Name)
	if len(s.Pass) > 0 {
		granted := map[string][]json.RawMessage{}
		for _, name := range s.Pass {
			for _, value := range call.Caller.Capabilities[name] {
				granted[name] = append(granted[name], json.RawMessage(value))
			}
		}
		if text, err := json.Marshal(granted); err == nil {
			set("Tailscale-App-Capabilities", string(text))
		}
	}
	return h
}

// Passes reports whether the entry of some server passes on the values of a capability.
func (s *Servers) Passes(capability string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, k := range s.known {
		if slices.Contains(k.entry.Pass, capability) {
			return true
		}
	}
	return false
}
