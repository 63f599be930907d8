// SPDX-License-Identifier: MIT

package testbed

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
	"tailscale.com/client/local"
	"tailscale.com/client/tailscale/apitype"
	"tailscale.com/ipn"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m)
}

// testCap is the capability that these tests grant.
const testCap = "example.com/cap/thing"

// trio is a tailnet with a tagged server that answers who its caller is, and two users' nodes.
type trio struct {
	*Tailnet
	server, alice, bob *Node
	port               string
}

// answer is what the server of a trio says of a caller.
type answer struct {
	Remote string // the address that the server saw
	Login  string
	Node   string
	Tags   []string
	Values []string // of testCap
	Error  string
}

// scenarios are what both kinds of nodes must be able to do.
var scenarios = []struct {
	name string
	test func(context.Context, *testing.T, *trio)
}{
	{"CallersAreNamed", testCallersAreNamed},
	{"GrantsChange", testGrantsChange},
	{"GrantsOutliveTheNodes", testGrantsOutliveTheNodes},
	{"Restart", testRestart},
	{"LogOutAndIn", testLogOutAndIn},
	{"LogInAsAnother", testLogInAsAnother},
	{"Policy", testPolicy},
	{"Administration", testAdministration},
	{"OpenConnection", testOpenConnection},
	{"FakePeers", testFakePeers},
	{"SideBySide", testSideBySide},
}

func TestUserspace(t *testing.T) { runScenarios(t, false) }

func TestRootNamespaced(t *testing.T) {
	RequireNamespaces(t)
	runScenarios(t, true)
}

func runScenarios(t *testing.T, namespaces bool) {
	for _, s := range scenarios {
		t.Run(s.name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
			t.Cleanup(cancel)
			s.test(ctx, t, newTrio(ctx, t, namespaces))
		})
	}
}

func newTrio(ctx context.Context, t *testing.T, namespaces bool) *trio {
	t.Helper()
	tn := New(t, Options{Namespaces: namespaces})
	nodes, err := tn.AddNodes(ctx,
		NodeOptions{Name: "server", Tags: []string{"tag:mcp"}},
		NodeOptions{Name: "alice", Login: "alice@example.com"},
		NodeOptions{Name: "bob", Login: "bob@example.com"},
	)
	if err != nil {
		t.Fatal(err)
	}
	tr := &trio{Tailnet: tn, server: nodes[0], alice: nodes[1], bob: nodes[2]}
	tr.port = tr.serve(ctx, t, tr.server)
	return tr
}

// serve answers, on a node, who calls. It returns the port.
func (tr *trio) serve(ctx context.Context, t *testing.T, n *Node) string {
	t.Helper()
	address := "127.0.0.1:0"
	if !n.Userspace() {
		address = ":0"
	}
	ln, err := n.Listen(ctx, "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan struct{})
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a := answer{Remote: r.RemoteAddr}
		who, err := n.LocalClient().WhoIs(r.Context(), r.RemoteAddr)
		if err != nil {
			a.Error = err.Error()
		} else {
			a.Login, a.Node, a.Tags, a.Values = who.UserProfile.LoginName, who.Node.Name, who.Node.Tags, valuesOf(who)
		}
		if err := json.NewEncoder(w).Encode(a); err != nil {
			t.Error(err)
		}
	})}
	go func() {
		defer close(served)
		server.Serve(ln)
	}()
	t.Cleanup(func() {
		server.Close()
		<-served
	})
	_, port, err := net.SplitHostPort(ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return port
}

func valuesOf(who *apitype.WhoIsResponse) []string {
	values := []string{}
	for _, v := range who.CapMap[testCap] {
		c, err := compact(string(v))
		if err != nil {
			c = "not JSON: " + v
		}
		values = append(values, string(c))
	}
	return values
}

// ask lets a node call the server at host.
func (tr *trio) ask(ctx context.Context, t *testing.T, from *Node, host string) answer {
	t.Helper()
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+net.JoinHostPort(host, tr.port), nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := from.HTTPClient().Do(req)
	if err != nil {
		t.Fatalf("%s calling %s: %v", from.Name, host, err)
	}
	defer res.Body.Close()
	var a answer
	if err := json.NewDecoder(res.Body).Decode(&a); err != nil {
		t.Fatal(err)
	}
	return a
}

// whoIs asks a node about another one's address.
func whoIs(ctx context.Context, t *testing.T, on *Node, addr netip.Addr) *apitype.WhoIsResponse {
	t.Helper()
	who, err := on.LocalClient().WhoIs(ctx, addr.String())
	if err != nil {
		t.Fatalf("%s asked about %v: %v", on.Name, addr, err)
	}
	return who
}

func wantValues(ctx context.Context, t *testing.T, tr *trio, of *Node, want ...string) {
	t.Helper()
	if want == nil {
		want = []string{}
	}
	if diff := cmp.Diff(want, valuesOf(whoIs(ctx, t, tr.server, of.IPv4()))); diff != "" {
		t.Errorf("the server's WhoIs of %s (-want +got):\n%s", of.Name, diff)
	}
}

// must fails t unless err is nil: for the steps of a scenario.
func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func testCallersAreNamed(ctx context.Context, t *testing.T, tr *trio) {
	must(t, tr.SetGrants(ctx, tr.server, Grant{Src: []*Node{tr.alice}, Cap: testCap, Values: []string{`{"n":1}`}}))
	hosts := []string{tr.server.IPv4().String(), tr.server.IPv6().String(), "server", tr.server.FQDN()}
	for _, host := range hosts {
		got := tr.ask(ctx, t, tr.alice, host)
		want := answer{Remote: got.Remote, Login: "alice@example.com", Node: "alice.example.ts.net.", Values: []string{`{"n":1}`}}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("alice calling %s (-want +got):\n%s", host, diff)
		}
		remote := netip.MustParseAddrPort(got.Remote).Addr()
		switch {
		case tr.server.Userspace() && remote != netip.MustParseAddr("127.0.0.1"):
			t.Errorf("alice calling %s: got remote address %v, want 127.0.0.1", host, remote)
		case !tr.server.Userspace() && remote != tr.alice.IPv4() && remote != tr.alice.IPv6():
			t.Errorf("alice calling %s: got remote address %v, want hers", host, remote)
		}
	}
	got := tr.ask(ctx, t, tr.bob, "server")
	if got.Login != "bob@example.com" || len(got.Values) != 0 {
		t.Errorf("bob calling the server: got %+v, want bob without values", got)
	}

	who := whoIs(ctx, t, tr.alice, tr.server.IPv6())
	if who.UserProfile.LoginName != "tagged-devices" || !slices.Equal(who.Node.Tags, []string{"tag:mcp"}) {
		t.Errorf("alice asked about the server: got user %s, tags %v; want tagged-devices, [tag:mcp]", who.UserProfile.LoginName, who.Node.Tags)
	}
	if _, err := tr.server.LocalClient().WhoIs(ctx, "100.64.9.9"); !errors.Is(err, local.ErrPeerNotFound) {
		t.Errorf("asking about an address of nobody: got error %v, want %v", err, local.ErrPeerNotFound)
	}
	for n, want := range map[*Node][3]string{
		tr.server: {"100.64.0.1", "", "[tag:mcp]"},
		tr.alice:  {"100.64.0.2", "alice@example.com", "[]"},
		tr.bob:    {"100.64.0.3", "bob@example.com", "[]"},
	} {
		if got := [3]string{n.IPv4().String(), n.Login(), fmt.Sprint(n.Tags())}; got != want {
			t.Errorf("%s says of itself: got %v, want %v", n.Name, got, want)
		}
	}
}

func testGrantsChange(ctx context.Context, t *testing.T, tr *trio) {
	alice, bob := []*Node{tr.alice}, []*Node{tr.bob}
	for _, step := range []struct {
		name       string
		grants     []Grant
		alice, bob []string
	}{
		{"none", nil, nil, nil},
		{"one", []Grant{{alice, testCap, []string{`{"a":1}`}}}, []string{`{"a":1}`}, nil},
		{"another's", []Grant{{bob, testCap, []string{`{"b":1}`}}}, nil, []string{`{"b":1}`}},
		{
			"several are joined in order",
			[]Grant{{alice, testCap, []string{`1`, `2`}}, {nil, testCap, []string{`"all"`}}, {alice, testCap, []string{`3`}}},
			[]string{`1`, `2`, `"all"`, `3`}, []string{`"all"`},
		},
		{"both", []Grant{{[]*Node{tr.alice, tr.bob}, testCap, []string{`{ "x" : [ ] }`}}}, []string{`{"x":[]}`}, []string{`{"x":[]}`}},
		{"another capability", []Grant{{alice, "example.com/cap/other", []string{`1`}}}, nil, nil},
		{"nobody", []Grant{{[]*Node{}, testCap, []string{`1`}}}, nil, nil},
		{"the server itself", []Grant{{[]*Node{tr.server}, testCap, []string{`1`}}}, nil, nil},
		{"revoked", nil, nil, nil},
	} {
		must(t, tr.SetGrants(ctx, tr.server, step.grants...))
		t.Log(step.name)
		wantValues(ctx, t, tr, tr.alice, step.alice...)
		wantValues(ctx, t, tr, tr.bob, step.bob...)
	}

	must(t, tr.SetGrants(ctx, tr.server, Grant{Src: alice, Cap: testCap}))
	if values, ok := whoIs(ctx, t, tr.server, tr.alice.IPv4()).CapMap[testCap]; !ok || len(values) != 0 {
		t.Errorf("a capability without entries: got %v, there: %v; want none, there: true", values, ok)
	}
	if values := valuesOf(whoIs(ctx, t, tr.bob, tr.alice.IPv4())); len(values) != 0 {
		t.Errorf("got %v on bob's node, want nothing: the grant is for the server", values)
	}
	for _, bad := range []Grant{{Src: alice, Cap: testCap, Values: []string{`{`}}, {Src: alice, Values: []string{`1`}}} {
		if err := tr.SetGrants(ctx, tr.server, bad); err == nil {
			t.Errorf("setting %+v: got no error", bad)
		}
	}
}

func testGrantsOutliveTheNodes(ctx context.Context, t *testing.T, tr *trio) {
	must(t, tr.SetGrants(ctx, tr.server, Grant{Src: []*Node{tr.alice}, Cap: testCap, Values: []string{`1`}}))
	must(t, tr.server.Stop(ctx))
	must(t, tr.server.Start(ctx))
	wantValues(ctx, t, tr, tr.alice, `1`)
	must(t, tr.server.Stop(ctx))
	must(t, tr.SetGrants(ctx, tr.server, Grant{Src: []*Node{tr.alice}, Cap: testCap, Values: []string{`2`}}))
	must(t, tr.server.Start(ctx))
	wantValues(ctx, t, tr, tr.alice, `2`)
	must(t, tr.alice.LogInAs(ctx, "carol@example.com"))
	must(t, tr.AwaitGrants(ctx, tr.server))
	wantValues(ctx, t, tr, tr.alice, `2`)
}

func testRestart(ctx context.Context, t *testing.T, tr *trio) {
	for _, end := range []struct {
		name string
		end  func(context.Context) error
	}{{"stopped", tr.alice.Stop}, {"killed", tr.alice.Kill}} {
		addr, id, pid := tr.alice.IPv4(), tr.alice.StableID(), tr.alice.PID()
		must(t, end.end(ctx))
		if tr.alice.Running() || tr.alice.PID() != 0 {
			t.Errorf("%s: got running %v, PID %d", end.name, tr.alice.Running(), tr.alice.PID())
		}
		if who := whoIs(ctx, t, tr.server, addr); who.Node.Online == nil || *who.Node.Online {
			t.Errorf("%s: the server thinks that it is online", end.name)
		}
		if err := end.end(ctx); !errors.Is(err, errNotRunning) {
			t.Errorf("%s again: got error %v, want %v", end.name, err, errNotRunning)
		}
		must(t, tr.alice.Start(ctx))
		if tr.alice.PID() == pid {
			t.Errorf("%s and started: got the same process", end.name)
		}
		if tr.alice.IPv4() != addr || tr.alice.StableID() != id {
			t.Errorf("%s and started: got %v, %s; want %v, %s", end.name, tr.alice.IPv4(), tr.alice.StableID(), addr, id)
		}
		if err := tr.alice.Start(ctx); err == nil {
			t.Errorf("%s and started twice: got no error", end.name)
		}
		// A packet that is lost costs five seconds. A machine that is slow is slow the second time, too.
		started := time.Now()
		if got := tr.ask(ctx, t, tr.alice, "server"); got.Login != "alice@example.com" {
			t.Errorf("%s and started: got %+v", end.name, got)
		}
		first := time.Since(started)
		tr.ask(ctx, t, tr.alice, "server")
		if second := time.Since(started) - first; first > 4*time.Second && second < time.Second {
			t.Errorf("%s and started: the first call took %v, the second %v: a packet was lost", end.name, first, second)
		}
	}
}

func testLogOutAndIn(ctx context.Context, t *testing.T, tr *trio) {
	addr := tr.alice.IPv4()
	must(t, tr.alice.LogOut(ctx))
	st, err := tr.alice.LocalClient().StatusWithoutPeers(ctx)
	must(t, err)
	if st.BackendState != ipn.NeedsLogin.String() {
		t.Errorf("logged out: got state %s, want %v", st.BackendState, ipn.NeedsLogin)
	}
	must(t, tr.alice.Kill(ctx))
	must(t, tr.alice.Start(ctx)) // a logged-out node starts, and stays logged out
	must(t, tr.alice.LogIn(ctx))
	if tr.alice.IPv4() != addr {
		t.Errorf("logged in again: got address %v, want %v", tr.alice.IPv4(), addr)
	}
	if got := tr.ask(ctx, t, tr.alice, "server"); got.Login != "alice@example.com" {
		t.Errorf("logged in again: got %+v", got)
	}
}

func testLogInAsAnother(ctx context.Context, t *testing.T, tr *trio) {
	seen := map[netip.Addr]bool{tr.alice.IPv4(): true}
	for _, as := range []struct {
		login string
		tags  []string
		want  string
	}{
		{"carol@example.com", nil, "carol@example.com"},
		{"", []string{"tag:b", "tag:a"}, "tagged-devices"},
		{"dave@example.com", nil, "dave@example.com"},
	} {
		old := tr.alice.IPv4()
		must(t, tr.alice.LogInAs(ctx, as.login, as.tags...))
		if seen[tr.alice.IPv4()] {
			t.Errorf("as %q: got address %v, which was used before", as.login, tr.alice.IPv4())
		}
		seen[tr.alice.IPv4()] = true
		got := tr.ask(ctx, t, tr.alice, "server")
		if got.Login != as.want || len(got.Tags) != len(as.tags) {
			t.Errorf("as %q %v: got %+v", as.login, as.tags, got)
		}
		if _, err := tr.server.LocalClient().WhoIs(ctx, old.String()); !errors.Is(err, local.ErrPeerNotFound) {
			t.Errorf("asking about the old address: got error %v, want %v", err, local.ErrPeerNotFound)
		}
	}
	// The server itself changes its address, and its callers follow.
	must(t, tr.server.LogInAs(ctx, "", "tag:mcp"))
	if got := tr.ask(ctx, t, tr.bob, tr.server.IPv4().String()); got.Login != "bob@example.com" {
		t.Errorf("calling the server at its new address: got %+v", got)
	}
	if err := tr.alice.LogInAs(ctx, ""); err == nil {
		t.Error("logging in as nobody: got no error")
	}
}

func testAdministration(ctx context.Context, t *testing.T, tr *trio) {
	must(t, tr.SetGrants(ctx, tr.server, Grant{Src: []*Node{tr.alice}, Cap: testCap, Values: []string{`1`}}))

	addr := netip.MustParseAddr("100.72.3.4")
	must(t, tr.SetAddress(ctx, tr.alice, addr))
	if tr.alice.IPv4() != addr {
		t.Errorf("got address %v, want %v", tr.alice.IPv4(), addr)
	}
	if got := tr.ask(ctx, t, tr.alice, tr.server.IPv6().String()); got.Login != "alice@example.com" || !slices.Equal(got.Values, []string{`1`}) {
		t.Errorf("with another address: got %+v", got)
	}
	must(t, tr.SetAddress(ctx, tr.server, netip.MustParseAddr("100.72.3.5")))
	if got := tr.ask(ctx, t, tr.alice, "100.72.3.5"); got.Login != "alice@example.com" {
		t.Errorf("to another address: got %+v", got)
	}
	for _, bad := range []string{"100.72.3.5", "10.0.0.1", "fd7a:115c:a1e0::1"} {
		if err := tr.SetAddress(ctx, tr.alice, netip.MustParseAddr(bad)); err == nil {
			t.Errorf("setting address %s: got no error", bad)
		}
	}

	must(t, tr.SetTags(ctx, tr.alice, "tag:x"))
	if got := tr.ask(ctx, t, tr.alice, "server"); got.Login != "tagged-devices" || !slices.Equal(got.Tags, []string{"tag:x"}) {
		t.Errorf("tagged: got %+v", got)
	}
	must(t, tr.SetTags(ctx, tr.alice))
	if got := tr.ask(ctx, t, tr.alice, "server"); got.Login != "alice@example.com" {
		t.Errorf("not tagged any more: got %+v", got)
	}
	if err := tr.SetTags(ctx, tr.alice, "x"); err == nil {
		t.Error("setting tag x: got no error")
	}

	must(t, tr.Remove(ctx, tr.alice))
	if _, err := tr.server.LocalClient().WhoIs(ctx, addr.String()); !errors.Is(err, local.ErrPeerNotFound) {
		t.Errorf("asking about a removed node: got error %v, want %v", err, local.ErrPeerNotFound)
	}
	must(t, tr.alice.Kill(ctx))
	must(t, tr.alice.Start(ctx)) // it starts, without being let in
	must(t, tr.alice.LogIn(ctx))
	if tr.alice.IPv4() == addr {
		t.Errorf("back after removal: got the old address %v", addr)
	}
	must(t, tr.AwaitGrants(ctx, tr.server))
	wantValues(ctx, t, tr, tr.alice, `1`)
}

// testOpenConnection checks what a connection that stays open sees: it lives through changes of who its caller is.
func testOpenConnection(ctx context.Context, t *testing.T, tr *trio) {
	conn, err := tr.alice.Dial(ctx, "tcp", net.JoinHostPort("server", tr.port))
	must(t, err)
	defer conn.Close()
	client := &http.Client{Transport: &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) { return conn, nil }}}
	ask := func() answer {
		t.Helper()
		res, err := client.Get("http://server/")
		must(t, err)
		defer res.Body.Close()
		var a answer
		must(t, json.NewDecoder(res.Body).Decode(&a))
		return a
	}
	first := ask()
	if first.Login != "alice@example.com" {
		t.Fatalf("got %+v", first)
	}
	must(t, tr.SetTags(ctx, tr.alice, "tag:x"))
	if got := ask(); got.Remote != first.Remote || got.Login != "tagged-devices" {
		t.Errorf("after tagging: got %+v, want tagged-devices from %s", got, first.Remote)
	}
	must(t, tr.SetTags(ctx, tr.alice))
	must(t, tr.SetGrants(ctx, tr.server, Grant{Src: []*Node{tr.alice}, Cap: testCap, Values: []string{`1`}}))
	if got := ask(); !slices.Equal(got.Values, []string{`1`}) {
		t.Errorf("after the grant: got %+v", got)
	}
	client.CloseIdleConnections()
}

func testFakePeers(ctx context.Context, t *testing.T, tr *trio) {
	const many = 1000
	peers, err := tr.AddFakePeers(ctx, many)
	must(t, err)
	if len(peers) != many {
		t.Fatalf("got %d peers, want %d", len(peers), many)
	}
	for _, i := range []int{0, 9, many - 1} {
		who := whoIs(ctx, t, tr.server, peers[i].IPv4)
		want := peers[i].Login
		if want == "" {
			want = "tagged-devices"
		}
		if who.UserProfile.LoginName != want || who.Node.Name != peers[i].Name+".example.ts.net." || !slices.Equal(who.Node.Tags, peers[i].Tags) {
			t.Errorf("asking about %+v: got %s, %s, %v", peers[i], who.UserProfile.LoginName, who.Node.Name, who.Node.Tags)
		}
	}
	st, err := tr.server.LocalClient().Status(ctx)
	must(t, err)
	if len(st.Peer) != many+2 {
		t.Errorf("got %d peers in the status, want %d", len(st.Peer), many+2)
	}
	must(t, tr.SetGrants(ctx, tr.server, Grant{Cap: testCap, Values: []string{`1`}}))
	must(t, tr.server.Kill(ctx))
	must(t, tr.server.Start(ctx))
	if got := tr.ask(ctx, t, tr.bob, "server"); got.Login != "bob@example.com" || !slices.Equal(got.Values, []string{`1`}) {
		t.Errorf("bob calling in a large tailnet: got %+v", got)
	}
}

// testSideBySide has two tailnets at once, with the same names and addresses.
func testSideBySide(ctx context.Context, t *testing.T, a *trio) {
	b := newTrio(ctx, t, a.Bridge().Name != "")
	must(t, b.SetGrants(ctx, b.server, Grant{Src: []*Node{b.alice}, Cap: testCap, Values: []string{`"b"`}}))
	if a.server.IPv4() != b.server.IPv4() {
		t.Errorf("got addresses %v and %v, want the same", a.server.IPv4(), b.server.IPv4())
	}
	if got := a.ask(ctx, t, a.alice, "server"); len(got.Values) != 0 {
		t.Errorf("in one: got %+v, want the other's grants to stay there", got)
	}
	if got := b.ask(ctx, t, b.alice, "server"); len(got.Values) != 1 {
		t.Errorf("in the other: got %+v, want a value", got)
	}
}

func TestNamesAreChecked(t *testing.T) {
	ctx := t.Context()
	tn := New(t, Options{})
	if _, err := tn.AddNode(ctx, NodeOptions{Name: "one"}); err != nil {
		t.Fatal(err)
	}
	for _, bad := range []NodeOptions{
		{Name: ""}, {Name: "One"}, {Name: "-one"}, {Name: "one.two"}, {Name: "../one"}, {Name: "one"},
		{Name: "two", Tags: []string{"x"}}, {Name: "two", Tags: []string{"tag:"}},
	} {
		if _, err := tn.AddNode(ctx, bad); err == nil {
			t.Errorf("adding %+v: got no error", bad)
		}
	}
	if got := len(tn.Nodes()); got != 1 {
		t.Errorf("got %d nodes, want 1", got)
	}
	one := tn.Nodes()[0]
	if one.Login() != DefaultLogin {
		t.Errorf("got login %q, want %q", one.Login(), DefaultLogin)
	}
	if _, err := one.Dial(ctx, "tcp", "one"); err == nil {
		t.Error("dialing without a port: got no error")
	}
	if _, err := one.Dial(ctx, "tcp", "one:"+strconv.Itoa(1<<16)); err == nil {
		t.Error("dialing port 65536: got no error")
	}
}
