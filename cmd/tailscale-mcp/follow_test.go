// SPDX-License-Identifier: MIT

//go:build unix

package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"tailscale.com/ipn"

	"tailscale-mcp/internal/testbed"
)

// newTailnet is a tailnet of a server, tagged tag:mcp, and alice's laptop.
func newTailnet(t testing.TB, opts testbed.Options, more ...testbed.NodeOptions) (tn *testbed.Tailnet, server, alice *testbed.Node, rest []*testbed.Node) {
	t.Helper()
	tn = testbed.New(t, opts)
	nodes, err := tn.AddNodes(t.Context(), append([]testbed.NodeOptions{
		{Name: "server", Tags: []string{"tag:mcp"}},
		{Name: "alice", Login: "alice@example.com"},
	}, more...)...)
	if err != nil {
		t.Fatal(err)
	}
	return tn, nodes[0], nodes[1], nodes[2:]
}

// disruption is something that happens to tailscaled while somebody calls.
type disruption struct {
	name string
	do   func(context.Context) error
}

// inTurn does one thing after another.
func inTurn(steps ...func(context.Context) error) func(context.Context) error {
	return func(ctx context.Context) error {
		for _, step := range steps {
			if err := step(ctx); err != nil {
				return err
			}
		}
		return nil
	}
}

// disruptions are the things that happen to the tailscaled beside the daemon.
// noticed waits until the daemon has seen it: without that an outage may be over
// before anybody sees it, which happens too.
func disruptions(tn *testbed.Tailnet, server *testbed.Node, another netip.Addr, noticed func(context.Context) error) []disruption {
	remove := func(ctx context.Context) error { return tn.Remove(ctx, server) }
	switched := func(on bool) func(context.Context) error { // tailscale down, tailscale up
		return func(ctx context.Context) error {
			_, err := server.LocalClient().EditPrefs(ctx, &ipn.MaskedPrefs{Prefs: ipn.Prefs{WantRunning: on}, WantRunningSet: true})
			return err
		}
	}
	return []disruption{
		{"nothing", inTurn()},
		{"stopped, started", inTurn(server.Stop, noticed, server.Start)},
		{"killed, started", inTurn(server.Kill, noticed, server.Start)},
		{"killed and started at once", inTurn(server.Kill, server.Start)},
		{"switched off, on", inTurn(switched(false), noticed, switched(true), tn.Settle)},
		{"logged out, in", inTurn(server.LogOut, noticed, server.LogIn)},
		{"logged in as another node", func(ctx context.Context) error { return server.LogInAs(ctx, "", "tag:mcp") }},
		{"given another address", func(ctx context.Context) error { return tn.SetAddress(ctx, server, another) }},
		{"removed, logged in", inTurn(remove, noticed, server.LogIn)},
	}
}

// TestWaitsForTailscaled: the daemon starts before tailscaled does, and before
// the host is logged in.
func TestWaitsForTailscaled(t *testing.T) {
	ctx := t.Context()
	_, server, alice, _ := newTailnet(t, testbed.Options{})
	if err := inTurn(server.LogOut, server.Stop)(ctx); err != nil {
		t.Fatal(err)
	}
	d := startDaemon(t, server, setup{env: []string{"TAILSCALE_MCP_HOSTNAMES=mcp.example.com"}})
	d.told.mustSay(t, "waiting for tailscaled")
	if _, _, err := d.health(ctx); err == nil {
		t.Error("the daemon listens on loopback before it knows that tailscaled delivers there")
	}
	if err := server.Start(ctx); err != nil {
		t.Fatal(err)
	}
	d.mustBecome(t, http.StatusServiceUnavailable, "waiting")
	d.told.mustSay(t, "waiting for a login")
	d.mustTellStranger(t, server, http.StatusServiceUnavailable)

	state := watchBackend(t, server)
	began := time.Now()
	if err := server.LogIn(ctx); err != nil {
		t.Fatal(err)
	}
	d.mustBecome(t, http.StatusOK, "up")
	took := time.Since(state.ranAt(began))
	t.Logf("up %s after the first login", ms(took))
	if took > within {
		t.Errorf("up %s after the first login, want at most %s", took, within)
	}
	mustAnswer(t, alice.HTTPClient(), fmt.Sprintf("http://%s:%d", server.Name, d.port), as("alice@example.com"))
}

// TestFollowsTailscaled: whatever happens to tailscaled, the daemon stays, tells
// nobody anything meanwhile, and serves again soon after tailscaled does.
func TestFollowsTailscaled(t *testing.T) {
	followsTailscaled(t, testbed.Options{}, testbed.ReservePort(t), "127.0.0.1:0")
}

// followsTailscaled has the daemon at a port and a plain server at reference,
// which is an address to listen on.
func followsTailscaled(t *testing.T, opts testbed.Options, port int, reference string) {
	ctx := t.Context()
	tn, server, alice, _ := newTailnet(t, opts)
	if err := tn.SetGrants(ctx, server, grantAll(alice)); err != nil {
		t.Fatal(err)
	}
	d := startDaemon(t, server, setup{port: port})
	d.told.mustSay(t, "listening on")
	state := watchBackend(t, server)

	// By name over connections that are kept, and by address over new ones.
	byName, byAddress := alice.HTTPClient(), alice.HTTPClient()
	byAddress.Transport.(*http.Transport).DisableKeepAlives = true
	person := watchCaller(t, every, func(n int) (*http.Client, string) {
		switch n % 4 {
		case 1:
			return byAddress, fmt.Sprintf("http://%s:%d", server.IPv4(), d.port)
		case 3:
			return byAddress, fmt.Sprintf("http://[%s]:%d", server.IPv6(), d.port)
		}
		return byName, fmt.Sprintf("http://%s:%d", server.Name, d.port)
	})
	plain := startReference(t, server, reference)
	kept := alice.HTTPClient()
	control := watchCaller(t, every, func(n int) (*http.Client, string) {
		if n%2 == 1 {
			return byAddress, fmt.Sprintf("http://%s:%d", server.IPv4(), plain)
		}
		return kept, fmt.Sprintf("http://%s:%d", server.Name, plain)
	})
	// The host itself is nobody to serve at any time, whichever node it is now. It
	// connects anew each time, and seldom: tailscaled does nothing else while it
	// looks for a connection that it does not know, or does not know yet
	// (https://github.com/tailscale/tailscale/issues/1616).
	itself := server.HTTPClient()
	itself.Transport.(*http.Transport).DisableKeepAlives = true
	self := watchCaller(t, 4*every, func(int) (*http.Client, string) {
		return itself, fmt.Sprintf("http://%s:%d", server.Name, d.port)
	})

	// noticed waits until the daemon says that it waits. Even a caller whom
	// tailscaled would not know is not refused for good then.
	noticed := func(context.Context) error {
		d.told.mustSay(t, "waiting")
		if server.Userspace() {
			d.mustTellStranger(t, server, http.StatusServiceUnavailable)
		}
		return nil
	}
	for _, step := range disruptions(tn, server, netip.MustParseAddr("100.64.7.7"), noticed) {
		began := time.Now()
		if err := step.do(ctx); err != nil {
			t.Fatalf("%s: %v", step.name, err)
		}
		d.mustRecover(t, step.name, began, state, person, control)
		for _, a := range person.since(began) {
			checkAttempt(t, step.name, a)
		}
		for _, a := range self.since(began) {
			if a.err == nil && a.status == http.StatusOK {
				t.Errorf("%s: the host itself was served: %s", step.name, a)
			}
		}
		t.Logf("  alice meanwhile: %s; the host itself: %s", person.tally(began), self.tally(began))
		d.told.mustSay(t, "listening on")
		if server.Userspace() {
			d.mustTellStranger(t, server, http.StatusForbidden)
		}
	}

	d.terminate(t)
	if code := d.end(t); code != 0 {
		t.Errorf("exit code: got %d, want 0", code)
	}
}

// startReference serves, on the node, a plain net/http handler that gives every
// call an empty result: what answers it is the tailnet alone.
func startReference(t testing.TB, n *testbed.Node, at string) (port int) {
	t.Helper()
	ln, err := n.Listen(t.Context(), "tcp", at)
	if err != nil {
		t.Fatal(err)
	}
	s := &http.Server{ReadHeaderTimeout: patience, Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(`{"jsonrpc":"2.0","id":1,"result":{"content":[{"type":"text","text":"{}"}]}}`))
	})}
	go func() { _ = s.Serve(ln) }()
	t.Cleanup(func() { _ = s.Close() })
	return ln.Addr().(*net.TCPAddr).Port
}

// mustRecover waits until person is answered again after what began at a moment,
// and wants that to be soon after tailscaled runs and the tailnet carries
// connections again, which control shows: a lost WireGuard handshake is repeated
// after five seconds only, and that is nothing that the daemon could help.
func (d *daemon) mustRecover(t *testing.T, name string, began time.Time, state *backend, person, control *watched) {
	t.Helper()
	ran := state.ranAt(began)
	var carries, serves recovery
	// A busy machine may keep the lab's tailscaled from its work for long, and what is
	// late then is late for control as well.
	await(t, 4*patience, func() (err error) {
		d.mustRun(t)
		if carries, err = control.recovered(ran); err != nil {
			return fmt.Errorf("control: %w", err)
		}
		serves, err = person.recovered(ran)
		return err
	})
	first := max(0, serves.first.Sub(latest(ran, carries.first)))
	row := max(0, serves.row.Sub(latest(ran, carries.row)))
	t.Logf("%s: the tailnet carries connections %s after tailscaled runs, and calls are answered %s after that (every one: %s, and %s after that)",
		name, ms(carries.first.Sub(ran)), ms(first), ms(carries.row.Sub(ran)), ms(row))
	if told := d.told.all("STATUS=listening"); len(told) > 0 && told[len(told)-1].After(began) {
		t.Logf("  the daemon knew %s after tailscaled ran", ms(told[len(told)-1].Sub(ran)))
	}
	if row > within {
		t.Errorf("%s: served again after %s, want at most %s", name, row, within)
	}
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func ms(d time.Duration) time.Duration { return d.Round(time.Millisecond) }

// checkAttempt: a known caller is answered as who it is, told to come back, or
// gets no connection.
func checkAttempt(t *testing.T, during string, a attempt) {
	t.Helper()
	switch {
	case a.err != nil:
	case a.status == http.StatusServiceUnavailable:
		if a.header.Get("Retry-After") == "" {
			t.Errorf("%s: 503 without Retry-After: %s", during, a)
		}
	case a.status == http.StatusOK:
		who, err := a.whoami()
		if err == nil {
			err = as("alice@example.com")(who)
		}
		if err == nil {
			err = may(true)(who)
		}
		if err != nil {
			t.Errorf("%s: %v: %s", during, err, a)
		}
	case a.status == http.StatusForbidden && strings.Contains(a.body, "Host header") && !strings.Contains(a.base, "server"):
		// It called an address that the daemon has not been told of yet.
	default:
		t.Errorf("%s: %s", during, a)
	}
}

// mustTellStranger calls from this host without tailscaled, from a connection
// that is nobody's, and wants an answer: 403 for good, or 503 while tailscaled
// cannot say so. One that should be refused for good may be told to come back
// when tailscaled is too busy to say who it is.
func (d *daemon) mustTellStranger(t *testing.T, server *testbed.Node, want int) {
	t.Helper()
	c := addressedTo(server.Name)
	defer c.CloseIdleConnections()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for {
		a, err := call(ctx, c, fmt.Sprintf("http://127.0.0.1:%d", d.port), "whoami", nil)
		switch {
		case err != nil || a.status != http.StatusForbidden && a.status != http.StatusServiceUnavailable,
			(a.status == http.StatusServiceUnavailable) != (a.header.Get("Retry-After") != ""),
			a.status == http.StatusForbidden && want != a.status:
			t.Errorf("a stranger on loopback: got %d %v %s (error: %v), want %d", a.status, a.header, a.body, err, want)
			return
		case a.status == want:
			return
		}
		t.Logf("a stranger on loopback has to ask again; the last refusals:\n%s", d.refusals(3))
	}
}
