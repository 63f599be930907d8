// SPDX-License-Identifier: MIT

package gateway_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
)

// eras runs a test with clients and servers of both eras.
func eras(t *testing.T, run func(t *testing.T, b *bench, alice, bob client)) {
	for _, server := range []string{"legacy", "modern"} {
		for _, kind := range []string{"session", "legacy", "modern"} {
			t.Run(kind+" client, "+server+" server", func(t *testing.T) {
				b := newBench(t)
				if server == "modern" {
					b.Odd("odd", "", "-modern")
				} else {
					b.Odd("odd", "")
				}
				b.approve(t, "odd", nil)
				b.both()
				alice, bob := b.alice(), b.bob()
				switch kind {
				case "session":
					alice, bob = alice.begin(t, "odd"), bob.begin(t, "odd")
				case "modern":
					alice.modern, bob.modern = true, true
				}
				run(t, b, alice, bob)
			})
		}
	}
}

// TestBytes: what a server answers goes out as it wrote it.
func TestBytes(t *testing.T) {
	const media = `"_meta":{"example.com/x":{"n":1.0}},"content":[{"type":"image","data":"aGk=","mimeType":"image/png","annotations":{"priority":0.50}},` +
		`{"type":"resource_link","uri":"file:///a/1","name":"one","new":null},{"type":"text","text":"<\u00e9&>"}],"structuredContent":{"big":9007199254740993,"e":1e2},"unknown":[1,{}]}}`
	eras(t, func(t *testing.T, _ *bench, alice, _ client) {
		got := alice.call(t, "odd", "media", nil)
		want := `{"jsonrpc":"2.0","id":1,"result":{` + media
		if alice.modern {
			want = `{"jsonrpc":"2.0","id":1,"result":{"resultType":"complete",` + media
		}
		if got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	})
}

// TestCompletion: values come from the caller's own process, for what is granted.
func TestCompletion(t *testing.T) {
	eras(t, func(t *testing.T, b *bench, alice, bob client) {
		b.grant("bob@example.com", `{"tools":["odd/echo"],"resources":["odd/file:///a/7"]}`)
		prompt := map[string]any{
			"ref": map[string]any{"type": "ref/prompt", "name": "greet"}, "argument": map[string]any{"name": "whom", "value": "A"},
			"context": map[string]any{"arguments": map[string]any{"city": "Bern"}},
		}
		template := map[string]any{"ref": map[string]any{"type": "ref/resource", "uri": "file:///a/{id}"}, "argument": map[string]any{"name": "id", "value": ""}}
		unknown := map[string]any{"ref": map[string]any{"type": "ref/prompt", "name": "nosuch"}, "argument": map[string]any{"name": "id", "value": ""}}
		if got := alice.must(t, "odd", "completion/complete", prompt); !strings.Contains(got, `"completion":{"values":["for `) ||
			!strings.Contains(got, `"asked":[{"type":"ref/prompt","name":"greet"},{"name":"whom","value":"A"},{"arguments":{"city":"Bern"}}],"big":9007199254740993`) {
			t.Errorf("of a prompt: %s", got)
		}
		if got := alice.must(t, "odd", "completion/complete", template); !strings.Contains(got, `"values":["for `) {
			t.Errorf("of a template: %s", got)
		}
		_, before := b.Running()
		if _, got := bob.post(t.Context(), t, "odd", "completion/complete", prompt); !strings.Contains(got, "access_denied") {
			t.Errorf("of a prompt that is not granted: %s", got)
		}
		if got := bob.must(t, "odd", "completion/complete", template); !strings.Contains(got, `"values":[]`) {
			t.Errorf("of a template of which one URI is granted: %s", got)
		}
		for _, ref := range []string{ // to Go they are about a template that is granted, to others about something else
			`{"type":"ref/resource","uri":"file:///secret/{id}","URI":"file:///a/{id}"}`, `{"type":"ref/resource","uri":"file:///secret/{id}","uri":"file:///a/{id}"}`,
			`{"type":"ref/prompt","name":"greet","uri":"file:///a/{id}","Type":"ref/resource"}`,
		} {
			_, got := alice.post(t.Context(), t, "odd", "completion/complete", map[string]any{"ref": json.RawMessage(ref), "argument": map[string]any{"name": "id", "value": ""}})
			if strings.Contains(got, "secret") || strings.Contains(got, "greet") {
				t.Errorf("asked about another than was decided about: %s", got)
			}
		}
		if _, got := bob.post(t.Context(), t, "odd", "completion/complete", unknown); !strings.Contains(got, "unknown_name") {
			t.Errorf("of what there is not: %s", got)
		}
		if _, n := b.Running(); n != before {
			t.Errorf("%d processes were started for what is not granted", n-before)
		}
	})
}

// TestErrors: an error of a server goes out with its code and data; what it does not have is
// said as the client's revision has it.
func TestErrors(t *testing.T) {
	eras(t, func(t *testing.T, _ *bench, alice, _ client) {
		want, status := `"code":-32002,`, 200
		if alice.modern {
			want, status = `"code":-32602,`, 400
		}
		if got, text := alice.post(t.Context(), t, "odd", "resources/read", map[string]any{"uri": "file:///a/missing"}); got != status ||
			!strings.Contains(text, want) || !strings.Contains(text, `"data":{"uri":"file:///a/missing"}`) || !strings.Contains(text, "nothing there") {
			t.Errorf("missing: %d %s", got, text)
		}
		if text := alice.must(t, "odd", "resources/read", map[string]any{"uri": "file:///a/public"}); strings.Contains(text, `"public"`) || strings.Contains(text, "cacheScope") != alice.modern {
			t.Errorf("for all caches: %s", text)
		}
		if got, text := alice.post(t.Context(), t, "odd", "resources/read", map[string]any{"uri": "file:///a/broken"}); got != 200 ||
			!strings.Contains(text, `"code":-32050,`) || !strings.Contains(text, `"data":{"big":9007199254740993}`) {
			t.Errorf("broken: %d %s", got, text)
		}
	})
}

// TestBareResults: a result that is no object is an error, and never half a message.
func TestBareResults(t *testing.T) {
	eras(t, func(t *testing.T, _ *bench, alice, _ client) {
		for _, bare := range []string{"null", "5", "true", "[]"} {
			_, text := alice.post(t.Context(), t, "odd", "resources/read", map[string]any{"uri": "file:///a/bare/" + bare})
			if !json.Valid([]byte(text)) || !strings.Contains(text, `"code":-31003,`) || strings.Contains(text, `"result"`) {
				t.Errorf("%s: %s", bare, text)
			}
		}
	})
}

// TestPages: long lists come in pages, each thing once, and the cursors are the caller's.
func TestPages(t *testing.T) {
	for _, modern := range []bool{false, true} {
		b := newBench(t)
		b.Odd("odd", "", "-many", "600")
		b.approve(t, "odd", nil)
		b.both()
		alice, bob := b.alice(), b.bob()
		alice.modern, bob.modern = modern, modern
		for method, member := range map[string]string{"tools/list": "tools", "resources/list": "resources"} {
			seen, pages, cursor := map[string]bool{}, 0, ""
			for {
				params := map[string]any{}
				if cursor != "" {
					params["cursor"] = cursor
					if _, text := bob.post(t.Context(), t, "odd", method, map[string]any{"cursor": cursor}); !strings.Contains(text, "-32602") {
						t.Errorf("bob goes on with a cursor of alice: %.200s", text)
					}
				}
				var page struct{ Result map[string]json.RawMessage }
				var items []struct{ Name, URI string }
				if err := json.Unmarshal([]byte(alice.must(t, "odd", method, params)), &page); err != nil {
					t.Fatal(err)
				}
				if err := json.Unmarshal(page.Result[member], &items); err != nil {
					t.Fatal(err)
				}
				for _, item := range items {
					if seen[item.Name+item.URI] {
						t.Errorf("%s twice", item.Name)
					}
					seen[item.Name+item.URI] = true
				}
				pages++
				cursor = ""
				if next := page.Result["nextCursor"]; next != nil {
					if err := json.Unmarshal(next, &cursor); err != nil {
						t.Fatal(err)
					}
				}
				if cursor == "" {
					break
				}
			}
			if pages != 3 || len(seen) < 600 {
				t.Errorf("%s: %d things on %d pages", method, len(seen), pages)
			}
		}
		if _, text := alice.post(t.Context(), t, "odd", "tools/list", map[string]any{"cursor": "made-up"}); !strings.Contains(text, "-32602") {
			t.Errorf("a cursor that was made up: %.200s", text)
		}
	}
}

// TestRequestsOfServers: what a server asks of its client is declined, and the client gets
// the error with which its call fails; a ping is answered.
func TestRequestsOfServers(t *testing.T) {
	eras(t, func(t *testing.T, _ *bench, alice, _ client) {
		for _, method := range []string{"elicitation/create", "sampling/createMessage", "roots/list", "invented/method"} {
			got := alice.call(t, "odd", "ask", map[string]any{"method": method})
			if !strings.Contains(got, "the client says: ") || !strings.Contains(got, "this gateway has not offered") || !strings.Contains(got, method) || !strings.Contains(got, `"isError":true`) {
				t.Errorf("%s: %s", method, got)
			}
		}
		if got := alice.call(t, "odd", "ask", map[string]any{"method": "input"}); !strings.Contains(got, "this gateway has not offered") || strings.Contains(got, "inputRequests") {
			t.Errorf("asked as the newer era does: %s", got)
		}
		if got := alice.call(t, "odd", "ask", map[string]any{"method": "number"}); strings.Contains(got, "inputRequests") {
			t.Errorf("a result of no type that there is: %s", got)
		}
		if got := alice.call(t, "odd", "ping", nil); !strings.Contains(got, "the client answers {}") {
			t.Errorf("ping: %s", got)
		}
	})
}

// TestProgress: a client hears of the progress of its own call, if it asked, before the
// answer; what is about no call in flight is dropped.
func TestProgress(t *testing.T) {
	eras(t, func(t *testing.T, _ *bench, alice, bob client) {
		var all sync.WaitGroup
		for who, c := range map[string]client{"alice": alice, "bob": bob} {
			for i := range 4 { // all of them have the id 1
				all.Go(func() {
					token := fmt.Sprint(who, i)
					meta := map[string]any{"progressToken": token}
					_, got := c.post(t.Context(), t, "odd", "tools/call", map[string]any{"name": "progress", "_meta": meta})
					if strings.Count(got, token) != 3 || strings.Count(got, "notifications/progress") != 3 || strings.Count(got, `"result":`) != 1 ||
						strings.Index(got, `"result":`) < strings.LastIndex(got, "notifications/progress") {
						t.Errorf("%s: %s", token, got)
					}
				})
			}
		}
		all.Wait()
		if got := alice.call(t, "odd", "progress", nil); strings.Contains(got, "notifications") {
			t.Errorf("unasked: %s", got)
		}
		_, got := alice.post(t.Context(), t, "odd", "tools/call", map[string]any{"name": "stray", "_meta": map[string]any{"progressToken": "t"}})
		if strings.Count(got, "notifications/progress") > 2 { // that of this very call, in both spellings
			t.Errorf("stray: %s", got)
		}
	})
}

// TestCancel: a call ends at the server when its own client cancels it, by the way of its
// era, and not when anybody else says so.
func TestCancel(t *testing.T) {
	eras(t, func(t *testing.T, b *bench, alice, bob client) {
		ctx, hangUp := context.WithCancel(t.Context())
		defer hangUp()
		answered := make(chan string, 1)
		alice.call(t, "odd", "count", nil) // its process runs
		go func() {
			_, text := alice.post(ctx, t, "odd", "tools/call", map[string]any{"name": "hang"})
			answered <- text
		}()
		eventually(t, "the server to have the call", func() bool { return strings.Contains(alice.call(t, "odd", "heard", nil), "hang") })
		others := []client{bob, b.bob()}
		if alice.session != "" {
			others = append(others, b.alice(), b.alice().begin(t, "odd")) // the same caller, elsewhere
		}
		for _, c := range others {
			if c.modern {
				continue // it has no way to say so
			}
			c.cancel(t, "odd")
		}
		bob.call(t, "odd", "count", nil)
		if got := alice.call(t, "odd", "heard", nil); strings.Contains(got, "cancelled") {
			t.Errorf("somebody else has cancelled: %s", got)
		}
		if alice.modern {
			hangUp()
		} else {
			alice.cancel(t, "odd")
		}
		eventually(t, "the server to be told", func() bool { return strings.Contains(alice.call(t, "odd", "heard", nil), "notifications/cancelled") })
		<-answered
	})
}

// TestHangUp: who has only gone has not cancelled a change, in the older revisions.
func TestHangUp(t *testing.T) {
	b := newBench(t)
	b.Odd("odd", "")
	b.approve(t, "odd", nil)
	b.both()
	alice := b.alice().begin(t, "odd")
	alice.call(t, "odd", "count", nil)
	ctx, hangUp := context.WithCancel(t.Context())
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		alice.post(ctx, t, "odd", "tools/call", map[string]any{"name": "ask", "arguments": map[string]any{"method": "x"}})
	}()
	eventually(t, "the call to be in flight", func() bool { return len(b.audit.Of("odd/ask")) > 0 })
	hangUp()
	<-gone
	eventually(t, "the outcome", func() bool { return len(b.audit.Of("odd/ask")) == 2 })
	if got := alice.call(t, "odd", "heard", nil); strings.Contains(got, "cancelled") {
		t.Errorf("the server was told that it is cancelled: %s", got)
	}
}

// TestListen: clients of the newer era are told on the stream that they open of what they
// asked for and may know, and of nothing that happens in the process of another caller.
func TestListen(t *testing.T) {
	for _, args := range [][]string{nil, {"-modern"}} {
		b := newBench(t)
		b.Odd("odd", "", args...)
		b.approve(t, "odd", nil)
		b.both()
		b.grant("alice@example.com", `{"tools":["odd/*"],"resources":["odd/file:///a/*"]}`)
		alice, bob := b.alice(), b.bob()
		alice.modern, bob.modern = true, true
		alice.offers = everything // as the one did whose sight was approved
		all := map[string]any{"toolsListChanged": true, "resourcesListChanged": true, "resourceSubscriptions": []string{"file:///a/1", "file:///b/2"}}
		ofAlice, ofBob := alice.subscribe(t, "odd", all), bob.subscribe(t, "odd", all)
		ofAlice.await(t, "acknowledged")
		ofBob.await(t, "acknowledged")
		if got := ofAlice.text(); strings.Contains(got, "file:///b/2") || !strings.Contains(got, `"resourceSubscriptions":["file:///a/1"]`) {
			t.Errorf("acknowledged: %s", got)
		}
		alice.must(t, "odd", "resources/list", nil)
		alice.call(t, "odd", "touch", nil)
		alice.call(t, "odd", "log", map[string]any{"text": "never"})
		alice.call(t, "odd", "unknown", nil)
		ofAlice.await(t, "notifications/resources/updated")
		alice.call(t, "odd", "relist", map[string]any{"uri": "file:///b/new"}) // which she does not see
		alice.call(t, "odd", "retool", map[string]any{"description": "Another."})
		ofAlice.await(t, "notifications/tools/list_changed")
		ofBob.await(t, "notifications/tools/list_changed") // it is withheld from all
		got := ofAlice.text()
		for _, never := range []string{"resources/list_changed", "never", "invented", "file:///b/2"} {
			if strings.Contains(got, never) {
				t.Errorf("alice heard %s: %s", never, got)
			}
		}
		if want := `{"jsonrpc":"2.0","method":"notifications/resources/updated","params":{"_meta":{"io.modelcontextprotocol/subscriptionId":1},"uri":"file:///a/1"}}`; strings.Count(got, want) != 1 {
			t.Errorf("want once %s: %s", want, got)
		}
		if strings.Contains(ofBob.text(), "resources/updated") {
			t.Errorf("bob heard %s", ofBob.text())
		}
		alice.call(t, "odd", "relist", map[string]any{"uri": "file:///a/new"})
		ofAlice.await(t, "notifications/resources/list_changed")
		ofAlice.hangUp()
		<-ofAlice.over
		if args == nil {
			eventually(t, "the server is told that nobody listens", func() bool {
				return strings.Contains(alice.call(t, "odd", "heard", nil), "resources/unsubscribe file:///a/1")
			})
		}
		b.grant("bob@example.com", "")
		<-ofBob.over
	}
}
