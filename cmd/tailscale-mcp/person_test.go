// SPDX-License-Identifier: MIT

//go:build unix

package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"tailscale-mcp/internal/config"
	"tailscale-mcp/internal/testbed"
)

// capability is the default of TAILSCALE_MCP_CAPABILITY.
const capability = "jaxxstorm.com/cap/mcp"

// granted is a tool that a grant of everything gives, and no grant does not.
const granted = "get_tailnet_status"

func grantAll(src ...*testbed.Node) testbed.Grant {
	return testbed.Grant{Src: src, Cap: capability, Values: []string{`{"tools":["*"],"resources":["*"]}`}}
}

// answer is what came back of one call.
type answer struct {
	status  int
	header  http.Header
	body    string
	text    string // of the tool's result
	isError bool   // the tool's result is an error
}

// attested is what whoami tells: who the server takes the caller for.
type attested struct {
	Login   string
	Tags    []string
	NodeID  string
	Address string
	Tools   []string
}

func (a answer) whoami() (who attested, err error) {
	if a.status != http.StatusOK || a.isError {
		return who, fmt.Errorf("whoami: status %d: %s", a.status, a.body)
	}
	return who, json.Unmarshal([]byte(a.text), &who)
}

// call calls a tool as the revision 2026-07-28 has it: one POST. base is
// http://HOST:PORT.
func call(ctx context.Context, c *http.Client, base, tool string, arguments map[string]any) (answer, error) {
	if arguments == nil {
		arguments = map[string]any{}
	}
	r, err := request(ctx, base, "tools/call", map[string]any{"name": tool, "arguments": arguments})
	if err != nil {
		return answer{}, err
	}
	r.Header.Set("Mcp-Name", tool)
	res, err := c.Do(r)
	if err != nil {
		return answer{}, err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return answer{}, err
	}
	a := answer{status: res.StatusCode, header: res.Header, body: string(body)}
	if a.status != http.StatusOK {
		return a, nil
	}
	var response struct {
		Result *struct {
			Content []struct{ Text string }
			IsError bool
		}
	}
	if err := json.Unmarshal(body, &response); err != nil || response.Result == nil || len(response.Result.Content) != 1 {
		return a, fmt.Errorf("no result of a tool: %s", body)
	}
	a.text, a.isError = response.Result.Content[0].Text, response.Result.IsError
	return a, nil
}

func request(ctx context.Context, base, method string, params map[string]any) (*http.Request, error) {
	params["_meta"] = map[string]any{
		"io.modelcontextprotocol/protocolVersion":    "2026-07-28",
		"io.modelcontextprotocol/clientCapabilities": map[string]any{},
		"io.modelcontextprotocol/clientInfo":         map[string]any{"name": "test", "version": "1"},
	}
	body, err := json.Marshal(map[string]any{"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
	if err != nil {
		return nil, err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, base+"/mcp", bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "application/json, text/event-stream")
	r.Header.Set("MCP-Protocol-Version", "2026-07-28")
	r.Header.Set("Mcp-Method", method)
	return r, nil
}

// addressedTo is a client on this host whose requests bear that Host header.
func addressedTo(host string) *http.Client {
	return &http.Client{Transport: withHost{&http.Transport{}, host}}
}

type withHost struct {
	http.RoundTripper
	host string
}

func (w withHost) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Host = w.host
	return w.RoundTripper.RoundTrip(r)
}

// mustAnswer waits until a call of whoami is answered and says what is wanted.
func mustAnswer(t testing.TB, c *http.Client, base string, wanted func(attested) error) time.Duration {
	t.Helper()
	return await(t, patience, func() error {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		a, err := call(ctx, c, base, "whoami", nil)
		if err != nil {
			return err
		}
		who, err := a.whoami()
		if err != nil {
			return err
		}
		return wanted(who)
	})
}

// as wants the caller to be taken for a login.
func as(login string) func(attested) error {
	return func(who attested) error {
		if who.Login != login || len(who.Tags) > 0 {
			return fmt.Errorf("whoami: got %q %v, want %q", who.Login, who.Tags, login)
		}
		return nil
	}
}

// may wants the caller to be granted something, or nothing.
func may(want bool) func(attested) error {
	return func(who attested) error {
		// Everybody may call whoami.
		if got := slices.ContainsFunc(who.Tools, func(name string) bool { return name != "whoami" }); got != want {
			return fmt.Errorf("whoami: may use %q, want something: %v", who.Tools, want)
		}
		return nil
	}
}

// stream is an open subscriptions/listen.
type stream struct {
	events chan string // the data of each event; closed when the stream ends
}

// subscribe opens a stream that tells of changed tools. It ends with t.
func subscribe(t testing.TB, c *http.Client, base string) *stream {
	t.Helper()
	r, err := request(t.Context(), base, "subscriptions/listen", map[string]any{"notifications": map[string]any{"toolsListChanged": true}})
	if err != nil {
		t.Fatal(err)
	}
	res, err := c.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	if res.StatusCode != http.StatusOK {
		t.Fatalf("subscriptions/listen: status %s", res.Status)
	}
	t.Cleanup(func() { _ = res.Body.Close() })
	s := &stream{events: make(chan string, 100)}
	go func() {
		defer close(s.events)
		defer res.Body.Close()
		for lines := bufio.NewScanner(res.Body); lines.Scan(); {
			if data, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
				s.events <- data
			}
		}
	}()
	s.next(t, patience, `"notifications/subscriptions/acknowledged"`)
	return s
}

// next wants the next event, in time, to have a text in it.
func (s *stream) next(t testing.TB, atMost time.Duration, text string) time.Duration {
	t.Helper()
	began := time.Now()
	select {
	case event, open := <-s.events:
		if !open || !strings.Contains(event, text) {
			t.Fatalf("stream: got the event %q (open: %v), want %s", event, open, text)
		}
	case <-time.After(atMost):
		t.Fatalf("stream: nothing within %s, want %s", atMost, text)
	}
	return time.Since(began)
}

// ends wants the stream to end, in time, with a result.
func (s *stream) ends(t testing.TB, atMost time.Duration) time.Duration {
	t.Helper()
	took := s.next(t, atMost, `"resultType":"complete"`)
	select {
	case event, open := <-s.events:
		if open {
			t.Fatalf("stream: got the event %q after the result", event)
		}
	case <-time.After(patience):
		t.Fatal("stream: still open after the result")
	}
	return took
}

// TestDefaultCapability: the tests grant what a daemon without configuration reads.
func TestDefaultCapability(t *testing.T) {
	for _, v := range config.Reference() {
		if v.Name == "TAILSCALE_MCP_CAPABILITY" && v.Default != capability {
			t.Errorf("the default capability: got %s, want %s", v.Default, capability)
		}
	}
}
