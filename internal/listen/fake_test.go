// SPDX-License-Identifier: MIT

package listen

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"tailscale.com/client/local"
	"tailscale.com/ipn"
	"tailscale.com/ipn/ipnstate"
	"tailscale.com/net/tsaddr"
	"tailscale.com/tailcfg"
	"tailscale.com/types/views"
)

// tailscaled is a stand-in that speaks the LocalAPI over a real unix socket. Its
// "Tailscale addresses" are addresses of 127.0.0.0/8: every Linux host has them,
// and they are as different from each other as any.
type tailscaled struct {
	t      *testing.T
	socket string
	asked  atomic.Int64 // how often the status was

	mu      sync.Mutex
	status  *ipnstate.Status
	hung    chan struct{} // closed when it is not
	silent  bool          // the bus says nothing
	deaf    bool          // there is no bus
	server  *http.Server
	ln      net.Listener // of the server
	news    *sync.Cond
	edition int  // counts the changes
	down    bool // stopped, or about to be
}

// loopbackToo takes an address of 127.0.0.0/8 for one that a peer can have.
func loopbackToo(addr netip.Addr) bool { return addr.IsLoopback() || tsaddr.IsTailscaleIP(addr) }

func newTailscaled(t *testing.T, status *ipnstate.Status) *tailscaled {
	t.Helper()
	// Not t.TempDir: its path can exceed the 108 bytes of a unix socket's.
	dir, err := os.MkdirTemp("", "tsd")
	if err != nil {
		t.Fatal(err)
	}
	f := &tailscaled{t: t, socket: filepath.Join(dir, "s"), status: status, hung: make(chan struct{})}
	f.news = sync.NewCond(&f.mu)
	close(f.hung)
	t.Cleanup(func() {
		f.recover()
		f.stop()
		os.RemoveAll(dir)
	})
	return f
}

// client is the real client of the LocalAPI. It has a dialer of its own because
// the default one, in the first seconds of a process, waits for a tailscaled that
// is not there.
func (f *tailscaled) client() *local.Client {
	return &local.Client{Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		var dialer net.Dialer
		return dialer.DialContext(ctx, "unix", f.socket)
	}}
}

func (f *tailscaled) start() *tailscaled {
	f.t.Helper()
	ln, err := net.Listen("unix", f.socket)
	if err != nil {
		f.t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /localapi/v0/status", f.serveStatus)
	mux.HandleFunc("GET /localapi/v0/watch-ipn-bus", f.serveBus)
	f.mu.Lock()
	f.down = false
	server := &http.Server{Handler: mux}
	f.server, f.ln = server, ln
	f.mu.Unlock()
	go server.Serve(ln)
	return f
}

func (f *tailscaled) stop() {
	f.mu.Lock()
	server, ln := f.server, f.ln
	f.server = nil
	f.down = true
	f.news.Broadcast()
	f.mu.Unlock()
	if server != nil {
		ln.Close() // takes the socket file with it, also before the server knows it
		server.Close()
	}
}

// set changes the status and tells the bus.
func (f *tailscaled) set(status *ipnstate.Status) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.status = status
	f.edition++
	f.news.Broadcast()
}

// hang keeps all answers back until recover.
func (f *tailscaled) hang() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.hung = make(chan struct{})
}

func (f *tailscaled) recover() {
	f.mu.Lock()
	defer f.mu.Unlock()
	select {
	case <-f.hung:
	default:
		close(f.hung)
	}
}

func (f *tailscaled) serveStatus(w http.ResponseWriter, r *http.Request) {
	f.asked.Add(1)
	f.mu.Lock()
	hung := f.hung
	f.mu.Unlock()
	select {
	case <-hung:
	case <-r.Context().Done():
		return
	}
	f.mu.Lock()
	status, down := f.status, f.down
	f.mu.Unlock()
	if down {
		// http.Server.Close misses a connection that is accepted meanwhile.
		panic(http.ErrAbortHandler)
	}
	json.NewEncoder(w).Encode(status)
}

func (f *tailscaled) serveBus(w http.ResponseWriter, r *http.Request) {
	if f.deaf {
		http.Error(w, "watch ipn bus access denied", http.StatusForbidden)
		return
	}
	stop := make(chan struct{})
	defer close(stop)
	go func() { // wakes the loop below when the client goes
		select {
		case <-r.Context().Done():
			f.news.Broadcast()
		case <-stop:
		}
	}()
	encoder := json.NewEncoder(w)
	w.(http.Flusher).Flush() // connected, before there is anything to say
	f.mu.Lock()
	defer f.mu.Unlock()
	last := -1
	for !f.down && r.Context().Err() == nil {
		if last == f.edition || f.silent {
			f.news.Wait()
			continue
		}
		last = f.edition
		state, _ := ipn.StateFromString(f.status.BackendState)
		if err := encoder.Encode(ipn.Notify{State: &state}); err != nil {
			return
		}
		w.(http.Flusher).Flush()
	}
}

// up is the status of a node that runs on a network device.
func up(addrs ...string) *ipnstate.Status {
	tags := views.SliceOf([]string{"tag:mcp", "tag:a"})
	status := &ipnstate.Status{
		TUN:            true,
		BackendState:   ipn.Running.String(),
		Self:           &ipnstate.PeerStatus{ID: tailcfg.StableNodeID("nSELF"), DNSName: "host.tail1234.ts.net.", Tags: &tags, Online: true},
		CurrentTailnet: &ipnstate.TailnetStatus{MagicDNSSuffix: "tail1234.ts.net"},
	}
	for _, addr := range addrs {
		status.TailscaleIPs = append(status.TailscaleIPs, netip.MustParseAddr(addr))
	}
	return status
}

// userspace is the status of a node without a network device.
func userspace(addrs ...string) *ipnstate.Status {
	status := up(addrs...)
	status.TUN = false
	return status
}

// in is a node with a network device in another state than running.
func in(state ipn.State, addrs ...string) *ipnstate.Status {
	status := up(addrs...)
	status.BackendState = state.String()
	status.Self.ID, status.CurrentTailnet = "", nil
	return status
}
