// SPDX-License-Identifier: MIT

//go:build linux

package jail

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"tailscale-mcp/internal/testbed"
)

// person is somebody in the tailnet who calls the server plain behind the daemon.
type person struct {
	node *testbed.Node
	url  string
}

// call calls a tool over the tailnet.
func (c person) call(ctx context.Context, tool string, args map[string]any) (string, error) {
	if args == nil {
		args = map[string]any{}
	}
	body, err := json.Marshal(map[string]any{"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": map[string]any{
		"name": tool, "arguments": args, "_meta": map[string]any{
			"io.modelcontextprotocol/protocolVersion":    "2026-07-28",
			"io.modelcontextprotocol/clientCapabilities": map[string]any{},
			"io.modelcontextprotocol/clientInfo":         map[string]any{"name": "jail", "version": "1"},
		},
	}})
	if err != nil {
		return "", err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url, bytes.NewReader(body))
	if err != nil {
		return "", err
	}
	for name, value := range map[string]string{
		"Content-Type": "application/json", "Accept": "application/json, text/event-stream",
		"MCP-Protocol-Version": "2026-07-28", "Mcp-Method": "tools/call", "Mcp-Name": tool,
	} {
		r.Header.Set(name, value)
	}
	client := c.node.HTTPClient()
	defer client.CloseIdleConnections()
	res, err := client.Do(r)
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		return "", err
	}
	var answer struct {
		Result *struct {
			Content []struct{ Text string }
			IsError bool
		}
	}
	if err := json.Unmarshal(text, &answer); err != nil || answer.Result == nil || answer.Result.IsError || len(answer.Result.Content) != 1 {
		return "", fmt.Errorf("answered with %d: %.500s", res.StatusCode, text)
	}
	return answer.Result.Content[0].Text, nil
}

// served: two people who call the same server through the daemon are apart, as two
// connections of this test are, and what one's process does is nothing to the other's.
func served(t *testing.T, p *place) {
	desk, err := p.Peer(t.Context(), testbed.NodeOptions{Name: "desk", Login: "bob@example.com"})
	if err != nil {
		t.Fatal(err)
	}
	p.do(t, "systemctl start tailscale-mcp.service; tailscale-mcp server approve plain --yes")
	url := fmt.Sprintf("http://%s:8080/plain/mcp", p.Node.IPv4())
	alice, bob := person{p.peer, url}, person{desk, url}
	if text, err := bob.call(t.Context(), "try", nil); err == nil || !strings.Contains(err.Error(), "404") {
		t.Errorf("without a grant: %s, %v", text, err)
	}
	err = p.Tailnet.SetGrants(t.Context(), p.Node, testbed.Grant{
		Src: []*testbed.Node{p.peer, desk}, Cap: "jaxxstorm.com/cap/mcp", Values: []string{`{"tools":["plain/*"]}`},
	})
	if err != nil {
		t.Fatal(err)
	}
	// What the daemon knows of a caller is a second old at most.
	end := time.Now().Add(patience)
	for _, person := range []person{alice, bob} {
		for {
			_, err := person.call(t.Context(), "try", map[string]any{"probes": [][]string{{"who"}}})
			if err == nil {
				break
			}
			if time.Now().After(end) {
				t.Fatal(err)
			}
			time.Sleep(100 * time.Millisecond)
		}
	}
	ofAlice, ofBob := held(t, p, alice), held(t, p, bob)
	if ofAlice.UID == ofBob.UID || ofAlice.PID == ofBob.PID || ofAlice.UID == 0 || ofBob.UID == 0 {
		t.Errorf("alice has the process %d of the account %d, bob %d of %d", ofAlice.PID, ofAlice.UID, ofBob.PID, ofBob.UID)
	}
	name := p.unitOf(t, ofAlice.PID)
	if !regexp.MustCompile(`^tailscale-mcp-server-plain@[0-9]+-[0-9]+-[0-9]+\.service$`).MatchString(name) {
		t.Errorf("the unit is %s, want it to be named after the connection of the daemon", name)
	}
	t.Logf("alice's process has the account %d, in %s; bob's %d", ofAlice.UID, name, ofBob.UID)
	p.hold(t, bob, tried{ofAlice, p.heldBy(t, "ann")}, anothers("alice, through the daemon"))

	for _, tool := range []string{"die", "crash"} {
		if text, err := alice.call(t.Context(), tool, nil); err == nil || !strings.Contains(err.Error(), "the server plain has ended") {
			t.Errorf("alice, whose process did %s, got %s, %v", tool, text, err)
		}
		if now := held(t, p, bob); now.PID != ofBob.PID {
			t.Errorf("bob has another process after alice's did %s: %d, before %d", tool, now.PID, ofBob.PID)
		}
	}
	if now := held(t, p, alice); now.PID == ofAlice.PID {
		t.Error("alice has the same process still")
	}
	p.do(t, "systemctl stop tailscale-mcp.service")
	p.gone(t, "plain")
}
