// SPDX-License-Identifier: MIT

package tool

import (
	"cmp"
	"encoding/json"
	"reflect"
	"slices"
	"sort"
	"strings"

	"tailscale-mcp/internal/gate"
)

// Paging are the arguments of a tool that answers with a list; its input
// struct embeds them.
type Paging struct {
	Limit  int    `json:"limit,omitempty" jsonschema:"items in this answer" min:"1" max:"500" default:"50"`
	Cursor string `json:"cursor,omitempty" jsonschema:"nextCursor of the answer before"`
}

// LargestAnswer is how many bytes an answer may have, see [gate.DefaultLimit].
const LargestAnswer = gate.DefaultLimit

// DefaultPage is how many items an answer has when the caller does not say.
const DefaultPage = 50

// Listed are the fields of every answer with a list; its output struct embeds
// them. An answer without nextCursor is the last.
type Listed struct {
	Total      int    `json:"total" jsonschema:"how many there are in all"`
	Returned   int    `json:"returned" jsonschema:"how many are in this answer"`
	NextCursor string `json:"nextCursor,omitempty" jsonschema:"pass as cursor for the rest; absent when this is the end"`

	page *page // nil for what is no page
}

// Page returns one page of items, which it leaves as they are. The page is in
// the order of keys, which have to be unique and lasting (an ID): it begins after
// the last key of the one before, so an item that comes or goes in between shifts
// nothing. Items that share a key nevertheless stay on one page, however long
// that makes it: none is lost and none comes twice.
// scope is whatever else the list depends on (the tool and its filters); a
// cursor is good only for the same caller and scope.
//
// An answer that embeds the Listed and has the page, item by item, as its first list of
// that length ends earlier where it would be larger than answers may be.
func Page[T any](call Call, p Paging, scope any, items []T, key func(T) string) ([]T, Listed, error) {
	// Positions are sorted and not items: those are large, and shared between
	// calls when they come from upstream.
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
	shown := make([]T, 0, end-from)
	for _, p := range order[from:end] {
		shown = append(shown, items[p.at])
	}
	return shown, (&page{c, order, from}).upTo(end), nil
}

// position is where the item with a key is in the list as it came.
type position struct {
	key string
	at  int
}

// page is where a page begins in its list, so that it may end elsewhere than it does.
type page struct {
	cursor gate.Cursor
	order  []position
	from   int
}

// upTo describes the page that ends before that position.
func (p *page) upTo(end int) Listed {
	listed := Listed{Total: len(p.order), Returned: end - p.from, page: p}
	if end < len(p.order) {
		listed.NextCursor = p.cursor.Seal(p.order[end-1].key)
	}
	return listed
}

// first describes the page with n of its items at most; without any where that would
// part items that share a key.
func (p *page) first(n int) Listed {
	end := p.from + n
	for end > p.from && p.order[end].key == p.order[end-1].key {
		end--
	}
	if end == p.from {
		return Listed{}
	}
	return p.upTo(end)
}

// listed is what all answers with a list have.
func (l Listed) listed() Listed { return l }

// answered is what a tool's code has returned as it goes out. A page that is too large is
// encoded again with less in it, and only then.
func answered(out any) (gate.Result, error) {
	text, err := json.Marshal(out)
	whole := gate.Result{Structured: text}
	of, ok := out.(interface{ listed() Listed })
	if err != nil || !ok {
		return whole, err
	}
	l, less := of.listed(), whole
	less.Less = func(size, limit int) (gate.Result, error) {
		// Items differ in size: a little less is tried than comes out.
		n := int(float64(l.Returned) * float64(limit) / float64(size) * 0.97)
		shorter := l.page.first(max(min(n, l.Returned-1), 1))
		if shorter.Returned == 0 || shorter.Returned == l.Returned {
			return whole, nil // which is refused
		}
		return answered(cut(out, l, shorter))
	}
	if l.page == nil || l.Returned < 2 {
		return whole, nil
	}
	return less, nil
}

// cut is the answer out with the shorter page in place of the one that it has.
func cut(out any, has, shorter Listed) any {
	v := reflect.New(reflect.TypeOf(out)).Elem()
	v.Set(reflect.ValueOf(out))
	for _, field := range reflect.VisibleFields(v.Type()) {
		if f := v.FieldByIndex(field.Index); f.Kind() == reflect.Slice && f.Type().Elem().Kind() != reflect.Uint8 && f.Len() == has.Returned {
			f.SetLen(shorter.Returned)
			break
		}
	}
	v.FieldByName("Listed").Set(reflect.ValueOf(shorter))
	return v.Interface()
}
