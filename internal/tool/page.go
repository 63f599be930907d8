// SPDX-License-Identifier: MIT

package tool

import (
	"cmp"
	"slices"
	"sort"
	"strings"
)

// Paging are the arguments of a tool that answers with a list; its input
// struct embeds them.
type Paging struct {
	Limit  int    `json:"limit,omitempty" jsonschema:"items in this answer" min:"1" max:"500" default:"50"`
	Cursor string `json:"cursor,omitempty" jsonschema:"nextCursor of the answer before"`
}

// DefaultPage is how many items an answer has when the caller does not say.
const DefaultPage = 50

// Listed are the fields of every answer with a list; its output struct embeds
// them. An answer without nextCursor is the last.
type Listed struct {
	Total      int    `json:"total" jsonschema:"how many there are in all"`
	Returned   int    `json:"returned" jsonschema:"how many are in this answer"`
	NextCursor string `json:"nextCursor,omitempty" jsonschema:"pass as cursor for the rest; absent when this is the end"`
}

// Page returns one page of items, which it leaves as they are. The page is in
// the order of keys, which have to be unique and lasting (an ID): it begins after
// the last key of the one before, so an item that comes or goes in between shifts
// nothing. Items that share a key nevertheless stay on one page, however long
// that makes it: none is lost and none comes twice.
// scope is whatever else the list depends on (the tool and its filters); a
// cursor is good only for the same caller and scope.
func Page[T any](call Call, p Paging, scope any, items []T, key func(T) string) ([]T, Listed, error) {
	// Positions are sorted and not items: those are large, and shared between
	// calls when they come from upstream.
	type position struct {
		key string
		at  int
	}
	order := make([]position, len(items))
	for i, item := range items {
		order[i] = position{key(item), i}
	}
	slices.SortFunc(order, func(a, b position) int { return cmp.Or(strings.Compare(a.key, b.key), cmp.Compare(a.at, b.at)) })
	from := 0
	c, err := call.Cursor(scope)
	if err != nil {
		return nil, Listed{}, err
	}
	if p.Cursor != "" {
		after, err := c.Open(p.Cursor)
		if err != nil {
			return nil, Listed{}, err
		}
		from = sort.Search(len(order), func(i int) bool { return order[i].key > after })
	}
	limit := p.Limit
	if limit <= 0 {
		limit = DefaultPage
	}
	end := from + min(limit, len(order)-from)
	for end < len(order) && end > from && order[end].key == order[end-1].key {
		end++
	}
	page := make([]T, 0, end-from)
	for _, p := range order[from:end] {
		page = append(page, items[p.at])
	}
	listed := Listed{Total: len(items), Returned: len(page)}
	if end < len(items) {
		listed.NextCursor = c.Seal(order[end-1].key)
	}
	return page, listed, nil
}
