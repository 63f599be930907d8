// SPDX-License-Identifier: MIT

package local

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"tailscale.com/ipn/ipnstate"

	"tailscale-mcp/internal/tool"
)

// peersInput are the arguments of list_peers. Filters narrow each other.
type peersInput struct {
	Name           string   `json:"name,omitempty" jsonschema:"part of it"`
	Online         *bool    `json:"online,omitempty" jsonschema:"connected now"`
	OS             string   `json:"os,omitempty" jsonschema:"such as linux"`
	Tag            string   `json:"tag,omitempty" jsonschema:"such as tag:web"`
	User           string   `json:"user,omitempty" jsonschema:"such as alice@example.com"`
	ExitNodeOption *bool    `json:"exitNodeOption,omitempty" jsonschema:"can be one"`
	Fields         []string `json:"fields,omitempty" jsonschema:"instead of the usual"`
	tool.Paging
}

type peersResult struct {
	tool.Listed
	Peers []tool.Object `json:"peers" jsonschema:"the peers, in the order of their IDs"`
}

func (n *node) listPeers() tool.Tool {
	d := read("list_peers", "Peers of this host", `{"online":true,"os":"linux"}`,
		"Nodes that this host may talk to, as seen from here: online, owner, routes, path. All of the tailnet: list_all_devices.")
	d.Narrow = "filter by name, online, os, tag or user, name the fields you need, or ask for fewer with limit"
	// Those that answer questions about many; others of tailscaled's own are taken too.
	d.Fields = []string{"name", "addresses", "lastSeen", "routes", "path", "via", "RxBytes", "TxBytes", "LastHandshake"}
	known := fieldNames()
	return tool.New(d, func(ctx context.Context, call tool.Call, in peersInput) (peersResult, error) {
		if err := tool.CheckFields(nil, in.Fields, known); err != nil {
			return peersResult{}, err
		}
		st, err := n.tailscaled.Peers(ctx)
		if err != nil {
			return peersResult{}, err
		}
		var found []*ipnstate.PeerStatus
		for _, ps := range st.Peer {
			if in.matches(st, ps) {
				found = append(found, ps)
			}
		}
		// The size of a page and the fields do not change which peers are listed.
		scope := in
		scope.Paging, scope.Fields = tool.Paging{}, nil
		page, listed, err := tool.Page(call, in.Paging, []any{d.Name, scope}, found, peerKey)
		if err != nil {
			return peersResult{}, err
		}
		out := peersResult{Listed: listed, Peers: make([]tool.Object, len(page))}
		for i, ps := range page {
			if out.Peers[i], err = project(peerOf(st, ps), ps, in.Fields); err != nil {
				return peersResult{}, err
			}
		}
		return out, nil
	})
}

// peerKey is unique and lasting. A control server that gives no stable IDs
// leaves the key.
func peerKey(ps *ipnstate.PeerStatus) string {
	if ps.ID != "" {
		return string(ps.ID)
	}
	return ps.PublicKey.String()
}

func (in peersInput) matches(st *ipnstate.Status, ps *ipnstate.PeerStatus) bool {
	if in.Name != "" {
		part := strings.ToLower(strings.TrimSuffix(in.Name, "."))
		if !strings.Contains(fullName(ps), part) && !strings.Contains(strings.ToLower(ps.HostName), part) {
			return false
		}
	}
	if in.Tag != "" {
		tag := "tag:" + strings.TrimPrefix(strings.ToLower(in.Tag), "tag:")
		if !ps.IsTagged() || !slices.Contains(ps.Tags.AsSlice(), tag) {
			return false
		}
	}
	if in.User != "" && (ps.IsTagged() || !strings.EqualFold(st.User[ps.UserID].LoginName, in.User)) {
		return false
	}
	return (in.Online == nil || *in.Online == ps.Online) &&
		(in.ExitNodeOption == nil || *in.ExitNodeOption == ps.ExitNodeOption) &&
		(in.OS == "" || strings.EqualFold(in.OS, ps.OS))
}

// project returns the fields of p, or the fields that are asked for of p and of
// tailscaled's own status. A null list and a time in the year 1 mean none there, and
// are left out.
func project(p Peer, ps *ipnstate.PeerStatus, fields []string) (tool.Object, error) {
	parts := []any{p}
	if len(fields) > 0 {
		parts = append(parts, ps)
	}
	whole := tool.Object{}
	for _, part := range parts {
		text, err := json.Marshal(part)
		if err != nil {
			return nil, fmt.Errorf("encoding a peer: %w", err)
		}
		if err := json.Unmarshal(text, &whole); err != nil {
			return nil, fmt.Errorf("reading a peer back: %w", err)
		}
	}
	if len(fields) == 0 {
		return whole, nil
	}
	maps.DeleteFunc(whole, func(_ string, value json.RawMessage) bool {
		return string(value) == "null" || string(value) == `"0001-01-01T00:00:00Z"`
	})
	return tool.Project(whole, fields, nil), nil
}

// fieldNames are the names that fields may hold.
func fieldNames() []string {
	var names []string
	for _, t := range []reflect.Type{reflect.TypeFor[Peer](), reflect.TypeFor[ipnstate.PeerStatus]()} {
		for _, field := range reflect.VisibleFields(t) {
			name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
			switch {
			case field.Anonymous || !field.IsExported() || name == "-":
			case name == "":
				names = append(names, field.Name)
			default:
				names = append(names, name)
			}
		}
	}
	return names
}
