// SPDX-License-Identifier: MIT

package fakeapi

import (
	"encoding/json"
	"fmt"
	"time"
)

// SetFlowLogs replaces the network flow logs, which are made up otherwise, by a list of
// entries as the API shows them.
func (s *Server) SetFlowLogs(entries any) error {
	text, err := json.Marshal(entries)
	if err != nil {
		return fmt.Errorf("setting the flow logs: %w", err)
	}
	flows := []flowEntry{}
	if err := json.Unmarshal(text, &flows); err != nil {
		return fmt.Errorf("setting the flow logs: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.logs.flows = flows
	return nil
}

// flowsWithin are the flow logs that were set, of a window.
func (s *Server) flowsWithin(start, end time.Time) []flowEntry {
	found := []flowEntry{}
	for _, f := range s.logs.flows {
		if at, err := time.Parse(time.RFC3339, f.Start); err == nil && !at.Before(start) && !at.After(end) {
			found = append(found, f)
		}
	}
	return found
}
