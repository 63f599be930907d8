// SPDX-License-Identifier: MIT

package hostile

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func serve(t *testing.T, o Options) (*Server, string) {
	t.Helper()
	s := New(o)
	h := httptest.NewServer(s)
	t.Cleanup(h.Close)
	return s, h.URL
}

// post sends a message and returns the answer; nil when there was none.
func post(t *testing.T, url, session, message string) (*http.Response, string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, url, strings.NewReader(message))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set(sessionHeader, session)
	c := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := c.Do(r)
	if err != nil {
		return nil, "", err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	return resp, string(text), err
}

func call(id int, tool, said string) string {
	return fmt.Sprintf(`{"jsonrpc":"2.0","id":%d,"method":"tools/call","params":{"name":%q,"arguments":{"said":%q}}}`, id, tool, said)
}

const hello = `{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25"}}`

// TestStreamable: without a fault it is a server as others, and with each it is not.
func TestStreamable(t *testing.T) {
	s, url := serve(t, Options{Away: "http://elsewhere.example/mcp", Seed: 1})
	begin := func() string {
		resp, text, err := post(t, url+"/mcp", "", hello)
		if err != nil || !strings.Contains(text, `"protocolVersion":"2025-11-25"`) {
			t.Fatalf("initialize: %s, %v", text, err)
		}
		return resp.Header.Get(sessionHeader)
	}
	session := begin()
	for n := range 10 { // in both forms of an answer
		if resp, text, err := post(t, url+"/mcp", session, call(n, "echo", "hey")); err != nil || resp.StatusCode != 200 || !strings.Contains(text, `hey`) {
			t.Errorf("echo: %v, %s, %v", resp, text, err)
		}
	}
	heeded := map[string]bool{"spelled": true, "trickle": true, "twice": true, "others": true, "asks": true, "flood": true, "rubbish": true, "bytes": true, "headers": true}
	for name, f := range faults {
		if f.streamable == nil || name == "never" || name == "endless" {
			continue
		}
		session := begin()
		resp, text, err := post(t, url+"/mcp", session, call(7, name, "hey"))
		good := err == nil && resp.StatusCode == 200 && strings.HasPrefix(resp.Header.Get("Content-Type"), "application/json") && strings.Contains(text, `hey`)
		if good && !heeded[name] {
			t.Errorf("%s is no fault: %s", name, text)
		}
		if s.Report().Faults[name] != 1 {
			t.Errorf("%s was not met", name)
		}
	}
}

// TestSSE: by HTTP+SSE the answer comes on the stream, if no fault keeps it.
func TestSSE(t *testing.T) {
	_, url := serve(t, Options{Away: "http://elsewhere.example/mcp", Seed: 1})
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/sse", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	stream := bufio.NewScanner(resp.Body)
	next := func(word string) string {
		for stream.Scan() {
			if strings.Contains(stream.Text(), word) {
				return stream.Text()
			}
		}
		t.Fatalf("the stream has ended (%v), and said nothing of %s", stream.Err(), word)
		return ""
	}
	to := url + strings.TrimPrefix(next("/messages?session="), "data: ")
	for _, tool := range []string{"echo", "trickle", "rubbish", "others", "elsewhere"} {
		if resp, _, err := post(t, to, "", call(3, tool, "of "+tool)); err != nil || resp.StatusCode != http.StatusAccepted {
			t.Errorf("%s: %v, %v", tool, resp, err)
		}
		next("of " + tool)
	}
	if resp, _, err := post(t, to, "", call(3, "lost", "")); err != nil || resp.StatusCode != http.StatusNotFound {
		t.Errorf("lost: %v, %v", resp, err)
	}
	if resp, _, err := post(t, to, "", call(3, "echo", "")); err != nil || resp.StatusCode != http.StatusNotFound {
		t.Errorf("after it was lost: %v, %v", resp, err)
	}
}

// TestChance: faults come as often as was said, the same for the same seed, and the token
// is asked for.
func TestChance(t *testing.T) {
	met := func() Report {
		s, url := serve(t, Options{Modern: true, Chance: 0.5, Seed: 7, Faults: []string{"lost", "forbidden"}})
		for n := range 40 {
			_, _, _ = post(t, url+"/mcp", "", call(n, "echo", ""))
		}
		return s.Report()
	}
	first, second := met(), met()
	if n := first.Faults["lost"] + first.Faults["forbidden"]; first.Asked != 40 || n < 10 || n > 30 || fmt.Sprint(first) != fmt.Sprint(second) {
		t.Errorf("got %v and %v", first, second)
	}
	s, url := serve(t, Options{Token: "open"})
	if resp, _, err := post(t, url+"/mcp", "", hello); err != nil || resp.StatusCode != http.StatusUnauthorized || s.Report().Bare != 1 {
		t.Errorf("without the token: %v, %v", resp, err)
	}
}
