// SPDX-License-Identifier: MIT

package fakeapi

import (
	"encoding/json"
	"fmt"
)

// SetState replaces what the tailnet has of some kinds, each a list or object as the API
// shows it: "users", "keys", "userInvites", "deviceInvites", "webhooks", "dns", and of
// "settings" the fields that are named.
func (s *Server) SetState(state map[string]any) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for kind, value := range state {
		text, err := json.Marshal(value)
		if err != nil {
			return err
		}
		if err := s.setState(kind, text); err != nil {
			return fmt.Errorf("%s: %w", kind, err)
		}
	}
	return nil
}

func (s *Server) setState(kind string, text []byte) error {
	into := map[string]func() any{
		"users":         func() any { s.users.rows = nil; return &s.users.rows },
		"keys":          func() any { s.keys.rows = nil; return &s.keys.rows },
		"userInvites":   func() any { s.invites.users = nil; return &s.invites.users },
		"deviceInvites": func() any { s.invites.devices = nil; return &s.invites.devices },
		"webhooks":      func() any { s.webhooks.rows = nil; return &s.webhooks.rows },
		"dns":           func() any { s.dns = dnsState{}; return &s.dns },
	}
	if kind != "settings" {
		target, ok := into[kind]
		if !ok {
			return fmt.Errorf("the fake has no such kind")
		}
		return json.Unmarshal(text, target())
	}
	var fields map[string]any
	if err := json.Unmarshal(text, &fields); err != nil {
		return err
	}
	for i := range s.settings {
		if v, ok := fields[s.settings[i].name]; ok {
			s.settings[i].value = v
		}
	}
	return nil
}
