// SPDX-License-Identifier: MIT

package route

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tailscale-mcp/internal/localapi/socket"
	"tailscale-mcp/internal/testbed/fakelocal"
)

// walkAll walks the whole way, and returns what was found, a line a step, and
// the step that failed.
func walkAll(ctx context.Context, p *Path) (log, failed string, err error) {
	var b strings.Builder
	say := func(step, found, note string, err error) error {
		b.WriteString(step + ": " + found)
		if note != "" {
			b.WriteString(" NOTE " + note)
		}
		b.WriteString("\n")
		if err != nil {
			failed = step
		}
		return err
	}
	plain := func(step string, do func(context.Context) (string, error)) error {
		found, err := do(ctx)
		return say(step, found, "", err)
	}
	without := func(err error) bool {
		if !p.Without(err) {
			return false
		}
		b.WriteString("WITHOUT " + err.Error() + "\n")
		return true
	}
	if err = plain("tailscaled", p.Tailscaled); err != nil && !without(err) {
		return b.String(), failed, err
	}
	if p.Tailnet() {
		found, note, err := p.State()
		if err = say("state", found, note, err); err != nil && !without(err) {
			return b.String(), failed, err
		}
	}
	failed = ""
	if err = plain("name", p.Name); err != nil {
		return b.String(), failed, err
	}
	if p.Tailnet() {
		found, note, err := p.Node(ctx)
		if err = say("node", found, note, err); err != nil {
			return b.String(), failed, err
		}
	}
	found, note, err := p.Connect(ctx)
	err = say("connection", found, note, err)
	return b.String(), failed, err
}

// TestPX26Path: each break of the way is found where it is, and said with the
// next step.
func TestPX26Path(t *testing.T) {
	lan := netip.MustParseAddr("192.0.2.9")
	expiry := func(in time.Duration) func(*fakelocal.Tailscaled) {
		return func(f *fakelocal.Tailscaled) { at := time.Now().Add(in); f.Status.Self.KeyExpiry = &at }
	}
	state := func(s string) func(*fakelocal.Tailscaled) {
		return func(f *fakelocal.Tailscaled) { f.Status.BackendState = s }
	}
	const server = "http://ts-mcp:8080/mcp"
	tests := []struct {
		name, url  string
		change     func(*fakelocal.Tailscaled)
		absent     bool
		required   bool
		identityTo []string
		dial       error // of the system
		log        []string
		failed     string
		says, next string
	}{
		{
			name: "all is well", url: server,
			log: []string{
				"state: connected as alice@example.com on laptop.tail1.ts.net\n", "name: ts-mcp is 100.64.0.2, by tailscaled\n",
				"node: ts-mcp.tail1.ts.net of tag:mcp,tag:x\n", "connection: to 127.0.0.1:",
			},
		},
		{name: "by address", url: "http://100.64.0.2:8080/mcp", log: []string{"name: 100.64.0.2 is an address\n", "node: ts-mcp.tail1.ts.net"}},
		{name: "a name of the system", url: "http://mcp.example.com:8080/mcp", log: []string{"name: mcp.example.com is 100.64.0.2, by this system\n"}},
		{
			name: "userspace networking", url: server, change: func(f *fakelocal.Tailscaled) { f.Status.TUN = false },
			log: []string{"with userspace networking", "connection: to port 8080 through tailscaled, in "},
		},
		{name: "the key expires late", url: server, change: expiry(30 * 24 * time.Hour), log: []string{"on laptop.tail1.ts.net\n"}},
		{name: "the key expires soon", url: server, change: expiry(24 * time.Hour), log: []string{"NOTE the key of this node expires 20", "tailscale up --force-reauth"}},
		{name: "no tailscaled", required: true, url: server, absent: true, failed: "tailscaled", says: "no tailscaled answers on this machine: connect: no such file", next: "--tailscaled-socket"},
		{name: "something else there", required: true, url: server, change: func(f *fakelocal.Tailscaled) { f.Broken = true }, failed: "tailscaled", says: "asking tailscaled: ", next: "is that tailscaled"},
		{name: "silent", required: true, url: server, change: func(f *fakelocal.Tailscaled) { f.Silent = make(chan struct{}) }, failed: "tailscaled", says: "does not answer within 1s", next: "restart it"},
		{name: "logged out", required: true, url: server, change: state("NeedsLogin"), failed: "state", says: "is logged out on this machine", next: "run: tailscale up"},
		{name: "turned off", required: true, url: server, change: state("Stopped"), failed: "state", says: "is turned off on this machine", next: "run: tailscale up"},
		{name: "not approved", required: true, url: server, change: state("NeedsMachineAuth"), failed: "state", says: "waits to be approved", next: "https://login.tailscale.com/admin/machines"},
		{name: "starting", required: true, url: server, change: state("Starting"), failed: "state", says: "(its state is Starting)", next: "try again"},
		{
			name: "no tailscaled, and none needed", url: "http://mcp.example.com:8080/mcp", absent: true,
			log: []string{"WITHOUT no tailscaled answers on this machine: connect: no such file", "name: mcp.example.com is 100.64.0.2, by this system\n", "connection: to 127.0.0.1:"},
		},
		{
			name: "logged out, and no tailscaled needed", url: "http://192.0.2.9:8080/mcp", change: state("NeedsLogin"), identityTo: []string{"192.0.2.9"},
			log: []string{"WITHOUT Tailscale is logged out on this machine", "name: 192.0.2.9 is an address\n", "connection: to 127.0.0.1:"},
		},
		{
			name: "no tailscaled to know the name", url: server, absent: true, failed: "name",
			says: `does not know the name "ts-mcp", and tailscaled, which may know it, cannot say: no tailscaled answers`, next: startIt(),
		},
		{
			name: "turned off, and the address is of the tailnet", url: "http://100.64.0.2:8080/mcp", change: state("Stopped"), dial: context.DeadlineExceeded, failed: "connection",
			says: "100.64.0.2 does not answer", next: "run: tailscale up",
		},
		{name: "nobody's name", url: "http://unknown/mcp", failed: "name", says: `knows the name "unknown"`, next: "tailscale status"},
		{
			name: "a host outside", url: "http://lan.example.com/mcp",
			log: []string{"node:  NOTE no identity is sent: lan.example.com ([192.0.2.9], by this system) is not a node of this tailnet; ", "--identity-to lan.example.com\n", "connection: to 127.0.0.1:"},
		},
		{
			name: "a host outside where a node is required", required: true, url: "http://lan.example.com/mcp", failed: "node",
			says: "lan.example.com ([192.0.2.9], by this system) is not a node of this tailnet", next: "tailscale status",
		},
		{
			name: "a host outside that is allowed", url: "http://lan.example.com/mcp", identityTo: []string{"lan.example.com"},
			log: []string{"node:  NOTE lan.example.com is not a node of this tailnet, but is allowed by name", "connection: to 127.0.0.1:"},
		},
		{name: "offline but there", url: server, change: offline, log: []string{"node: ts-mcp.tail1.ts.net of tag:mcp,tag:x NOTE tailscaled takes that node for offline\n", "connection: to "}},
		{name: "offline", url: server, change: offline, dial: context.DeadlineExceeded, failed: "connection", says: "ts-mcp does not answer", next: "tailscaled takes that node for offline: start the machine"},
		{name: "nothing listens", url: server, dial: &net.OpError{Op: "dial", Net: "tcp", Err: errors.New("connection refused")}, failed: "connection", says: "ts-mcp:8080 refused the connection", next: "sudo tailscale-mcp doctor"},
		{name: "the policy file forbids", url: server, dial: context.DeadlineExceeded, failed: "connection", says: "ts-mcp does not answer", next: `"ip": ["tcp:8080"]`},
		{
			name: "userspace, and nothing listens", url: server, change: func(f *fakelocal.Tailscaled) { f.Status.TUN, f.To = false, "127.0.0.1:1" },
			failed: "connection", says: "ts-mcp:8080 refused the connection", next: "sudo tailscale-mcp doctor",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := accepting(t)
			ts := fakelocal.Start(t)
			lc := socket.ClientForDials(ts.Socket)
			ts.To = s
			ts.ServerTags = []string{"tag:x", "tag:mcp"}
			if tt.change != nil {
				ts.Mu.Lock()
				tt.change(ts)
				ts.Mu.Unlock()
			}
			if ts.Silent != nil {
				defer close(ts.Silent)
			}
			if tt.absent {
				lc = socket.ClientForDials(filepath.Join(t.TempDir(), "none.sock"))
			}
			sys := &fakelocal.System{To: ts.To, Names: map[string][]netip.Addr{"mcp.example.com": {fakelocal.ServerIP}, "lan.example.com": {lan}}}
			p := NewPath(t.Context(), Config{Server: parsed(t, tt.url), Tailscaled: lc, IdentityTo: tt.identityTo, Required: tt.required})
			p.r.Resolve, p.r.Dial = sys.Resolve, sys.Dial
			if tt.dial != nil {
				p.r.Dial = func(context.Context, string, string) (net.Conn, error) { return nil, tt.dial }
			}
			log, failed, err := walkAll(t.Context(), p)
			for _, want := range tt.log {
				if !strings.Contains(log, want) {
					t.Errorf("got\n%s\nwant %q in it", log, want)
				}
			}
			if failed != tt.failed {
				t.Errorf("got a break at %q (%v), want it at %q", failed, err, tt.failed)
			}
			if tt.failed == "" || err == nil {
				return
			}
			if what, next := Advice(err); !strings.Contains(what, tt.says) || !strings.Contains(next, tt.next) {
				t.Errorf("got %q and next %q, want %q and %q", what, next, tt.says, tt.next)
			}
		})
	}
}

func offline(f *fakelocal.Tailscaled) {
	no := false
	f.ServerOnline = &no
}

// TestPX26PathLocal: for this machine itself no tailscaled is asked.
func TestPX26PathLocal(t *testing.T) {
	s := "http://" + accepting(t) + "/mcp"
	for _, required := range []bool{false, true} {
		p := NewPath(t.Context(), Config{Server: parsed(t, s), Tailscaled: socket.ClientForDials(filepath.Join(t.TempDir(), "none.sock")), Required: required})
		if !p.Local() {
			t.Error("got a way through the tailnet, want none")
		}
		if err := p.Refused(); (err != nil) != required {
			t.Errorf("required %v: got %v", required, err)
		}
		if _, _, err := p.Connect(t.Context()); err != nil {
			t.Errorf("got %v, want a connection", err)
		}
	}
}

// accepting is the address of a listener that accepts what comes.
func accepting(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l.Addr().String()
}

// A connection that took seconds is no good news.
func TestSlowConnections(t *testing.T) {
	for took, noted := range map[time.Duration]bool{0: false, 400 * time.Millisecond: false, slow - 1: false, slow: true, 5003 * time.Millisecond: true} {
		if note := slowly(took); strings.Contains(note, "that is slow") != noted {
			t.Errorf("%v: %q", took, note)
		}
	}
}
