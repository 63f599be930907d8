// SPDX-License-Identifier: MIT

package mcpserver

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"tailscale-mcp/internal/identity"
)

// stream is an open subscriptions/listen. Its events are closed when it ends.
type stream struct {
	header   http.Header
	events   chan string
	comments atomic.Int32
	hangUp   context.CancelFunc
}

// listen opens a stream with the kinds of changes that are asked for.
func (c *client) listen(t testing.TB, id any, kinds ...string) *stream {
	t.Helper()
	wanted := map[string]any{}
	for _, kind := range kinds {
		wanted[kind+"ListChanged"] = true
	}
	ctx, hangUp := context.WithCancel(t.Context())
	t.Cleanup(hangUp)
	res, err := c.http.Do(c.request(ctx, id, "subscriptions/listen", map[string]any{"notifications": wanted}))
	if err != nil {
		t.Fatal(err)
	}
	s := &stream{header: res.Header, events: make(chan string, 100), hangUp: hangUp}
	go func() {
		defer close(s.events)
		defer res.Body.Close()
		for lines := bufio.NewScanner(res.Body); lines.Scan(); {
			if data, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
				s.events <- data
			} else if strings.HasPrefix(lines.Text(), ":") {
				s.comments.Add(1)
			}
		}
	}()
	return s
}

// next wants the next event to be the notification, or "result", with the tag.
func (s *stream) next(t testing.TB, want, id string) (text string) {
	t.Helper()
	text = receive(t, want, s.events)
	var m struct {
		ID     json.RawMessage
		Method string
		Params struct {
			Meta map[string]json.RawMessage `json:"_meta"`
		}
		Result struct {
			ResultType string
			Meta       map[string]json.RawMessage `json:"_meta"`
		}
	}
	if err := json.Unmarshal([]byte(text), &m); err != nil {
		t.Fatalf("event %q: %v", text, err)
	}
	tag := string(m.Params.Meta[subscriptionID])
	if m.Result.ResultType == "complete" && string(m.ID) == id {
		m.Method, tag = "result", string(m.Result.Meta[subscriptionID])
	}
	if m.Method != want || tag != id {
		t.Errorf("got the event %s, want %s with the tag %s", text, want, id)
	}
	return text
}

// ended wants the stream to end with nothing more.
func (s *stream) ended(t testing.TB) {
	t.Helper()
	if text := receive(t, "the end of the stream", s.events); text != "" {
		t.Errorf("got the event %s, want the end", text)
	}
}

func TestListenAcknowledgesWhatItHonours(t *testing.T) {
	for _, c := range []struct {
		kinds []string
		want  string
	}{
		{[]string{"tools"}, `"notifications":{"toolsListChanged":true}`},
		{[]string{"tools", "prompts", "resources"}, `"notifications":{"toolsListChanged":true,"promptsListChanged":true,"resourcesListChanged":true}`},
		{[]string{"tools", "weather"}, `"notifications":{"toolsListChanged":true}`},
	} {
		for _, id := range []string{`"sub"`, "0", "9007199254740993", "1.50"} {
			b := newBench(t)
			s := b.alice(t, modern).listen(t, json.RawMessage(id), c.kinds...)
			if text := s.next(t, acknowledged, id); !strings.Contains(text, c.want) {
				t.Errorf("asked for %q: %s", c.kinds, text)
			}
			if s.header.Get("X-Accel-Buffering") != "no" || s.header.Get("Cache-Control") != "no-store" {
				t.Errorf("headers: %v", s.header)
			}
			b.Drain()
			s.next(t, "result", id)
			s.ended(t)
		}
	}
}

// TestListenTellsOnlyWhatChanged: only the kinds that were asked for, and only
// when what this caller may use has changed.
func TestListenTellsOnlyWhatChanged(t *testing.T) {
	const tools, prompts, resources = "notifications/tools/list_changed", "notifications/prompts/list_changed", "notifications/resources/list_changed"
	b := newBench(t)
	b.grant("alice@example.com", `{"tools":["get_echo"]}`)
	alice := b.alice(t, modern)
	all := alice.listen(t, "all", "tools", "prompts", "resources")
	onlyTools := alice.listen(t, "tools", "tools")
	onlyResources := alice.listen(t, "resources", "resources")
	bobs := b.bob(t, modern).listen(t, "all", "tools", "prompts", "resources")
	for s, id := range map[*stream]string{all: "all", onlyTools: "tools", onlyResources: "resources", bobs: "all"} {
		s.next(t, acknowledged, fmt.Sprintf("%q", id))
	}

	b.grant("alice@example.com", `{"tools":["get_echo"],"resources":["test://thing"]}`)
	all.next(t, resources, `"all"`)
	onlyResources.next(t, resources, `"resources"`)
	// The same in other words changes nothing.
	b.grant("alice@example.com", `{"resources":["test://thing/{id}"]}`, `{"tools":["get_echo"]}`)
	// What another may use is no news to her.
	b.grant("bob@example.com", `{"tools":["*"],"resources":["*"]}`)
	bobs.next(t, tools, `"all"`)
	bobs.next(t, prompts, `"all"`)
	bobs.next(t, resources, `"all"`)

	b.grant("alice@example.com", `{"tools":["get_echo","get_other"],"resources":["test://thing"]}`)
	all.next(t, tools, `"all"`)
	all.next(t, prompts, `"all"`)
	onlyTools.next(t, tools, `"tools"`)

	b.grant("alice@example.com", `{"tools":["get_other"],"resources":["test://thing"]}`)
	all.next(t, tools, `"all"`)
	all.next(t, prompts, `"all"`)
	onlyTools.next(t, tools, `"tools"`)

	b.Drain()
	for s, id := range map[*stream]string{all: "all", onlyTools: "tools", onlyResources: "resources", bobs: "all"} {
		s.next(t, "result", fmt.Sprintf("%q", id))
		s.ended(t)
	}
}

// TestListenEndsWithItsCaller: a stream lasts no longer than a new request of
// its caller would be served.
func TestListenEndsWithItsCaller(t *testing.T) {
	for _, c := range []struct {
		name string
		do   func(*bench)
	}{
		{"unknown", func(b *bench) { b.vanish(identity.ErrUnknown) }},
		{"tailscaled away", func(b *bench) { b.vanish(identity.ErrUnavailable) }},
		{"malformed grant", func(b *bench) { b.grant("alice@example.com", `{"tools":`) }},
		{"another's address now", func(b *bench) { b.rename("alice@example.com", "mallory@example.com") }},
		{"drain", func(b *bench) { b.Drain() }},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t)
			s := b.alice(t, modern).listen(t, 1, "tools")
			s.next(t, acknowledged, "1")
			c.do(b)
			s.next(t, "result", "1")
			s.ended(t)

			// Its opening is on record, and that it was taken away.
			allowed, refused := 0, 0
			for _, r := range b.audit.Records() {
				switch {
				case r.Method != "subscriptions/listen" || r.Login != "alice@example.com":
				case r.Allowed:
					allowed++
				default:
					refused++
				}
			}
			wantRefused := 1
			if c.name == "drain" {
				wantRefused = 0
			}
			if allowed != 1 || refused != wantRefused {
				t.Errorf("got %d allowed and %d refused records of the stream, want 1 and %d", allowed, refused, wantRefused)
			}
		})
	}
}

func TestListenSaysThatItLives(t *testing.T) {
	b := newBench(t)
	s := b.alice(t, modern).listen(t, 1, "tools")
	s.next(t, acknowledged, "1")
	await(t, "comments on a quiet stream", func() bool { return s.comments.Load() >= 3 })
	s.hangUp() // and the server is left with nothing of it, as newBench checks
}

func TestListenForNothingEndsAtOnce(t *testing.T) {
	b := newBench(t)
	alice := b.alice(t, modern)
	for range 50 { // the end must never overtake the acknowledgement
		s := alice.listen(t, 1)
		s.next(t, acknowledged, "1")
		s.next(t, "result", "1")
		s.ended(t)
	}
}

// TestListenToResources: what is behind a URI is not watched, and not promised.
func TestListenToResources(t *testing.T) {
	b := newBench(t)
	b.grant("alice@example.com", `{"resources":["*"]}`)
	alice := b.alice(t, modern)
	r := alice.do(t, alice.request(t.Context(), 1, "subscriptions/listen", map[string]any{
		"notifications": map[string]any{"resourceSubscriptions": []string{"test://fixed"}},
	}))
	if len(r.notifications) != 1 || strings.Contains(r.notifications[0], "test://fixed") || r.Result == nil {
		t.Errorf("%q, %s", r.notifications, r.body)
	}
}

// TestListenIsRefused: what is no valid request gets no stream.
func TestListenIsRefused(t *testing.T) {
	b := newBench(t)
	alice := b.alice(t, modern)
	wanted := func() map[string]any {
		return map[string]any{"notifications": map[string]any{"toolsListChanged": true}}
	}
	wrongMethod := alice.request(t.Context(), 1, "subscriptions/listen", wanted())
	wrongMethod.Header.Set("Mcp-Method", "tools/list")
	if got := alice.do(t, wrongMethod); got.status != 400 || got.Error == nil || got.Error.Code != -32020 || string(got.ID) != "1" {
		t.Errorf("another method in the header: status %d, %s", got.status, got.body)
	}
	if got := alice.do(t, alice.request(t.Context(), nil, "subscriptions/listen", wanted())); got.status != 202 {
		t.Errorf("as a notification: status %d, %s", got.status, got.body)
	}
	old := b.alice(t, legacy)
	if got := old.do(t, old.request(t.Context(), 1, "subscriptions/listen", wanted())); got.Error == nil || got.Error.Code != -32601 {
		t.Errorf("in an older revision: status %d, %s", got.status, got.body)
	}
}

// TestListenAfterDrain: a stopping server opens no stream that would hold it.
func TestListenAfterDrain(t *testing.T) {
	b := newBench(t)
	b.Drain()
	alice := b.alice(t, modern)
	s := alice.listen(t, 1, "tools")
	s.next(t, acknowledged, "1")
	s.next(t, "result", "1")
	s.ended(t)
}
