// SPDX-License-Identifier: MIT

package servers

import (
	"encoding/json"
	"slices"

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
