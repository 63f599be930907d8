// SPDX-License-Identifier: MIT

package fakelocal

import (
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"tailscale.com/client/tailscale/apitype"
	"tailscale.com/ipn/ipnstate"
	"tailscale.com/tailcfg"
	"tailscale.com/types/key"
	"tailscale.com/types/views"
)

// Tailscaled speaks the LocalAPI on a socket of its own. It knows this
// node, alice@example.com's laptop, and two peers, the server and one that is
// shared from another tailnet.
type Tailscaled struct {
	t        *testing.T
	Socket   string
	server   *http.Server
	listener net.Listener

	Mu     sync.Mutex
	Status ipnstate.Status
	nodes  map[netip.Addr]string // names by address
	To     string                // where dials end
	asked  map[string]int        // by path and query
	dialed []string

	ServerTags   []string // of the node at serverIP
	ServerOnline *bool
	Broken       bool          // it answers what no tailscaled would
	Silent       chan struct{} // it answers nothing until this is closed; nil: at once
}

// The addresses of the nodes.
var (
	LaptopIP  = netip.MustParseAddr("100.64.0.1")
	ServerIP  = netip.MustParseAddr("100.64.0.2")
	ServerIP6 = netip.MustParseAddr("fd7a:115c:a1e0::2")
	SharedIP  = netip.MustParseAddr("100.64.0.3") // of a node of another tailnet
)

// Start starts one that ends with the test.
func Start(t *testing.T) *Tailscaled {
	t.Helper()
	f := &Tailscaled{
		t:      t,
		Socket: filepath.Join(folder(t), "tailscaled.sock"),
		nodes:  map[netip.Addr]string{LaptopIP: "laptop.tail1.ts.net.", ServerIP: "ts-mcp.tail1.ts.net.", ServerIP6: "ts-mcp.tail1.ts.net.", SharedIP: "ts-mcp.other.ts.net."},
		asked:  map[string]int{},
		Status: ipnstate.Status{
			BackendState:   "Running",
			TUN:            true,
			CurrentTailnet: &ipnstate.TailnetStatus{MagicDNSSuffix: "tail1.ts.net"},
			Self:           &ipnstate.PeerStatus{DNSName: "laptop.tail1.ts.net.", UserID: 7, TailscaleIPs: []netip.Addr{LaptopIP}},
			User:           map[tailcfg.UserID]tailcfg.UserProfile{7: {ID: 7, LoginName: "alice@example.com"}},
			Peer: map[key.NodePublic]*ipnstate.PeerStatus{
				key.NewNode().Public(): {DNSName: "ts-mcp.tail1.ts.net.", TailscaleIPs: []netip.Addr{ServerIP}},
				key.NewNode().Public(): {DNSName: "ts-mcp.other.ts.net.", TailscaleIPs: []netip.Addr{SharedIP}},
			},
		},
	}
	f.Restart()
	t.Cleanup(f.Stop)
	return f
}

// Restart starts it again after Stop.
func (f *Tailscaled) Restart() {
	f.t.Helper()
	l, err := net.Listen("unix", f.Socket)
	if err != nil {
		f.t.Fatal(err)
	}
	server := &http.Server{Handler: f, ReadHeaderTimeout: time.Minute}
	f.server, f.listener = server, l
	go func() { _ = server.Serve(l) }()
}

// Stop ends it; nobody answers at its socket then.
func (f *Tailscaled) Stop() {
	_ = f.listener.Close() // which the server does not know yet, if it was started a moment ago
	_ = f.server.Close()
}

// Change changes what it says, under its lock.
func (f *Tailscaled) Change(to func(*ipnstate.Status)) {
	f.Mu.Lock()
	defer f.Mu.Unlock()
	to(&f.Status)
}

// Count is how often this path, with its query, was asked for.
func (f *Tailscaled) Count(path string) int {
	f.Mu.Lock()
	defer f.Mu.Unlock()
	return f.asked[path]
}

func (f *Tailscaled) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.Mu.Lock()
	defer f.Mu.Unlock()
	f.asked[r.URL.RequestURI()]++
	if f.Silent != nil {
		<-f.Silent
	}
	if f.Broken {
		http.Error(w, "what?", http.StatusTeapot)
		return
	}
	switch r.URL.Path {
	case "/localapi/v0/status":
		st := f.Status
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
		if addr == ServerIP {
			node.Tags, node.Online = f.ServerTags, f.ServerOnline
		}
		_ = json.NewEncoder(w).Encode(apitype.WhoIsResponse{Node: node, UserProfile: &tailcfg.UserProfile{}})
	case "/localapi/v0/dial":
		f.dialed = append(f.dialed, r.Header.Get("Dial-Host")+":"+r.Header.Get("Dial-Port"))
		f.dial(w, f.To)
	default:
		http.NotFound(w, r)
	}
}

// dial answers like tailscaled: by becoming the connection.
func (f *Tailscaled) dial(w http.ResponseWriter, to string) {
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

// Dials is where connections were made to so far.
func (f *Tailscaled) Dials() []string {
	f.Mu.Lock()
	defer f.Mu.Unlock()
	return append([]string(nil), f.dialed...)
}

// Tags are tags in the form of a status.
func Tags(s ...string) *views.Slice[string] {
	v := views.SliceOf(s)
	return &v
}

// folder is a temporary folder with a short name: the path of a socket has 107 bytes at
// most (unix(7)), and testing's folders bear the names of tests.
func folder(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "local")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}
