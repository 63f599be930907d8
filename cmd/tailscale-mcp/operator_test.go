// SPDX-License-Identifier: MIT

//go:build unix

package main

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"

	"tailscale-mcp/internal/testbed"
	"tailscale-mcp/internal/testbed/fakeapi"
)

// TestOperatorCommands are the subcommands that ask tailscaled, on a real tailnet.
func TestOperatorCommands(t *testing.T) {
	ctx := t.Context()
	tn, server, alice, rest := newTailnet(t, testbed.Options{},
		testbed.NodeOptions{Name: "bob", Login: "bob@example.com"},
		testbed.NodeOptions{Name: "runner", Tags: []string{"tag:ci"}})
	bob, runner := rest[0], rest[1]
	if err := tn.SetGrants(ctx, server,
		testbed.Grant{Src: []*testbed.Node{alice}, Cap: capability, Values: []string{`{"tools":["write:*","ping_peer"]}`}},
		testbed.Grant{Src: []*testbed.Node{runner}, Cap: capability, Values: []string{`{"tool":["read:*"]}`}},
	); err != nil {
		t.Fatal(err)
	}
	d := startDaemon(t, server, setup{})
	d.mustBecome(t, http.StatusOK, "up")
	env := []string{"GORACE=" + raceOptions, "TAILSCALE_MCP_TAILSCALED_SOCKET=" + server.Socket, fmt.Sprintf("TAILSCALE_MCP_PORT=%d", d.port)}

	for _, c := range []struct {
		name     string
		args     string
		code     int
		out, err []string
	}{
		{
			name: "a user", args: "check --as alice@example.com",
			out: []string{
				"alice@example.com on alice.example.ts.net (" + alice.IPv4().String() + "):\n",
				" tools: write:*, ping_peer; ", "  yes  ping_peer ", "by tools: ping_peer\n", "  no   get_tailnet_status ", "  yes  whoami ",
				"granted by tools: write:*, but this host does not offer the class: TAILSCALE_MCP_ALLOW\n",
			},
		},
		{
			name: "one tool that is missing", args: "check --as bob get_tailnet_status",
			out: []string{"bob@example.com on bob.example.ts.net", "  no  get_tailnet_status ", `"src": ["bob@example.com"]`, `"dst": ["tag:mcp"]`, fmt.Sprintf(`"tcp:%d"`, d.port), `{"tools": ["get_tailnet_status"]}`},
		},
		{
			name: "one tool that a grant alone would not give", args: "check --as bob delete_device",
			out: []string{`{"tools": ["delete_device"]}`, "\nBut this host does not offer the class: TAILSCALE_MCP_ALLOW.\n"},
		},
		{name: "a node by address", args: "check --as " + bob.IPv6().String() + " whoami", out: []string{"bob@example.com on bob", "  yes  whoami "}},
		{name: "a grant that cannot be read", args: "check --as tag:ci", out: []string{"tag:ci on runner.example.ts.net", "every request is refused: a grant for this caller cannot be read"}},
		{name: "the host itself", args: "check --as server", out: []string{"every request is refused: the caller is this very host"}},
		{name: "a stranger", args: "check --as mallory@example.com", code: 1, err: []string{"error: this host sees no node of mallory@example.com", "hint: tailscale status"}},
		{name: "a tool that does not exist", args: "check --as bob frobnicate", code: 1, err: []string{`error: this version has no tool "frobnicate"`, "hint: tailscale-mcp tools"}},
		{name: "a grant for this host", args: "grant --src bob@example.com --read", out: []string{`"dst": ["tag:mcp"]`, fmt.Sprintf(`"tcp:%d"`, d.port)}},
		{
			name: "the way of a request", args: "doctor", code: 1,
			out: []string{
				"ok    configuration: offers read tools", "ok    tailscaled ", "grants name this host as tag:mcp\n",
				"note  tailscaled runs with userspace networking", fmt.Sprintf("ok    the daemon answers on 127.0.0.1:%d\n", d.port),
			},
			err: []string{"error: tag:ci on runner.example.ts.net: a grant for this caller cannot be read", "hint: correct the entry of " + capability},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			mustPrint(t, env, c.args, c.code, c.out, c.err)
		})
	}

	// All is well, with the credential too.
	api, err := fakeapi.Start(fakeapi.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(api.Close)
	api.AddDevices(3)
	env = append(env, "TAILSCALE_API_URL="+api.URL(), "TAILSCALE_API_KEY="+fakeapi.DefaultAPIKey)
	if err := tn.SetGrants(ctx, server, grantAll(alice)); err != nil {
		t.Fatal(err)
	}
	mustPrint(t, env, "doctor", 0, []string{"ok    1 of 3 nodes are granted something here: alice@example.com\n", "ok    the Tailscale API shows 3 devices\n", "note  the credential is an API access token"}, nil)

	// The lines of the policy file, where what tailscaled has heard and what the file
	// says are not the same.
	api.SetDevices([]fakeapi.Device{
		{NodeID: server.StableID(), ID: "1", Hostname: "server", Tags: []string{"tag:mcp"}, Addresses: []string{server.IPv4().String()}},
		{NodeID: alice.StableID(), ID: "2", Hostname: "alice", User: "alice@example.com", Addresses: []string{alice.IPv4().String()}},
		{NodeID: bob.StableID(), ID: "3", Hostname: "bob", User: "bob@example.com", Addresses: []string{bob.IPv4().String()}},
	})
	if err := api.SetPolicy(fmt.Sprintf(`{"tagOwners": {"tag:mcp": []}, "grants": [
		{"src": ["alice@example.com"], "dst": ["tag:mcp"], "ip": ["tcp:1"], "app": {%[1]q: [{"tools": ["read:*"]}]}},
		{"src": ["bob@example.com"], "dst": ["tag:mcp"], "ip": ["*"], "app": {%[1]q: [{"tools": ["read:*"]}]}},
	]}`, capability)); err != nil {
		t.Fatal(err)
	}
	mustPrint(t, env, "check --as alice list_peers", 0, []string{
		"  yes  list_peers  read  by tools: *, line 2 of the policy file\n",
		fmt.Sprintf("\nBut no rule lets alice@example.com connect to tcp:%d of this host (line 2: a rule opens tcp:1 there, and not tcp:%[1]d).\n", d.port),
		`"src": ["alice@example.com"]`, fmt.Sprintf(`"ip": ["tcp:%d"]`, d.port),
	}, nil)
	mustPrint(t, env, "check --as alice set_dns_nameservers", 0, []string{
		"granted by tools: *, by no line of the policy file as it is now, but this host does not offer the class",
	}, nil)
	mustPrint(t, env, "check --as bob list_peers", 0, []string{"  no  list_peers  read  tailscaled does not say so (yet), but it is granted, line 3 of the policy file\n"}, nil)
	mustPrint(t, env, "check list_peers", 0, []string{"2     tools: read:*  alice@example.com  alice@example.com\n", "no rule lets these connect to tcp:"}, nil)

	// What breaks first is what is said.
	api.RevokeTokens()
	api.Fail("listTailnetDevices", fakeapi.Status(http.StatusUnauthorized))
	mustPrint(t, env, "doctor", 1, []string{"ok    1 of 3 nodes"}, []string{"error: the Tailscale API refuses: ", "hint: "})
	d.terminate(t)
	d.end(t)
	mustPrint(t, env, "doctor", 1, []string{"ok    tailscaled "}, []string{"error: nothing answers on 127.0.0.1:", "hint: systemctl status tailscale-mcp.socket"})
	if err := server.LogOut(ctx); err != nil {
		t.Fatal(err)
	}
	mustPrint(t, env, "doctor", 1, nil, []string{"error: Tailscale is logged out on this host", "hint: an administrator of this host runs: tailscale up"})
	mustPrint(t, env, "grant --src bob@example.com --read", 1, nil, []string{"error: Tailscale is logged out on this host", "--dst tag:NAME"})
	mustPrint(t, env, "check --as bob", 1, nil, []string{"error: Tailscale is logged out on this host", "hint: an administrator of this host runs: tailscale up"})
}

// mustPrint runs the program to its end and looks at what it says.
func mustPrint(t *testing.T, env []string, args string, code int, wantOut, wantErr []string) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self)
	cmd.Args = append([]string{program}, strings.Fields(args)...)
	cmd.Env = env
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	_ = cmd.Run() // how it ended is in its exit code
	if got := cmd.ProcessState.ExitCode(); got != code {
		t.Errorf("%s: got exit code %d, want %d\n%s%s", args, got, code, &stdout, &stderr)
	}
	for _, c := range []struct {
		name, got string
		want      []string
	}{{"standard output", stdout.String(), wantOut}, {"standard error", stderr.String(), wantErr}} {
		for _, want := range c.want {
			if !strings.Contains(c.got, want) {
				t.Errorf("%s: %s: got\n%s\nwant %q in it", args, c.name, c.got, want)
			}
		}
	}
	for line := range strings.Lines(stderr.String()) {
		if code == 0 && !strings.HasPrefix(line, "note: ") {
			t.Errorf("%s: got on standard error: %s", args, line)
		}
	}
}
