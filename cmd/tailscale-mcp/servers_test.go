// SPDX-License-Identifier: MIT

//go:build unix

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/testbed"
	testservers "tailscale-mcp/internal/testbed/servers"
)

// TestServers are servers behind the daemon on a real tailnet.
func TestServers(t *testing.T) {
	t.Parallel() // it mostly waits
	t.Cleanup(testservers.Clean)
	t.Run("used", usesServer)
	t.Run("stopped", stopsServer)
}

// usesServer: who is granted something of a server uses it, the server is told who that is
// and what the policy file grants besides, nobody else finds it, and the commands of
// operators say all of that.
func usesServer(t *testing.T) {
	t.Parallel()
	ctx := t.Context()

	h := testservers.New(t)
	h.Odd("odd", `{"pass":["example.com/cap/files"]}`)
	h.Approve("odd", map[string]grant.Class{"echo": grant.Read, "who": grant.Read})
	tn, server, alice, rest := newTailnet(t, testbed.Options{}, testbed.NodeOptions{Name: "bob", Login: "bob@example.com"})
	bob := rest[0]
	if err := tn.SetGrants(ctx, server,
		testbed.Grant{Src: []*testbed.Node{alice}, Cap: capability, Values: []string{`{"tools":["odd/who","odd/ecko"]}`}},
		testbed.Grant{Src: []*testbed.Node{alice}, Cap: "example.com/cap/files", Values: []string{`{"folder":"/srv/docs"}`}},
		testbed.Grant{Src: []*testbed.Node{alice}, Cap: "example.com/cap/other", Values: []string{`1`}},
		grantAll(bob),
	); err != nil {
		t.Fatal(err)
	}
	behind := []string{"TAILSCALE_MCP_SERVERS=" + h.Dir, "TAILSCALE_MCP_SERVERS_UNCONFINED=true"}
	d := startDaemon(t, server, setup{env: behind})
	d.mustBecome(t, http.StatusOK, "up")
	base := fmt.Sprintf("http://%s:%d", server.Name, d.port)

	d.log.mustHave(t, "not confined") // what is missing

	a, err := call(ctx, alice.HTTPClient(), base+"/odd", "who", nil)
	if err != nil || a.status != http.StatusOK || a.isError {
		t.Fatalf("got %d %s, %v", a.status, a.body, err)
	}
	var told map[string]struct {
		Login, Name, Node, NodeID string
		Capabilities              map[string][]any
	}
	_ = json.Unmarshal([]byte(a.text), &told) // the members of others are of other types
	who := told["tailscale-mcp/caller"]
	if who.Login != "alice@example.com" || who.Name == "" || who.NodeID != alice.StableID() || len(who.Capabilities) != 1 || fmt.Sprint(who.Capabilities["example.com/cap/files"]) != "[map[folder:/srv/docs]]" {
		t.Errorf("the server was told %s", a.text)
	}
	a, err = call(ctx, alice.HTTPClient(), base, "whoami", nil)
	if err != nil || !strings.Contains(a.text, `"servers":[{"name":"odd","path":"/odd/mcp","tools":["odd/who"]}]`) {
		t.Errorf("whoami: %s, %v", a.text, err)
	}
	if a, err = call(ctx, bob.HTTPClient(), base+"/odd", "who", nil); err != nil || a.status != http.StatusNotFound {
		t.Errorf("bob: got %d %s, %v", a.status, a.body, err)
	}
	for who, want := range map[*testbed.Node]string{alice: `{"servers":[{"name":"odd","path":"/odd/mcp","about":"Be odd.","tools":{"read":1}}]}`, bob: `{"servers":[{"name":"tailscale","path":"/mcp",`} {
		got, err := listServers(ctx, who.HTTPClient(), base)
		if err != nil || !strings.HasPrefix(got, want) || who == bob && strings.Contains(got, "odd") {
			t.Errorf("the list for %s: %s, %v", who.Name, got, err)
		}
	}
	d.log.mustHave(t, "selector=odd/ecko")
	d.audit.mustHave(t, `"server":"odd","name":"odd/who","class":"read","classFrom":"pin"`, `"invocation":"`+testservers.Invocation+`"`, `"bytes":`)

	env := append([]string{"GORACE=" + raceOptions, "TAILSCALE_MCP_TAILSCALED_SOCKET=" + server.Socket, fmt.Sprintf("TAILSCALE_MCP_PORT=%d", d.port)}, behind...)
	mustPrint(t, env, "check --as alice", 0, []string{
		" tools: odd/who\n", "  yes  odd/who ", "by tools: odd/who\n", "  no   odd/echo ", "  resources: nothing\n",
		`An entry of theirs names "odd/ecko", which gives nothing: the server odd has no tool "ecko" that is approved (did you mean odd/echo?).`,
	}, nil)
	mustPrint(t, env, "check --as bob odd/who", 0, []string{"  no  odd/who  read", `"src": ["bob@example.com"]`, `{"tools": ["odd/who"]}`}, nil)
	mustPrint(t, env, "check --as bob odd/whom", 1, nil, []string{`error: the server odd has no tool "whom" that is approved (did you mean odd/who?)`, "hint: "})
	mustPrint(t, env, "doctor", 0, []string{
		"note  SERVERS ARE NOT CONFINED", "ok    the server odd: it answers within ", `note  a grant names "odd/ecko", which gives nothing: `,
	}, nil)

	d.terminate(t)
	if code := d.end(t); code != 0 {
		t.Errorf("exit code %d", code)
	}
	await(t, patience, func() error {
		if n, _ := h.Running(); n > 0 {
			return fmt.Errorf("%d processes are left", n)
		}
		return nil
	})
}

// listServers is what GET /servers answers.
func listServers(ctx context.Context, c *http.Client, base string) (string, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, base+"/servers", nil)
	if err != nil {
		return "", err
	}
	resp, err := c.Do(r)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	return string(text), err
}

// stopsServer: a call to a server that has not ended when a daemon that stops has
// waited long enough is answered with an error that says so, and has its outcome recorded.
func stopsServer(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	h := testservers.New(t)
	h.Odd("odd", "")
	h.Approve("odd", map[string]grant.Class{"hang": grant.Read})
	tn, server, alice, _ := newTailnet(t, testbed.Options{})
	if err := tn.SetGrants(ctx, server, testbed.Grant{Src: []*testbed.Node{alice}, Cap: capability, Values: []string{`{"tools":["odd/hang"]}`}}); err != nil {
		t.Fatal(err)
	}
	d := startDaemon(t, server, setup{env: []string{"TAILSCALE_MCP_SERVERS=" + h.Dir, "TAILSCALE_MCP_SERVERS_UNCONFINED=true"}})
	d.mustBecome(t, http.StatusOK, "up")
	answered := make(chan ended, 1)
	inBackground(t, func(ctx context.Context) {
		var e ended
		e.answer, e.err = call(ctx, alice.HTTPClient(), fmt.Sprintf("http://%s:%d/odd", server.Name, d.port), "hang", nil)
		answered <- e
	})
	await(t, patience, func() error {
		if n, _ := h.Running(); n == 0 || !strings.Contains(d.audit.String(), `"name":"odd/hang"`) {
			return fmt.Errorf("the call has not begun")
		}
		return nil
	})
	began := time.Now() // before it: the daemon counts from the signal
	d.terminate(t)
	if e := <-answered; e.err != nil || !e.isError || !strings.Contains(e.text, "restarts its gateway") {
		t.Errorf("got %d %s, %v", e.status, e.body, e.err)
	}
	if took := time.Since(began); took < stopTimeout || took > stopTimeout+answerTime {
		t.Errorf("answered after %s, want %s", took, stopTimeout)
	}
	if code := d.end(t); code != 0 {
		t.Errorf("exit code %d", code)
	}
	if took := time.Since(began); took > stopTimeout+within {
		t.Errorf("stopping took %s", took)
	}
	if !strings.Contains(d.audit.String(), `"event":"outcome"`) {
		t.Errorf("the outcome is not recorded:\n%s", d.audit)
	}
}
