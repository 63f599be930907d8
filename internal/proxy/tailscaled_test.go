// SPDX-License-Identifier: MIT

package proxy

import (
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/netip"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"tailscale.com/client/local"
	"tailscale.com/client/tailscale/apitype"
	"tailscale.com/ipn/ipnstate"
	"tailscale.com/tailcfg"
	"tailscale.com/types/key"
	"tailscale.com/types/views"
)

// fakeTailscaled speaks the LocalAPI on a socket of its own. It knows this
// node, alice@example.com's laptop, and two peers, the server and one that is
// shared from another tailnet.
type fakeTailscaled struct {
	t      *testing.T
	socket string
	server *http.Server

	mu     sync.Mutex
	status ipnstate.Status
	nodes  map[netip.Addr]string // names by address
	to     string                // where dials end
	asked  map[string]int        // by path and query
	dialed []string

	serverTags   []string // of the node at serverIP
	serverOnline *bool
	broken       bool          // it answers what no tailscaled would
	silent       chan struct{} // it answers nothing until this is closed; nil: at once
}

var (
	laptopIP  = netip.MustParseAddr("100.64.0.1")
	serverIP  = netip.MustParseAddr("100.64.0.2")
	serverIP6 = netip.MustParseAddr("fd7a:115c:a1e0::2")
	sharedIP  = netip.MustParseAddr("100.64.0.3") // of a node of another tailnet
)

func startTailscaled(t *testing.T) *fakeTailscaled {
	t.Helper()
	f := &fakeTailscaled{
		t:      t,
		socket: filepath.Join(t.TempDir(), "tailscaled.sock"),
		nodes:  map[netip.Addr]string{laptopIP: "laptop.tail1.ts.net.", serverIP: "ts-mcp.tail1.ts.net.", serverIP6: "ts-mcp.tail1.ts.net.", sharedIP: "ts-mcp.other.ts.net."},
		asked:  map[string]int{},
		status: ipnstate.Status{
			BackendState:   "Running",
			TUN:            true,
			CurrentTailnet: &ipnstate.TailnetStatus{MagicDNSSuffix: "tail1.ts.net"},
			Self:           &ipnstate.PeerStatus{DNSName: "laptop.tail1.ts.net.", UserID: 7, TailscaleIPs: []netip.Addr{laptopIP}},
			User:           map[tailcfg.UserID]tailcfg.UserProfile{7: {ID: 7, LoginName: "alice@example.com"}},
			Peer: map[key.NodePublic]*ipnstate.PeerStatus{
				key.NewNode().Public(): {DNSName: "ts-mcp.tail1.ts.net.", TailscaleIPs: []netip.Addr{serverIP}},
				key.NewNode().Public(): {DNSName: "ts-mcp.other.ts.net.", TailscaleIPs: []netip.Addr{sharedIP}},
			},
		},
	}
	f.start()
	t.Cleanup(f.stop)
	return f
}

func (f *fakeTailscaled) start() {
	f.t.Helper()
	l, err := net.Listen("unix", f.socket)
	if err != nil {
		f.t.Fatal(err)
	}
	server := &http.Server{Handler: f, ReadHeaderTimeout: time.Minute}
	f.server = server
	go func() { _ = server.Serve(l) }()
}

func (f *fakeTailscaled) stop() { _ = f.server.Close() }

// change changes what it says, under its lock.
func (f *fakeTailscaled) change(to func(*ipnstate.Status)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	to(&f.status)
}

func (f *fakeTailscaled) count(path string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.asked[path]
}

func (f *fakeTailscaled) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asked[r.URL.RequestURI()]++
	if f.silent != nil {
		<-f.silent
	}
	if f.broken {
		http.Error(w, "what?", http.StatusTeapot)
		return
	}
	switch r.URL.Path {
	case "/localapi/v0/status":
		st := f.status
		if r.FormValue("peers") == "false" {
			st.Peer = nil
		}
		_ = json.NewEncoder(w).Encode(st)
	case "/localapi/v0/whois":
		addr, err := netip.ParseAddr(r.FormValue("addr"))
		name, ok := f.nodes[addr]
		if err != nil || !ok {
			http.Error(w, "no match for IP:port", http.StatusNotFound)
			return
		}
		node := &tailcfg.Node{Name: name}
		if addr == serverIP {
			node.Tags, node.Online = f.serverTags, f.serverOnline
		}
		_ = json.NewEncoder(w).Encode(apitype.WhoIsResponse{Node: node, UserProfile: &tailcfg.UserProfile{}})
	case "/localapi/v0/dial":
		f.dialed = append(f.dialed, r.Header.Get("Dial-Host")+":"+r.Header.Get("Dial-Port"))
		f.dial(w, f.to)
	default:
		http.NotFound(w, r)
	}
}

// dial answers like tailscaled: by becoming the connection.
func (f *fakeTailscaled) dial(w http.ResponseWriter, to string) {
	far, err := net.Dial("tcp", to)
	if err != nil {
		http.Error(w, "dial failure: "+err.Error(), http.StatusBadGateway)
		return
	}
	w.Header().Set("Upgrade", "ts-dial")
	w.Header().Set("Connection", "upgrade")
	w.WriteHeader(http.StatusSwitchingProtocols)
	near, buf, err := w.(http.Hijacker).Hijack()
	if err != nil {
		f.t.Errorf("hijacking: %v", err)
		return
	}
	go func() {
		_, _ = io.Copy(far, buf)
		_ = far.Close()
	}()
	go func() {
		_, _ = io.Copy(near, far)
		_ = near.Close()
	}()
}

// dialed is where connections were made to so far.
func (f *fakeTailscaled) dials() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]string(nil), f.dialed...)
}

func (f *fakeTailscaled) client() *local.Client { return LocalClient(f.socket) }

func tags(s ...string) *views.Slice[string] {
	v := views.SliceOf(s)
	return &v
}
