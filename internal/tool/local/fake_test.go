// SPDX-License-Identifier: MIT

package local

import (
	"context"
	"encoding/json"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"tailscale.com/client/tailscale/apitype"
	"tailscale.com/ipn"
	"tailscale.com/ipn/ipnstate"
	"tailscale.com/tailcfg"

	"tailscale-mcp/internal/audit"
	"tailscale-mcp/internal/caller"
	"tailscale-mcp/internal/failure"
	"tailscale-mcp/internal/gate"
	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/localapi"
	"tailscale-mcp/internal/localapi/socket"
	"tailscale-mcp/internal/tool"
)

// fake is a tailscaled as far as its LocalAPI goes: an HTTP server on a unix
// socket with the paths, statuses and encodings of ipn/localapi (v1.102.5).
type fake struct {
	socket string
	server *http.Server

	mu         sync.Mutex
	status     *ipnstate.Status
	encoded    map[bool][]byte    // status with and without peers, until the next set
	dns        *tailcfg.DNSConfig // nil: no netmap
	prefs      *ipn.Prefs
	serve      *ipn.ServeConfig
	derp       *tailcfg.DERPMap
	lock       *ipnstate.TailnetLockStatus
	suggestion apitype.ExitNodeSuggestionResponse
	whois      map[string]*apitype.WhoIsResponse
	late       map[tailcfg.UserID]*tailcfg.UserProfile // users that the status does not have
	// ping answers a ping; nil as an answer means none comes.
	ping func(ip netip.Addr, kind string, nth int) *ipnstate.PingResult
	// instead answers every request in place of the above.
	instead  http.HandlerFunc
	requests map[string]int
	// questions are those about who is where.
	questions []string
}

// newFake starts a fake with the small tailnet of [small].
func newFake(t testing.TB) *fake {
	t.Helper()
	f := small()
	f.socket = filepath.Join(t.TempDir(), "s")
	f.requests = map[string]int{}
	l, err := net.Listen("unix", f.socket)
	if err != nil {
		t.Fatal(err)
	}
	f.server = &http.Server{Handler: f, ReadHeaderTimeout: time.Minute}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = f.server.Serve(l)
	}()
	t.Cleanup(func() {
		_ = f.server.Close()
		<-done
	})
	return f
}

func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Host != apitype.LocalAPIHost {
		http.Error(w, "invalid localapi request", http.StatusForbidden)
		return
	}
	f.mu.Lock()
	f.requests[r.URL.Path]++
	nth := f.requests[r.URL.Path]
	instead, ping := f.instead, f.ping
	f.mu.Unlock()
	if instead != nil {
		instead(w, r)
		return
	}
	if r.URL.Path == "/localapi/v0/ping" {
		f.servePing(w, r, ping, nth)
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	switch r.URL.Path {
	case "/localapi/v0/status":
		_, _ = w.Write(f.encodeStatus(r.FormValue("peers") != "false"))
	case "/localapi/v0/whois":
		f.questions = append(f.questions, r.FormValue("proto")+" "+r.FormValue("addr"))
		who := f.whois[r.FormValue("addr")]
		if who == nil {
			http.Error(w, "no match for IP:port", http.StatusNotFound)
			return
		}
		encode(w, who)
	case "/localapi/v0/dns-config":
		if f.dns == nil {
			http.Error(w, "no netmap", http.StatusServiceUnavailable)
			return
		}
		encode(w, f.dns)
	case "/localapi/v0/prefs":
		encode(w, f.prefs)
	case "/localapi/v0/serve-config":
		encode(w, f.serve)
	case "/localapi/v0/derpmap":
		encode(w, f.derp)
	case "/localapi/v0/suggest-exit-node":
		encode(w, f.suggestion)
	case "/localapi/v0/user-profile":
		id, _ := strconv.ParseInt(r.FormValue("id"), 10, 64)
		profile := f.late[tailcfg.UserID(id)]
		if profile == nil {
			http.Error(w, "no user with that UserID", http.StatusNotFound)
			return
		}
		encode(w, profile)
	case "/localapi/v0/tka/status":
		encode(w, f.lock)
	default:
		http.NotFound(w, r)
	}
}

// encodeStatus remembers what it encoded, since 5,000 peers take their time.
func (f *fake) encodeStatus(peers bool) []byte {
	if f.encoded[peers] == nil {
		st := *f.status
		if !peers {
			st.Peer = nil
		}
		text, err := json.MarshalIndent(&st, "", "\t")
		if err != nil {
			panic(err)
		}
		if f.encoded == nil {
			f.encoded = map[bool][]byte{}
		}
		f.encoded[peers] = text
	}
	return f.encoded[peers]
}

func (f *fake) servePing(w http.ResponseWriter, r *http.Request, ping func(netip.Addr, string, int) *ipnstate.PingResult, nth int) {
	if r.Method != http.MethodPost {
		http.Error(w, "want POST", http.StatusBadRequest)
		return
	}
	ip, err := netip.ParseAddr(r.FormValue("ip"))
	if err != nil {
		http.Error(w, "invalid IP", http.StatusBadRequest)
		return
	}
	result := ping(ip, r.FormValue("type"), nth)
	if result == nil {
		<-r.Context().Done()
		return
	}
	encode(w, result)
}

func encode(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	e := json.NewEncoder(w)
	e.SetIndent("", "\t")
	if err := e.Encode(v); err != nil {
		panic(err)
	}
}

func (f *fake) set(change func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change()
	f.encoded = nil
}

func (f *fake) asked(path string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.requests["/localapi/v0/"+path]
}

// node is the host that asks f, pinging without pauses.
func (f *fake) node() *node {
	return &node{tailscaled: localapi.New(socket.Client(f.socket)), pingEvery: time.Microsecond, pingTimeout: time.Second, networks: noNetworks}
}

// bench calls the tools as a client of the server would.
type bench struct {
	t          testing.TB
	dispatcher *gate.Dispatcher
	progress   []string
}

func newBench(t testing.TB, n *node) *bench {
	return &bench{t: t, dispatcher: gate.NewDispatcher(gate.Options{
		Registry:   tool.NewRegistry([]grant.Class{grant.Read}, n.set(), tool.WhoAmI()),
		Audit:      nobody{},
		Log:        slog.New(slog.DiscardHandler),
		Capability: "jaxxstorm.com/cap/mcp",
		Host:       func() gate.Host { return gate.Host{Name: "tag:mcp", Port: 8080} },
	})}
}

// nobody reads these records.
type nobody struct{}

func (nobody) Write(context.Context, audit.Record) error { return nil }

func (b *bench) call(name, arguments string) (json.RawMessage, error) {
	return b.callContext(b.t.Context(), name, arguments)
}

func (b *bench) callContext(ctx context.Context, name, arguments string) (json.RawMessage, error) {
	b.progress = nil
	out, err := b.dispatcher.Call(ctx, caller.Operator("admin@example.com"), gate.Request{
		ID: "1", Method: "tools/call", Name: name, Arguments: json.RawMessage(arguments),
		Progress: func(_, _ float64, message string) { b.progress = append(b.progress, message) },
	})
	return out.Structured, err
}

// answer is call for what has to succeed. A slow host may take longer to encode
// and decode what the fake says than tailscaled is given.
func (b *bench) answer(name, arguments string, into any) {
	b.t.Helper()
	began := time.Now()
	text, err := b.call(name, arguments)
	for code(err) == failure.UpstreamTimeout && time.Since(began) < time.Minute {
		text, err = b.call(name, arguments)
	}
	if err != nil {
		b.t.Fatalf("%s %s: %v", name, arguments, err)
	}
	if err := json.Unmarshal(text, into); err != nil {
		b.t.Fatalf("%s %s: %v in %s", name, arguments, err, text)
	}
}

// noNetworks is where the host of a fake is: those of this machine are not its own.
func noNetworks() []netip.Prefix { return []netip.Prefix{} }
