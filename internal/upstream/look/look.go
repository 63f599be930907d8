// SPDX-License-Identifier: MIT

// Package look asks a running server behind the gateway what it offers, all of it, so
// that a person can approve it and the gateway can compare it with what was approved.
package look

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"tailscale-mcp/internal/upstream/pin"
	"tailscale-mcp/internal/upstream/process"
)

// The bounds of one list, all pages together.
const (
	MostPages = 100
	MostItems = 5000
	MostBytes = 8 << 20
)

// At returns what the server shows of itself: what it said when it was started, and its
// lists of tools, prompts and templates, as far as it says that it has such.
func At(ctx context.Context, p *process.Process) (pin.Seen, error) {
	hello := p.Hello()
	seen := pin.Seen{Title: hello.Title, Description: hello.Description, Instructions: hello.Instructions, Capabilities: hello.Capabilities}
	var has map[string]json.RawMessage
	if len(hello.Capabilities) > 0 && json.Unmarshal(hello.Capabilities, &has) != nil {
		return seen, errors.New("its capabilities are no JSON object")
	}
	for _, l := range []struct {
		capability, method, member string
		to                         *[]json.RawMessage
	}{
		{"tools", "tools/list", "tools", &seen.Tools},
		{"prompts", "prompts/list", "prompts", &seen.Prompts},
		{"resources", "resources/templates/list", "resourceTemplates", &seen.Templates},
	} {
		if has[l.capability] == nil {
			continue
		}
		all, err := List(ctx, p, process.Question{Method: l.method}, l.member)
		var refused *process.Refused
		if errors.As(err, &refused) && l.member == "resourceTemplates" {
			continue // it has resources, and no templates
		}
		if err != nil {
			return seen, fmt.Errorf("%s: %w", l.method, err)
		}
		*l.to = all
	}
	return seen, nil
}

// List reads all pages of a list, whose items are in the member of the result.
func List(ctx context.Context, p *process.Process, q process.Question, member string) (all []json.RawMessage, err error) {
	bytes, cursor := 0, ""
	for range MostPages {
		q.Params = nil
		if cursor != "" {
			if q.Params, err = json.Marshal(map[string]string{"cursor": cursor}); err != nil {
				return nil, err
			}
		}
		result, err := p.Ask(ctx, q)
		if err != nil {
			return nil, err
		}
		var members map[string]json.RawMessage
		var page []json.RawMessage
		var next *string
		if json.Unmarshal(result, &members) != nil || json.Unmarshal(members[member], &page) != nil ||
			members["nextCursor"] != nil && json.Unmarshal(members["nextCursor"], &next) != nil {
			return nil, errors.New("the answer is no list")
		}
		all, bytes = append(all, page...), bytes+len(result)
		if len(all) > MostItems || bytes > MostBytes {
			return nil, fmt.Errorf("the list is too long: %d items and %d bytes, of %d and %d at most", len(all), bytes, MostItems, MostBytes)
		}
		if next == nil || *next == "" || *next == cursor {
			return all, nil
		}
		cursor = *next
	}
	return nil, fmt.Errorf("the list has more than %d pages", MostPages)
}
