// SPDX-License-Identifier: MIT

package known_test

import (
	"fmt"
	"log/slog"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"tailscale-mcp/internal/caller"
	"tailscale-mcp/internal/gate"
	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/testbed/elsewhere"
	testservers "tailscale-mcp/internal/testbed/servers"
	"tailscale-mcp/internal/testbed/tooltest"
	"tailscale-mcp/internal/upstream/known"
	"tailscale-mcp/internal/upstream/pin"
)

func TestMain(m *testing.M) {
	code := m.Run()
	testservers.Clean()
	os.Exit(code)
}

// folder has a server that is served, and one of each kind that is not.
func folder(t *testing.T) (*testservers.Host, known.Servers) {
	t.Helper()
	h := testservers.New(t)
	h.Odd("odd", `{"allow":["read","write","escalating"]}`)
	h.Approve("odd", map[string]grant.Class{"echo": grant.Read, "count": grant.Write, "die": grant.Escalating})
	h.Odd("fresh", "")
	h.Write("wrong", h.OddPath(), nil, `{"idel":"1m"}`)
	k, err := known.Read(h.Dir, gate.NewRegistry(nil))
	if err != nil {
		t.Fatal(err)
	}
	return h, k
}

// A selector that gives nothing is told with why, and with what was probably meant.
func TestMistakes(t *testing.T) {
	_, k := folder(t)
	const tools, resources, prompts = "tools", "resources", "prompts"
	for _, c := range []struct{ key, selector, want string }{
		{tools, "odd/echo", ""}, {tools, "odd/*", ""}, {tools, "odd/e*", ""}, {tools, "odd/read:*", ""}, {tools, "odd/die", ""}, {tools, "odd/escalating:*", ""},
		{tools, "odd/ecko", `the server odd has no tool "ecko" that is approved (did you mean odd/echo?)`},
		{tools, "odd/zzz*", `no tool that "odd/zzz*" means`},
		{tools, "odd/destructive:*", "allow in the entry of the server odd leaves out destructive"},
		{tools, "odd/hang", "leaves out destructive, the class of its tool hang"},
		{tools, "ood/echo", `no server "ood" is served here (did you mean odd?)`},
		{tools, "fresh/echo", "the server fresh is not served: nothing of it is approved"},
		{tools, "wrong/echo", "the server wrong is not served: "},
		{resources, "odd/*", ""}, {resources, "odd/file:///x/*", ""}, {resources, "ood/file:///x", `did you mean odd?`},
		{prompts, "odd/*", ""}, {prompts, "odd/greet", ""}, {prompts, "odd/great", `has no prompt "great" that is approved (did you mean odd/greet?)`},
	} {
		rules, err := grant.Parse([]string{fmt.Sprintf(`{%q:[%q]}`, c.key, c.selector)})
		if err != nil {
			t.Fatal(err)
		}
		got := k.In(rules)
		if c.want == "" && len(got) > 0 || c.want != "" && (len(got) != 1 || got[0].Selector != c.selector || !strings.Contains(got[0].Why, c.want)) {
			t.Errorf("%s %s: got %+v, want %q", c.key, c.selector, got, c.want)
		}
	}
	if names := k.Names(); !slices.Equal(names, []string{"odd/count", "odd/die", "odd/echo"}) {
		t.Errorf("named %q", names)
	}
	// What is ours is not looked at here.
	rules, _ := grant.Parse([]string{`{"tools":["*","nosuch"],"resources":["tailscale://nosuch"]}`})
	if got := k.In(rules); len(got) > 0 {
		t.Errorf("got %+v", got)
	}
}

// What a caller may use of servers is printed as of our own tools, by the same decisions.
func TestExplain(t *testing.T) {
	_, k := folder(t)
	d := gate.NewDispatcher(gate.Options{
		Registry: k.Registry, Audit: &tooltest.Log{}, Log: slog.New(slog.DiscardHandler), Capability: "example.com/cap/mcp",
		Host: func() gate.Host { return gate.Host{Name: "tag:mcp", Port: 8080} },
	})
	rules, err := grant.Parse([]string{`{"tools":["*","odd/read:*"],"resources":["odd/file:///a/*"]}`})
	if err != nil {
		t.Fatal(err)
	}
	c := caller.Caller{Login: "alice@example.com", Node: "laptop", NodeID: "n1", Rules: rules}
	lines := func(t grant.Tool) string {
		if t.Name == "echo" {
			return ", line 7 of the policy file"
		}
		return ""
	}
	var out strings.Builder
	if err := k.Explain(&out, d, c, lines); err != nil {
		t.Fatal(err)
	}
	text := strings.Join(strings.Fields(out.String()), " ")
	for _, want := range []string{
		"The server odd: 1 of 3 tools: odd/read:*", "yes odd/echo read by tools: odd/read:*, line 7 of the policy file", "no odd/count write",
		"0 of 1 prompts: nothing", "resources: file:///a/*",
		"The server fresh is not served: nothing of it is approved", "The server wrong is not served: ",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("got %s, want %q in it", text, want)
		}
	}
	tool, why := k.Named("odd/count")
	if why != "" {
		t.Fatal(why)
	}
	out.Reset()
	if err := k.One(&out, d, c, tool, lines); err != nil || !strings.Contains(out.String(), `{"tools": ["odd/count"]}`) {
		t.Errorf("got %v %s", err, out.String())
	}
	for _, none := range []string{"odd/hang", "odd/*", "odd/ecko", "nosuch/x", "fresh/echo"} {
		if tool, why := k.Named(none); why == "" {
			t.Errorf("%s is %+v", none, tool)
		}
	}
}

// The doctor starts what can be started, and says of everything else why it is not served.
func TestDoctor(t *testing.T) {
	h, _ := folder(t)
	h.Odd("changed", "")
	h.Approve("changed", nil)
	h.Write("changed", h.OddPath(), []string{"-description", "Do as I say."}, "")
	h.Odd("silent", `{"instance":"shared"}`)
	h.Approve("silent", nil)
	h.Close("silent")
	h.Add("broken", "/bin/false", nil, `{"network":"unconfined"}`)
	if text, err := os.ReadFile(pin.Path(h.Dir, "odd")); err != nil || os.WriteFile(pin.Path(h.Dir, "broken"), text, 0o600) != nil {
		t.Fatal(err)
	}
	far, gone := httptest.NewServer(&elsewhere.Server{Legacy: true}), httptest.NewServer(&elsewhere.Server{Legacy: true})
	t.Cleanup(far.Close)
	for name, url := range map[string]string{"far": far.URL, "gone": gone.URL} {
		if err := h.WriteText(name, fmt.Sprintf(`{"url":%q,"tailscale":{"network":["127.0.0.1"]}}`, url)); err != nil {
			t.Fatal(err)
		}
		h.Approve(name, nil)
	}
	gone.Close()
	k, err := known.Read(h.Dir, gate.NewRegistry(nil))
	if err != nil {
		t.Fatal(err)
	}
	var oks, notes []string
	say := func(to *[]string) func(string, ...any) {
		return func(format string, args ...any) { *to = append(*to, fmt.Sprintf(format, args...)) }
	}
	k.Doctor(t.Context(), known.Host{Dial: h.Dial, Unconfined: true}, say(&oks), say(&notes))
	if len(oks) != 2 || !strings.Contains(oks[0], "the server far: it answers within") || !strings.Contains(oks[1], "the server odd: it answers within") {
		t.Errorf("in order: %q", oks)
	}
	for _, want := range []string{
		"SERVERS ARE NOT CONFINED", "the server wrong is not served: " + filepath.Join(h.Dir, "wrong.json"), "the server fresh is not served: nothing of it is approved",
		"withheld from everybody: the tool echo of the server changed is changed", "the server silent cannot be started: nothing listens at its socket",
		"have what runs the servers here listen there", "the server gone did not answer: " + strings.TrimPrefix(gone.URL, "http://") + " cannot be connected to",
		"the callers of the server silent are not apart", "THE NETWORK OF THE SERVER broken IS NOT CONFINED", "journalctl -t tailscale-mcp-broken",
	} {
		if !slices.ContainsFunc(notes, func(note string) bool { return strings.Contains(note, want) }) {
			t.Errorf("got %s, want %q", strings.Join(notes, "\n"), want)
		}
	}
}

// A folder that is not there has no servers.
func TestNoFolder(t *testing.T) {
	k, err := known.Read(filepath.Join(t.TempDir(), "none"), gate.NewRegistry(nil))
	if err != nil || len(k.All) > 0 {
		t.Errorf("got %+v, %v", k, err)
	}
}
