// SPDX-License-Identifier: MIT

package identity

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
	"tailscale.com/client/tailscale/apitype"

	"tailscale-mcp/internal/caller"
	"tailscale-mcp/internal/grant"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var laptop = netip.MustParseAddrPort("100.64.0.1:40000")

// sentinels are the reasons; every error wraps exactly one.
var sentinels = []error{ErrUnknown, ErrUnavailable, ErrSelf, ErrMalformedGrant}

// checkRefused holds an error against the one reason it should have, and the
// caller that came with it against having no permission.
func checkRefused(t *testing.T, c caller.Caller, err, want error) {
	t.Helper()
	for _, reason := range sentinels {
		if got, want := errors.Is(err, reason), errors.Is(want, reason); got != want {
			t.Errorf("%v: is it %q: got %v, want %v", err, reason, got, want)
		}
	}
	if !c.Rules.Empty() {
		t.Errorf("got permissions %s with an error, want none", c.Rules)
	}
}

const (
	node   = `"Node":{"ID":1,"StableID":"nLaptop","Name":"laptop.example.ts.net.","Addresses":["100.64.0.1/32"]}`
	tagged = `"Node":{"ID":1,"StableID":"nRunner","Name":"runner.example.ts.net.","Tags":["tag:web","tag:ci","tag:web"]}`
	alice  = `"UserProfile":{"ID":2,"LoginName":"alice@example.com","DisplayName":"Alice"}`
	nobody = `"UserProfile":{"ID":3,"LoginName":"tagged-devices"}`
)

func TestResolveCallers(t *testing.T) {
	rules := func(entries ...string) grant.Rules {
		r, err := grant.Parse(entries)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	for _, tt := range []struct {
		name, answer string
		want         caller.Caller
	}{
		{
			"a user", `{` + node + `,` + alice + `,"CapMap":{"` + capability + `":[{"tools":["read:*"]}]}}`,
			caller.Caller{Login: "alice@example.com", Name: "Alice", Node: "laptop.example.ts.net", NodeID: "nLaptop", Rules: rules(`{"tools":["read:*"]}`)},
		},
		{
			"a tagged node", `{` + tagged + `,` + nobody + `}`,
			caller.Caller{Tags: []string{"tag:ci", "tag:web"}, Node: "runner.example.ts.net", NodeID: "nRunner"},
		},
		{
			"a tagged node is not the user who logged it in", `{` + tagged + `,` + alice + `}`,
			caller.Caller{Tags: []string{"tag:ci", "tag:web"}, Node: "runner.example.ts.net", NodeID: "nRunner"},
		},
		{
			"a tagged node without a profile", `{` + tagged + `}`,
			caller.Caller{Tags: []string{"tag:ci", "tag:web"}, Node: "runner.example.ts.net", NodeID: "nRunner"},
		},
		{
			"entries of several grants are united", `{` + node + `,` + alice + `,"CapMap":{"` + capability + `":[{"tools":["a"]},{"tools":["b"]},{"resources":["*"]}]}}`,
			caller.Caller{Login: "alice@example.com", Name: "Alice", Node: "laptop.example.ts.net", NodeID: "nLaptop", Rules: rules(`{"tools":["a","b"],"resources":["*"]}`)},
		},
		{
			"no grant", `{` + node + `,` + alice + `}`,
			caller.Caller{Login: "alice@example.com", Name: "Alice", Node: "laptop.example.ts.net", NodeID: "nLaptop"},
		},
		{
			"a grant of nothing", `{` + node + `,` + alice + `,"CapMap":{"` + capability + `":[]}}`,
			caller.Caller{Login: "alice@example.com", Name: "Alice", Node: "laptop.example.ts.net", NodeID: "nLaptop"},
		},
		{
			"grants of another capability count for nothing, readable or not",
			`{` + node + `,` + alice + `,"CapMap":{"example.com/cap/mcp":[{"tools":["*"]},"?"],"` + strings.ToUpper(capability) + `":[{"tools":["*"]}]}}`,
			caller.Caller{Login: "alice@example.com", Name: "Alice", Node: "laptop.example.ts.net", NodeID: "nLaptop"},
		},
		{
			"a node without a name", `{"Node":{"StableID":"nLaptop"},` + alice + `}`,
			caller.Caller{Login: "alice@example.com", Name: "Alice", NodeID: "nLaptop"},
		},
		{
			"a node that was shared into the tailnet", `{"Node":{"StableID":"nShared","Name":"box.other.ts.net.","Sharer":7},"UserProfile":{"LoginName":"eve@other.example"}}`,
			caller.Caller{Login: "eve@other.example", Node: "box.other.ts.net", NodeID: "nShared"},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			daemon := startTailscaled(t)
			daemon.knows(tt.answer)
			r, log := resolver(daemon.client)
			got, err := r.Resolve(t.Context(), laptop)
			if err != nil {
				t.Fatal(err)
			}
			tt.want.Addr = laptop
			if diff := cmp.Diff(tt.want, got, cmp.Comparer(func(a, b netip.AddrPort) bool { return a == b })); diff != "" {
				t.Errorf("caller (-want +got):\n%s", diff)
			}
			if log.Len() > 0 {
				t.Errorf("got log %s, want nothing", log)
			}
		})
	}
}

func TestResolveNobody(t *testing.T) {
	for name, answer := range map[string]string{
		"null":                                `null`,
		"an empty object":                     `{}`,
		"no node":                             `{` + alice + `}`,
		"a null node":                         `{"Node":null,` + alice + `}`,
		"a node without a stable ID":          `{"Node":{"ID":1,"Name":"laptop.example.ts.net."},` + alice + `}`,
		"no profile":                          `{` + node + `}`,
		"a null profile":                      `{` + node + `,"UserProfile":null}`,
		"a profile without a login":           `{` + node + `,"UserProfile":{"ID":2}}`,
		"tagged by profile but not by tag":    `{` + node + `,` + nobody + `}`,
		"a service address, which is no node": `{"Node":{"Name":"svc:mcp","Addresses":["100.100.1.1/32"]},"UserProfile":{}}`,
		"an empty tag":                        `{"Node":{"StableID":"n1","Tags":[""]},` + alice + `}`,
		"a tag without a name":                `{"Node":{"StableID":"n1","Tags":["tag:"]},` + alice + `}`,
		"something else for a tag":            `{"Node":{"StableID":"n1","Tags":["tag:ci","alice@example.com"]},` + alice + `}`,
		"a login that looks like a tag":       `{` + node + `,"UserProfile":{"LoginName":"tag:ci"}}`,
		"a login with a line end":             `{` + node + `,"UserProfile":{"LoginName":"alice@example.com\nbob"}}`,
		"a login of space":                    `{` + node + `,"UserProfile":{"LoginName":" "}}`,
		"a login with a text direction":       `{` + node + `,"UserProfile":{"LoginName":"alice\u202e@example.com"}}`,
	} {
		t.Run(name, func(t *testing.T) {
			daemon := startTailscaled(t)
			daemon.knows(answer)
			r, log := resolver(daemon.client)
			c, err := r.Resolve(t.Context(), laptop)
			checkRefused(t, c, err, ErrUnknown)
			if len(c.Principals()) > 0 {
				t.Errorf("got principals %q, want none", c.Principals())
			}
			if !strings.Contains(log.String(), "caller refused") {
				t.Errorf("got log %q, want the refusal in it", log)
			}
		})
	}
}

// TestResolveNeverAsksForLess: the question about loopback has the port, since in
// userspace networking only that tells peers apart, and says that the connection
// is TCP, since UDP flows have ports of their own. Nor for more: tailscaled would
// look for the port of a Tailscale address that no node has, and holds up
// everybody meanwhile; nor for what is no peer's.
func TestResolveNeverAsksForLess(t *testing.T) {
	daemon := startTailscaled(t)
	r, _ := resolver(daemon.client)
	var want []string
	for remote, asked := range map[string]string{
		"100.64.0.1:40000":           "tcp 100.64.0.1",
		"[::ffff:100.64.0.2]:40000":  "tcp 100.64.0.2",
		"[fd7a:115c:a1e0::1]:40000":  "tcp fd7a:115c:a1e0::1",
		"127.0.0.1:40001":            "tcp 127.0.0.1:40001",
		"[::ffff:127.0.0.1]:40002":   "tcp 127.0.0.1:40002",
		"[fe80::1%tailscale0]:40000": "",
		"192.168.1.9:40000":          "",
		"203.0.113.9:40000":          "",
	} {
		if asked != "" {
			want = append(want, asked)
		}
		c, err := r.Resolve(t.Context(), netip.MustParseAddrPort(remote))
		checkRefused(t, c, err, ErrUnknown)
		if c.Addr.Addr().Is4In6() {
			t.Errorf("got address %v of the caller, want it unmapped", c.Addr)
		}
	}
	got := slices.Sorted(slices.Values(daemon.questions()))
	slices.Sort(want)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("questions (-want +got):\n%s", diff)
	}
}

func TestResolveNoAddress(t *testing.T) {
	daemon := startTailscaled(t)
	r, _ := resolver(daemon.client)
	c, err := r.Resolve(t.Context(), netip.AddrPort{})
	checkRefused(t, c, err, ErrUnknown)
	if asked := daemon.questions(); len(asked) > 0 {
		t.Errorf("got questions %q, want none about no address", asked)
	}
}

// TestResolveNotFound: "I know no such peer" is only believed of a tailscaled
// that is on a tailnet.
func TestResolveNotFound(t *testing.T) {
	for state, want := range map[string]error{
		"Running":          ErrUnknown,
		"Starting":         ErrUnavailable,
		"Stopped":          ErrUnavailable,
		"NeedsLogin":       ErrUnavailable,
		"NeedsMachineAuth": ErrUnavailable,
		"InUseOtherUser":   ErrUnavailable,
		"NoState":          ErrUnavailable,
		"running":          ErrUnavailable,
		"":                 ErrUnavailable, // cannot be asked
	} {
		t.Run(state, func(t *testing.T) {
			daemon := startTailscaled(t)
			daemon.is(state)
			r, _ := resolver(daemon.client)
			c, err := r.Resolve(t.Context(), laptop)
			checkRefused(t, c, err, want)
		})
	}
}

func TestResolveUnavailable(t *testing.T) {
	status := func(code int) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "access denied", code) }
	}
	body := func(text string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(text)) }
	}
	for name, answer := range map[string]http.HandlerFunc{
		"refuses the question":       status(http.StatusForbidden),
		"does not like the question": status(http.StatusBadRequest),
		"wants something first":      status(http.StatusPreconditionFailed),
		"fails":                      status(http.StatusInternalServerError),
		"answers nothing":            body(""),
		"answers no JSON":            body("<html>"),
		"answers half":               body(`{` + node + `,` + alice),
		"answers another type":       body(`[` + `1]`),
		"answers wrong types inside": body(`{"Node":{"StableID":{}}}`),
		"ends the connection": func(w http.ResponseWriter, _ *http.Request) {
			conn, _, err := http.NewResponseController(w).Hijack()
			if err == nil {
				conn.Close()
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			daemon := startTailscaled(t)
			daemon.answers(answer)
			r, _ := resolver(daemon.client)
			c, err := r.Resolve(t.Context(), laptop)
			checkRefused(t, c, err, ErrUnavailable)
		})
	}
}

// TestResolveTailscaledGoes follows one daemon through its life.
func TestResolveTailscaledGoes(t *testing.T) {
	daemon := startTailscaled(t)
	daemon.knows(`{` + node + `,` + alice + `}`)
	r, _ := resolver(daemon.client)
	if _, err := r.Resolve(t.Context(), laptop); err != nil {
		t.Fatal(err)
	}
	daemon.stop()
	c, err := r.Resolve(t.Context(), laptop)
	checkRefused(t, c, err, ErrUnavailable)
}

func TestResolveSlowTailscaled(t *testing.T) {
	daemon := startTailscaled(t)
	hung := make(chan struct{})
	defer close(hung)
	daemon.answers(func(http.ResponseWriter, *http.Request) { <-hung })
	r, _ := resolver(daemon.client)
	r.timeout = 20 * time.Millisecond
	c, err := r.Resolve(t.Context(), laptop)
	checkRefused(t, c, err, ErrUnavailable)
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v, want it to name the deadline", err)
	}
}

// TestAskIsBounded: both questions together have the two seconds.
func TestAskIsBounded(t *testing.T) {
	var left time.Duration
	r, _ := resolver(stub{whoIs: func(ctx context.Context, _ string) (*apitype.WhoIsResponse, error) {
		deadline, ok := ctx.Deadline()
		if !ok {
			t.Error("tailscaled is asked without a deadline")
		}
		left = time.Until(deadline)
		return nil, errors.New("never mind")
	}})
	_, _ = r.Resolve(t.Context(), laptop)
	if left <= 0 || left > DefaultTimeout {
		t.Errorf("got %v for the question, want at most %v", left, DefaultTimeout)
	}
}

func TestResolveMalformedGrant(t *testing.T) {
	for name, values := range map[string]string{
		"an unknown key":               `{"tools":["*"],"where":"office"}`,
		"one good entry and a bad one": `{"tools":["*"]},{"tool":["get_x"]}`,
		"not an object":                `"*"`,
		"null":                         `null`,
		"a selector of the future":     `{"tools":["!delete_device"]}`,
	} {
		t.Run(name, func(t *testing.T) {
			daemon := startTailscaled(t)
			daemon.knows(`{` + node + `,` + alice + `,"CapMap":{"` + capability + `":[` + values + `]}}`)
			r, log := resolver(daemon.client)
			c, err := r.Resolve(t.Context(), laptop)
			checkRefused(t, c, err, ErrMalformedGrant)
			if c.Login != "alice@example.com" || c.NodeID != "nLaptop" || c.Addr != laptop {
				t.Errorf("got %#v, want to know whose grant it is", c)
			}
			for _, want := range []string{"level=WARN", "caller refused", "alice@example.com", laptop.String(), "malformed grant"} {
				if !strings.Contains(log.String(), want) {
					t.Errorf("got log %s, want %q in it", log, want)
				}
			}
		})
	}
}

func TestResolveSelf(t *testing.T) {
	const granted = `,"CapMap":{"` + capability + `":[{"tools":["*"]}]}}`
	for _, tt := range []struct {
		name      string
		self      string
		known     bool
		allowSelf bool
		want      error
	}{
		{"another node", "nServer", true, false, nil},
		{"this node", "nLaptop", true, false, ErrSelf},
		{"this node, which is wanted", "nLaptop", true, true, nil},
		{"it is not known which node this is", "", false, false, ErrUnavailable},
		{"it is not known which node this is, and it does not matter", "", false, true, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			daemon := startTailscaled(t)
			daemon.knows(`{` + node + `,` + alice + granted)
			r, _ := resolver(daemon.client, func(o *Options) {
				o.Self = func() (string, bool) { return tt.self, tt.known }
				o.AllowSelf = tt.allowSelf
			})
			c, err := r.Resolve(t.Context(), laptop)
			if tt.want != nil {
				checkRefused(t, c, err, tt.want)
				return
			}
			if err != nil || c.Rules.Empty() {
				t.Errorf("got %v with rules %s, want the caller with its rules", err, c.Rules)
			}
		})
	}
}

// TestResolveSelfOfALogin: after a login as another node the host is that node
// at once, whatever Options.Self has heard of it.
func TestResolveSelfOfALogin(t *testing.T) {
	const whois = `{"Node":{"StableID":%q,"Name":"host.example.ts.net."},"UserProfile":{"LoginName":"alice@example.com"},"CapMap":{"` +
		capability + `":[{"tools":["*"]}]}}`
	stale := func(o *Options) { o.Self = func() (string, bool) { return "nBefore", true } }
	for _, tt := range []struct {
		name, nodeID, state string
		want                error
	}{
		{"the node that the host is now", "nServer", "Running", ErrSelf},
		{"the node that it was", "nBefore", "Running", ErrSelf},
		{"tailscaled cannot say which it is", "nLaptop", "", ErrUnavailable},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := startTailscaled(t)
			f.knows(fmt.Sprintf(whois, tt.nodeID))
			f.is(tt.state)
			r, _ := resolver(f.client, stale)
			c, err := r.Resolve(t.Context(), laptop)
			checkRefused(t, c, err, tt.want)
		})
	}
}

// TestResolvePanic: a defect costs one answer and not the daemon.
func TestResolvePanic(t *testing.T) {
	for _, age := range []time.Duration{-1, time.Second} {
		r, log := resolver(stub{whoIs: func(context.Context, string) (*apitype.WhoIsResponse, error) { panic("defect") }},
			func(o *Options) { o.MaxAge = age })
		c, err := r.Resolve(t.Context(), laptop)
		checkRefused(t, c, err, ErrUnavailable)
		if !strings.Contains(log.String(), "defect") || strings.Contains(err.Error(), "defect") {
			t.Errorf("got error %v and log %q, want the cause in the log only", err, log)
		}
	}
}
