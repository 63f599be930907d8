// SPDX-License-Identifier: MIT

package tool

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tailscale-mcp/internal/audit"
	"tailscale-mcp/internal/caller"
	"tailscale-mcp/internal/gate"
	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/testbed/told"
)

func self(s string) string { return s }

// process is the calls of one process.
type process struct {
	dispatcher *gate.Dispatcher
	last       Call
}

func newProcess() *process {
	p := &process{}
	p.dispatcher = gate.NewDispatcher(gate.Options{
		Registry: gate.NewRegistry(grant.Classes(), gate.Offer{Tools: []gate.Tool{{
			Name: "get_call", Class: grant.Read, ForEveryone: true,
			Call: func(_ context.Context, call Call, _ json.RawMessage) (gate.Result, error) {
				p.last = call
				return gate.Result{}, nil
			},
		}}}),
		Audit: audit.NewJSONLines(io.Discard), Log: slog.New(slog.DiscardHandler),
	})
	return p
}

// callBy is a call of one caller to one process.
func callBy(p *process, login string) Call {
	_, err := p.dispatcher.Call(context.Background(), caller.Caller{NodeID: "n" + login, Login: login}, gate.Request{Name: "get_call"})
	if err != nil {
		panic(err)
	}
	return p.last
}

// pages reads a list to its end; between changes the items between two pages,
// of which the last one shown was last.
func pages(t *testing.T, limit int, items []string, between func(page int, last string, items []string) []string) (all []string, count int) {
	t.Helper()
	call := callBy(newProcess(), "alice")
	p := Paging{Limit: limit}
	for {
		page, listed, err := Page(call, p, "scope", items, self)
		if err != nil {
			t.Fatal(err)
		}
		if listed.Total != len(items) || listed.Returned != len(page) {
			t.Errorf("page %d: got %+v of %d items and %d on the page", count, listed, len(items), len(page))
		}
		all = append(all, page...)
		if count++; count > 10_000 {
			t.Fatal("this never ends")
		}
		if p.Cursor = listed.NextCursor; p.Cursor == "" {
			return all, count
		}
		if len(page) == 0 {
			t.Fatalf("page %d is empty and not the last", count)
		}
		if between != nil {
			items = between(count, page[len(page)-1], items)
		}
	}
}

func numbered(n int) []string {
	items := make([]string, n)
	for i := range items {
		items[i] = fmt.Sprintf("n%05d", i)
	}
	return items
}

func TestPageOfManyItems(t *testing.T) {
	for _, tt := range []struct{ items, limit, pages int }{
		{0, 50, 1},
		{1, 50, 1},
		{50, 50, 1}, // the last page says so, however full it is
		{51, 50, 2},
		{100, 50, 2},
		{5000, 500, 10},
		{5000, 0, 100}, // the default
		{120, -1, 3},
		{7, 1, 7},
		{7, 1 << 62, 1},
	} {
		t.Run(fmt.Sprintf("%d by %d", tt.items, tt.limit), func(t *testing.T) {
			want := numbered(tt.items)
			items := slices.Clone(want)
			rand.Shuffle(len(items), func(i, j int) { items[i], items[j] = items[j], items[i] })
			shuffled := slices.Clone(items)
			got, count := pages(t, tt.limit, items, nil)
			if !slices.Equal(got, want) {
				t.Errorf("got %d items, want all %d in order, each once", len(got), len(want))
			}
			if count != tt.pages {
				t.Errorf("got %d pages, want %d", count, tt.pages)
			}
			// Lists from upstream are shared between calls.
			if !slices.Equal(items, shuffled) {
				t.Error("the list itself was reordered")
			}
		})
	}
}

// TestPageWhileItemsComeAndGo: whatever was there all the time is shown exactly
// once.
func TestPageWhileItemsComeAndGo(t *testing.T) {
	stays := numbered(100)
	for name, between := range map[string]func(page int, last string, items []string) []string{
		"items before the page come": func(page int, _ string, items []string) []string {
			return append(slices.Clone(items), fmt.Sprintf("a%05d", page))
		},
		"items after the page come": func(page int, _ string, items []string) []string {
			return append(slices.Clone(items), fmt.Sprintf("z%05d", page))
		},
		"items in between come": func(page int, _ string, items []string) []string {
			return append(slices.Clone(items), fmt.Sprintf("n%05d+", page*3))
		},
		"the last one shown goes": func(_ int, last string, items []string) []string {
			return slices.DeleteFunc(slices.Clone(items), func(s string) bool { return s == last })
		},
		"everything shown goes": func(_ int, last string, items []string) []string {
			return slices.DeleteFunc(slices.Clone(items), func(s string) bool { return s <= last })
		},
		"some to come go": func(page int, _ string, items []string) []string {
			return slices.DeleteFunc(slices.Clone(items), func(s string) bool { return s == fmt.Sprintf("n%05d-", 199-page*10) })
		},
	} {
		t.Run(name, func(t *testing.T) {
			items := slices.Clone(stays)
			for i := range 20 { // and some that may go before they are shown
				items = append(items, fmt.Sprintf("n%05d-", i*10+9))
			}
			got, _ := pages(t, 10, items, between)
			for _, item := range stays {
				if n := count(got, item); n != 1 {
					t.Errorf("%s was shown %d times, want once", item, n)
				}
			}
			if !slices.IsSorted(got) {
				t.Errorf("got %q, want them in order", got)
			}
		})
	}
}

func count(items []string, item string) (n int) {
	for _, i := range items {
		if i == item {
			n++
		}
	}
	return n
}

// TestPageOfEqualKeys: keys have to be unique, and when they are not, nothing
// is lost and nobody goes round in circles.
func TestPageOfEqualKeys(t *testing.T) {
	items := []string{"a", "b", "b", "b", "", "", "c"}
	for limit := 1; limit <= len(items); limit++ {
		got, _ := pages(t, limit, items, nil)
		if want := []string{"", "", "a", "b", "b", "b", "c"}; !slices.Equal(got, want) {
			t.Errorf("by %d: got %q, want %q", limit, got, want)
		}
	}
}

// TestCursorIsForOneList: a cursor opens for the caller, the list, the filters
// and the process that it was made for, and for nothing else.
func TestCursorIsForOneList(t *testing.T) {
	d := newProcess()
	items := numbered(10)
	type filters struct {
		OS   string   `json:"os,omitempty"`
		Tags []string `json:"tags,omitempty"`
	}
	scope := []any{"list_all_devices", filters{OS: "linux"}}
	_, listed, err := Page(callBy(d, "alice"), Paging{Limit: 3}, scope, items, self)
	if err != nil {
		t.Fatal(err)
	}
	good := listed.NextCursor
	page, _, err := Page(callBy(d, "alice"), Paging{Limit: 2, Cursor: good}, scope, items, self)
	if diff := cmp.Diff(items[3:5], page); err != nil || diff != "" {
		t.Fatalf("the good cursor: error %v (-want +got):\n%s", err, diff)
	}
	raw, err := base64.RawURLEncoding.DecodeString(good)
	if err != nil {
		t.Fatal(err)
	}
	moved := append(slices.Clone(raw[:12]), "n00007"...)
	flipped := slices.Clone(raw)
	flipped[0] ^= 1
	sameNode := callBy(d, "alice")
	sameNode.Caller.Login, sameNode.Caller.Tags = "", []string{"alice"}

	for _, tt := range []struct {
		name   string
		call   Call
		scope  any
		cursor string
	}{
		{"another caller", callBy(d, "bob"), scope, good},
		{"another principal on the same node", sameNode, scope, good},
		{"another process", callBy(newProcess(), "alice"), scope, good},
		{"another tool", callBy(d, "alice"), []any{"list_peers", filters{OS: "linux"}}, good},
		{"another filter", callBy(d, "alice"), []any{"list_all_devices", filters{OS: "windows"}}, good},
		{"one filter more", callBy(d, "alice"), []any{"list_all_devices", filters{OS: "linux", Tags: []string{"tag:web"}}}, good},
		{"no filter", callBy(d, "alice"), nil, good},
		{"another position", callBy(d, "alice"), scope, base64.RawURLEncoding.EncodeToString(moved)},
		{"another signature", callBy(d, "alice"), scope, base64.RawURLEncoding.EncodeToString(flipped)},
		{"half of it", callBy(d, "alice"), scope, good[:8]},
		{"one byte less", callBy(d, "alice"), scope, good[:len(good)-1]},
		{"one byte more", callBy(d, "alice"), scope, good + "A"},
		{"a position in the clear", callBy(d, "alice"), scope, "n00003"},
		{"an offset", callBy(d, "alice"), scope, "3"},
		{"no base64", callBy(d, "alice"), scope, "\x1b[2J\u202e"},
		{"very long", callBy(d, "alice"), scope, strings.Repeat("A", 1<<20)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			page, listed, err := Page(tt.call, Paging{Cursor: tt.cursor}, tt.scope, items, self)
			if err == nil {
				t.Fatalf("got %q, want an error", page)
			}
			told.Check(t, err)
			if !strings.Contains(err.Error(), "start again without cursor") {
				t.Errorf("got %v, want the next step in it", err)
			}
			if len(page) > 0 || listed != (Listed{}) {
				t.Errorf("got %q and %+v with an error", page, listed)
			}
		})
	}
}

// TestCursorOutlivesItsItem: the last item shown may be gone.
func TestCursorOutlivesItsItem(t *testing.T) {
	call, items := callBy(newProcess(), "alice"), numbered(10)
	_, listed, err := Page(call, Paging{Limit: 3}, nil, items, self)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name  string
		items []string
		want  []string
	}{
		{"the item is gone", append(slices.Clone(items[:2]), items[3:]...), items[3:]},
		{"all that follow are gone", items[:3], nil},
		{"all are gone", nil, nil},
	} {
		page, rest, err := Page(call, Paging{Cursor: listed.NextCursor}, nil, tt.items, self)
		if err != nil || !slices.Equal(page, tt.want) || rest.NextCursor != "" {
			t.Errorf("%s: got %q, next %q, error %v; want %q and the end", tt.name, page, rest.NextCursor, err, tt.want)
		}
	}
}

func TestPageOfScopeThatIsNoJSON(t *testing.T) {
	if _, _, err := Page(callBy(newProcess(), "alice"), Paging{}, make(chan int), numbered(1), self); err == nil {
		t.Error("got no error, want one: such a cursor would open for any list")
	}
}
