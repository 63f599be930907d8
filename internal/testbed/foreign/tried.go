// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// within is how soon a server that was approved and granted has to be there.
const within = 5 * time.Second

// kind is a list that a server has.
type kind struct {
	method, member, key string
	// fields are those that reach clients as the server has them. Annotations do not: they
	// follow the class. Icons are left out.
	fields []string
}

var kinds = []kind{
	{"tools/list", "tools", "name", []string{"name", "title", "description", "inputSchema", "outputSchema"}},
	{"prompts/list", "prompts", "name", []string{"name", "title", "description", "arguments"}},
	{"resources/list", "resources", "uri", []string{"uri", "name", "title", "description", "mimeType"}},
	{"resources/templates/list", "resourceTemplates", "uriTemplate", []string{"uriTemplate", "name", "title", "description", "mimeType"}},
}

// tried is what clients of one era find of a server.
func (st *stage) tried(ctx context.Context, s server, modern bool) []found {
	_, started := st.host.Running()
	alice, err := st.of(ctx, st.alice, s.name, modern)
	if err != nil {
		return []found{{what: "alice", err: err}}
	}
	defer alice.leave(ctx)
	bob, err := st.of(ctx, st.bob, s.name, modern)
	if err != nil {
		return []found{{what: "bob", err: err}}
	}
	defer bob.leave(ctx)
	itself, err := startAlone(ctx, s.entry, filepath.Join(st.dir, "home"))
	if err != nil {
		return []found{{what: "by itself", err: err}}
	}
	defer itself.end()
	var all []found
	for _, k := range kinds {
		n, err := same(ctx, k, itself, alice)
		if n > 0 || err != nil {
			all = append(all, found{what: k.member, says: fmt.Sprint(n), err: err})
		}
	}
	if s.calls == nil {
		all = append(all, found{what: "processes", says: "none", err: st.unstarted(started)})
	} else {
		said, err := s.calls(ctx, alice, bob, map[bool]int{false: 0, true: 1}[modern])
		all = append(all, found{what: "called", says: said, err: err})
	}
	return all
}

// unstarted holds that lists have started nothing: they come from what was approved.
func (st *stage) unstarted(before int) error {
	if _, now := st.host.Running(); now != before {
		return fmt.Errorf("listing started %d", now-before)
	}
	return nil
}

// same holds a list through the gateway against that of the server by itself, and returns
// how long it is.
func same(ctx context.Context, k kind, itself, behind asker) (int, error) {
	want, err := listed(ctx, k, itself)
	if err != nil {
		return 0, fmt.Errorf("by itself: %w", err)
	}
	got, err := listed(ctx, k, behind)
	if err != nil {
		return 0, err
	}
	for name, text := range want {
		if got[name] != text {
			return len(got), fmt.Errorf("%s is\n%s\nand by itself\n%s", name, got[name], text)
		}
	}
	for name := range got {
		if strings.Contains(name, "elicitation") {
			continue // shown to clients that can be asked, as this one cannot: see make conformance-gateway
		}
		if _, there := want[name]; !there {
			return len(got), fmt.Errorf("%s is there, and the server by itself has it not", name)
		}
	}
	return len(got), nil
}

// listed reads all pages of a list: what of each thing is to be the same, by its name.
func listed(ctx context.Context, k kind, a asker) (map[string]string, error) {
	all := map[string]string{}
	cursor := ""
	for range 100 {
		params := map[string]any{}
		if cursor != "" {
			params["cursor"] = cursor
		}
		text, err := a.ask(ctx, k.method, params)
		if notThere(err) {
			return all, nil
		}
		if err != nil {
			return nil, err
		}
		var members map[string]json.RawMessage
		var page []map[string]any
		if err := json.Unmarshal(text, &members); err != nil {
			return nil, err
		}
		if err := json.Unmarshal(members[k.member], &page); err != nil {
			return nil, fmt.Errorf("%s: %w: %.200s", k.method, err, text)
		}
		for _, thing := range page {
			for field := range thing {
				if !slices.Contains(k.fields, field) {
					delete(thing, field)
				}
			}
			optional(thing["arguments"])
			name, _ := thing[k.key].(string)
			canonical, err := json.Marshal(thing)
			if err != nil {
				return nil, err
			}
			all[name] = string(canonical)
		}
		cursor = ""
		_ = json.Unmarshal(members["nextCursor"], &cursor)
		if cursor == "" {
			return all, nil
		}
	}
	return nil, fmt.Errorf("%s has no end", k.method)
}

// optional drops what an argument of a prompt is unless it is said: not required.
func optional(arguments any) {
	all, _ := arguments.([]any)
	for _, argument := range all {
		if a, ok := argument.(map[string]any); ok && a["required"] == false {
			delete(a, "required")
		}
	}
}
