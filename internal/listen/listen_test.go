// SPDX-License-Identifier: MIT

package listen

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
	"tailscale.com/ipn"
)

func TestMain(m *testing.M) {
	if helper() {
		return
	}
	goleak.VerifyTestMain(m)
}

// patient is for machines that are busy with other tests.
var patient = func() timing { t := defaultTiming; t.call = time.Minute; return t }()

// busOnly never polls either: what is noticed was told by the bus.
var busOnly = func() timing { t := patient; t.poll = time.Hour; return t }()

// logs is a buffer that may be read while it is written.
type logs struct {
	mu     sync.Mutex
	buffer bytes.Buffer
}

func (l *logs) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buffer.Write(p)
}

func (l *logs) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buffer.String()
}

// harness is a listener whose connections are answered with a line.
type harness struct {
	*Listener
	t    *testing.T
	logs *logs
}

func listening(t *testing.T, cfg Config, timing timing) *harness {
	t.Helper()
	h := &harness{t: t, logs: new(logs)}
	cfg.Log = slog.New(slog.NewTextHandler(h.logs, &slog.HandlerOptions{Level: slog.LevelDebug}))
	if cfg.peer == nil {
		cfg.peer = loopbackToo
	}
	l, err := open(cfg, timing)
	if err != nil {
		t.Fatal(err)
	}
	h.Listener = l
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, r.RemoteAddr) })}
	served := make(chan error, 1)
	go func() { served <- server.Serve(l) }()
	t.Cleanup(func() {
		server.Close()
		if err := <-served; !errors.Is(err, http.ErrServerClosed) {
			t.Errorf("Serve: got %v, want ErrServerClosed", err)
		}
		if t.Failed() {
			t.Logf("log:\n%s", h.logs)
		}
	})
	return h
}

// eventually waits for a condition; it fails the test if that takes absurdly long.
func eventually(t *testing.T, what string, condition func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !condition(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waiting in vain for: %s", what)
		}
	}
}

// becomes waits for a phase and for a detail that begins with a text.
func (h *harness) becomes(phase Phase, detail string) State {
	h.t.Helper()
	var s State
	defer func() {
		if h.t.Failed() {
			h.t.Logf("state: %+v", s)
		}
	}()
	eventually(h.t, string(phase)+": "+detail, func() bool {
		s = h.State()
		return s.Phase == phase && strings.HasPrefix(s.Detail, detail)
	})
	return s
}

// serves waits until exactly these addresses are served.
func (h *harness) serves(want ...string) State {
	h.t.Helper()
	detail := "listening on " + want[0] + ":"
	if strings.Contains(want[0], ":") {
		detail = "listening on [" + want[0] + "]:"
	}
	var s State
	eventually(h.t, strings.Join(want, " "), func() bool {
		s = h.State()
		return s.Phase == Up && strings.HasPrefix(s.Detail, detail) && cmp.Equal(want, ips(s.Addrs))
	})
	return s
}

func ips(addrs []netip.AddrPort) []string {
	var texts []string
	for _, addr := range addrs {
		texts = append(texts, addr.Addr().String())
	}
	return texts
}

// get asks over a connection of its own, and returns the answer.
func get(addr netip.AddrPort) (string, error) {
	c, err := net.DialTimeout("tcp", addr.String(), time.Minute)
	if err != nil {
		return "", err
	}
	defer c.Close()
	return ask(c)
}

func ask(c net.Conn) (string, error) {
	c.SetDeadline(time.Now().Add(time.Minute))
	if _, err := io.WriteString(c, "GET / HTTP/1.0\r\n\r\n"); err != nil {
		return "", err
	}
	answer, err := io.ReadAll(c)
	if err == nil && !bytes.HasPrefix(answer, []byte("HTTP/1.0 200")) {
		err = errors.New("closed without an answer")
	}
	return string(answer), err
}

func (h *harness) answers(addr netip.AddrPort) {
	h.t.Helper()
	if _, err := get(addr); err != nil {
		h.t.Errorf("%s: got %v, want an answer", addr, err)
	}
}

// closed waits until an address is not listened on: a socket being closed by
// another goroutine takes a moment.
func (h *harness) closed(addr netip.AddrPort) {
	h.t.Helper()
	eventually(h.t, addr.String()+" to be closed", func() bool {
		_, err := get(addr)
		return errors.Is(err, syscall.ECONNREFUSED)
	})
}

func TestSelfBound(t *testing.T) {
	fake := newTailscaled(t, up("127.0.0.3", "127.0.0.2", "::1")).start()
	h := listening(t, Config{Tailscaled: fake.client()}, busOnly)
	s := h.serves("127.0.0.2", "127.0.0.3", "::1")
	for _, addr := range s.Addrs {
		h.answers(addr)
	}
	h.closed(netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), s.Addrs[0].Port()))
	want := Self{
		NodeID:         "nSELF",
		Addrs:          []netip.Addr{netip.MustParseAddr("127.0.0.2"), netip.MustParseAddr("127.0.0.3"), netip.MustParseAddr("::1")},
		DNSName:        "host.tail1234.ts.net",
		Tags:           []string{"tag:a", "tag:mcp"},
		MagicDNSSuffix: "tail1234.ts.net",
	}
	if diff := cmp.Diff(want, h.Self(), cmp.Comparer(func(a, b netip.Addr) bool { return a == b })); diff != "" {
		t.Errorf("self (-want +got):\n%s", diff)
	}
	if got, want := h.Port(), s.Addrs[0].Port(); got != want {
		t.Errorf("got port %d, want %d", got, want)
	}
}

// Whatever tailscaled says, nothing is bound that is not one address.
func TestNeverTheWildcard(t *testing.T) {
	fake := newTailscaled(t, up("0.0.0.0", "::", "::ffff:0.0.0.0", "224.0.0.1", "ff02::1", "127.0.0.2", "::ffff:127.0.0.2")).start()
	h := listening(t, Config{Tailscaled: fake.client()}, busOnly)
	s := h.serves("127.0.0.2")
	h.closed(netip.AddrPortFrom(netip.MustParseAddr("127.0.0.3"), s.Addrs[0].Port()))
}

func TestWaitsForTailscaled(t *testing.T) {
	fake := newTailscaled(t, up("127.0.0.2"))
	h := listening(t, Config{Tailscaled: fake.client()}, patient)
	h.becomes(Waiting, "waiting for tailscaled: it is not running")
	if got := h.Self(); got.NodeID != "" || got.Addrs != nil {
		t.Errorf("got self %+v, want none", got)
	}
	fake.start()
	h.answers(h.serves("127.0.0.2").Addrs[0])
}

func TestFollowsAddresses(t *testing.T) {
	fake := newTailscaled(t, up("127.0.0.2", "127.0.0.3")).start()
	h := listening(t, Config{Tailscaled: fake.client()}, busOnly)
	old := h.serves("127.0.0.2", "127.0.0.3").Addrs
	gone, err := net.Dial("tcp", old[0].String())
	if err != nil {
		t.Fatal(err)
	}
	defer gone.Close()
	stays, err := net.Dial("tcp", old[1].String())
	if err != nil {
		t.Fatal(err)
	}
	defer stays.Close()
	// Both have to be accepted, or they would go with the socket.
	eventually(t, "two connections", func() bool {
		h.door.mu.Lock()
		defer h.door.mu.Unlock()
		return len(h.door.inside) == 2
	})

	fake.set(up("127.0.0.3", "127.0.0.4"))
	s := h.serves("127.0.0.3", "127.0.0.4")
	if s.Addrs[0] != old[1] {
		t.Errorf("got %s, want the socket that was there, %s", s.Addrs[0], old[1])
	}
	h.answers(s.Addrs[1])
	h.closed(old[0])
	if _, err := ask(gone); err == nil {
		t.Error("got an answer over a connection to an address this node has no longer")
	}
	if _, err := ask(stays); err != nil {
		t.Errorf("got %v over a connection to an address that stayed", err)
	}
}

// While tailscaled is away, callers still reach a server that can tell them so;
// after its return they are served as soon as the bus tells.
func TestSurvivesRestartsOfTailscaled(t *testing.T) {
	fake := newTailscaled(t, up("127.0.0.2")).start()
	h := listening(t, Config{Tailscaled: fake.client()}, busOnly)
	addr := h.serves("127.0.0.2").Addrs[0]
	for _, next := range []string{"127.0.0.2", "127.0.0.3"} {
		fake.stop()
		h.becomes(Waiting, "waiting for tailscaled: it is not running")
		h.answers(addr)
		if got := h.Self().NodeID; got != "nSELF" {
			t.Errorf("got node %q while tailscaled is away, want the last known", got)
		}
		fake.set(in(ipn.NoState)) // as a tailscaled does that has just started
		fake.start()
		h.becomes(Waiting, "waiting for tailscaled: it is starting")
		h.answers(addr)
		fake.set(up(next))
		addr = h.serves(next).Addrs[0] // it is not looked for within the hour, and told at once
		h.answers(addr)
	}
}

func TestLogoutAndLogin(t *testing.T) {
	fake := newTailscaled(t, up("127.0.0.2")).start()
	h := listening(t, Config{Tailscaled: fake.client()}, busOnly)
	addr := h.serves("127.0.0.2").Addrs[0]
	fake.set(in(ipn.NeedsLogin))
	s := h.becomes(Waiting, "waiting for a login")
	if len(s.Addrs) != 0 || len(h.Self().Addrs) != 0 || h.Self().NodeID != "" {
		t.Errorf("got %+v and %+v after a logout, want no address", s, h.Self())
	}
	h.closed(addr)
	fake.set(up("127.0.0.3"))
	h.answers(h.serves("127.0.0.3").Addrs[0])
}

func TestStates(t *testing.T) {
	fake := newTailscaled(t, in(ipn.Stopped, "127.0.0.2")).start()
	h := listening(t, Config{Tailscaled: fake.client()}, busOnly)
	s := h.becomes(Waiting, "waiting for tailscale: it is switched off")
	if len(s.Addrs) != 0 {
		t.Errorf("got %v bound while tailscale is switched off", s.Addrs)
	}
	fake.set(in(ipn.NeedsMachineAuth))
	h.becomes(Waiting, "waiting for approval")
	fake.set(in(ipn.Starting))
	h.becomes(Waiting, "waiting for tailscaled: it is starting")
	fake.set(up())
	h.becomes(Waiting, "waiting for tailscaled: no address yet")
	fake.set(up("127.0.0.2"))
	h.serves("127.0.0.2")
	fake.set(in(ipn.Stopped, "127.0.0.2"))
	h.becomes(Waiting, "waiting for tailscale: it is switched off")
}

func TestUserspaceNetworking(t *testing.T) {
	fake := newTailscaled(t, userspace("100.64.0.1", "fd7a:115c:a1e0::1")).start()
	h := listening(t, Config{Tailscaled: fake.client()}, busOnly)
	s := h.serves("127.0.0.1", "::1")
	for _, addr := range s.Addrs {
		h.answers(addr)
	}
	if got := h.Self(); !got.Userspace || len(got.Addrs) != 2 {
		t.Errorf("got self %+v, want userspace networking and two Tailscale addresses", got)
	}
	// Loopback is for userspace networking only.
	fake.set(up("127.0.0.2"))
	h.answers(h.serves("127.0.0.2").Addrs[0])
	h.closed(s.Addrs[0])
	h.closed(s.Addrs[1])
	if h.Self().Userspace {
		t.Error("got userspace networking, want a network device")
	}
}

func TestAddressNotYetThere(t *testing.T) {
	fake := newTailscaled(t, up("192.0.2.1")).start() // RFC 5737: nobody has it
	h := listening(t, Config{Tailscaled: fake.client()}, patient)
	h.becomes(Waiting, "this host has no address 192.0.2.1 yet")
	fake.set(up("127.0.0.2", "2001:db8::1"))
	h.becomes(Up, "listening on 127.0.0.2:") // a host without IPv6 is well
	fake.set(up("127.0.0.2", "192.0.2.1"))
	h.becomes(Degraded, "listening on 127.0.0.2:")
}

func TestPortInUse(t *testing.T) {
	// An address that no other process happens to use this port of meanwhile.
	addr := fmt.Sprintf("127.77.%d.%d", os.Getpid()>>8&255, os.Getpid()&255)
	other, err := net.Listen("tcp", addr+":0")
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	fake := newTailscaled(t, up(addr)).start()
	h := listening(t, Config{Tailscaled: fake.client(), Port: addrPort(other.Addr()).Port()}, busOnly)
	h.becomes(Degraded, other.Addr().String()+" is in use by another program")
	// From the beginning: each is twice as long after the one before.
	eventually(t, "several attempts", func() bool { return fake.asked.Load() > 5 })
	other.Close()
	h.answers(h.serves(addr).Addrs[0])
}

// A bus that says nothing is made up for by looking now and then.
func TestPollsASilentBus(t *testing.T) {
	fake := newTailscaled(t, up("127.0.0.2"))
	fake.silent = true
	fake.start()
	timing := patient
	timing.poll = 20 * time.Millisecond
	h := listening(t, Config{Tailscaled: fake.client()}, timing)
	h.serves("127.0.0.2")
	fake.set(up("127.0.0.3"))
	h.serves("127.0.0.3")
}

// Where the bus cannot be heard, the poll is more frequent.
func TestWithoutBus(t *testing.T) {
	fake := newTailscaled(t, up("127.0.0.2"))
	fake.deaf = true
	fake.start()
	h := listening(t, Config{Tailscaled: fake.client()}, busOnly)
	h.serves("127.0.0.2")
	fake.set(up("127.0.0.3"))
	h.serves("127.0.0.3")
}

func TestTailscaledHangs(t *testing.T) {
	fake := newTailscaled(t, up("127.0.0.2")).start()
	timing := defaultTiming
	timing.poll, timing.call = 20*time.Millisecond, 300*time.Millisecond
	h := listening(t, Config{Tailscaled: fake.client()}, timing)
	addr := h.serves("127.0.0.2").Addrs[0]
	fake.hang()
	h.becomes(Waiting, "waiting for tailscaled: it does not answer")
	h.answers(addr)
	fake.recover()
	h.serves("127.0.0.2")
}

func TestOnChange(t *testing.T) {
	fake := newTailscaled(t, up("127.0.0.2")).start()
	states := make(chan State, 10)
	h := listening(t, Config{Tailscaled: fake.client(), OnChange: func(s State) { states <- s }}, busOnly)
	h.serves("127.0.0.2")
	fake.set(up("127.0.0.2")) // no change
	fake.set(in(ipn.NeedsLogin))
	h.becomes(Waiting, "waiting for a login")
	for _, want := range []Phase{Up, Waiting} {
		if got := <-states; got.Phase != want {
			t.Errorf("got %+v, want %s", got, want)
		}
	}
	if n := len(states); n > 0 {
		t.Errorf("got %d further calls", n)
	}
}

// Multipath TCP would take a connection off the tailnet.
func TestNoMultipathTCP(t *testing.T) {
	fake := newTailscaled(t, up("127.0.0.2")).start()
	h := listening(t, Config{Tailscaled: fake.client()}, busOnly)
	addr := h.serves("127.0.0.2").Addrs[0]
	var dialer net.Dialer
	dialer.SetMultipathTCP(true)
	c, err := dialer.DialContext(t.Context(), "tcp", addr.String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if multipath, err := c.(*net.TCPConn).MultipathTCP(); err != nil || multipath {
		t.Errorf("got multipath %v, %v; want a plain connection", multipath, err)
	}
}

func TestCloseLetsCallsFinish(t *testing.T) {
	fake := newTailscaled(t, up("127.0.0.2")).start()
	l, err := Open(Config{Tailscaled: fake.client(), Log: slog.New(slog.DiscardHandler), peer: loopbackToo})
	if err != nil {
		t.Fatal(err)
	}
	began, finish := make(chan struct{}), make(chan struct{})
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		close(began)
		<-finish
		io.WriteString(w, "done")
	})}
	served := make(chan error, 1)
	go func() { served <- server.Serve(l) }()
	eventually(t, "up", func() bool { return l.State().Phase == Up })
	addr := l.State().Addrs[0]
	answer := make(chan error, 1)
	go func() { _, err := get(addr); answer <- err }()
	<-began
	stopped := make(chan error, 1)
	go func() { stopped <- server.Shutdown(context.Background()) }()
	eventually(t, "the socket to be closed", func() bool {
		c, err := net.Dial("tcp", addr.String())
		if err == nil {
			c.Close()
		}
		return err != nil
	})
	close(finish)
	if err := <-answer; err != nil {
		t.Errorf("the call in flight: got %v, want an answer", err)
	}
	if err := <-stopped; err != nil {
		t.Errorf("Shutdown: got %v", err)
	}
	if err := <-served; !errors.Is(err, http.ErrServerClosed) {
		t.Errorf("Serve: got %v, want ErrServerClosed", err)
	}
	if err := l.Close(); err != nil {
		t.Errorf("second Close: got %v", err)
	}
	if c, err := l.Accept(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("Accept after Close: got %v, %v; want net.ErrClosed", c, err)
	}
}

func TestCloseWithoutTailscaledOrServer(t *testing.T) {
	fake := newTailscaled(t, up("127.0.0.2")).start()
	l, err := Open(Config{Tailscaled: fake.client(), Log: slog.New(slog.DiscardHandler), peer: loopbackToo})
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "up", func() bool { return l.State().Phase == Up })
	c, err := net.Dial("tcp", l.State().Addrs[0].String()) // accepted, but nobody takes it
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	fake.hang()
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	if c, err := net.Dial("tcp", l.State().Addrs[0].String()); err == nil {
		c.Close()
		t.Error("got a connection to a closed listener")
	}
	if _, err := ask(c); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("got %v, want the connection closed with the listener", err)
	}
}

func TestOpenNeedsItsConfig(t *testing.T) {
	if _, err := Open(Config{}); err == nil {
		t.Error("got no error without Tailscaled and Log")
	}
}
