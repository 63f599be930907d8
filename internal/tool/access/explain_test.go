// SPDX-License-Identifier: MIT

package access_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"testing"

	"tailscale-mcp/internal/failure"
	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/survey"
	"tailscale-mcp/internal/testbed/fakeapi"
	"tailscale-mcp/internal/testbed/tooltest"
	"tailscale-mcp/internal/tool"
	"tailscale-mcp/internal/tool/access"
)

const capability = "example.com/cap/mcp"

const file = `{
	"groups": {
		"group:eng": ["alice@example.com", "bob@example.com"],
	},
	"hosts": {"printer": "10.7.0.9"},
	"tagOwners": {"tag:web": ["group:eng"], "tag:db": ["group:eng"]},
	"grants": [
		// Engineers look at the web.
		{"src": ["group:eng"], "dst": ["tag:web"], "ip": ["tcp:443"]},
		{"src": ["tag:web"], "dst": ["tag:db"], "ip": ["tcp:5432"]},
		{"src": ["bob@example.com"], "dst": ["printer"], "ip": ["tcp:631"]},
		{"src": ["group:eng", "tag:db"], "dst": ["tag:web"], "app": {"example.com/cap/mcp": [{"tools": ["read:*"]}]}},
		{"src": ["alice@example.com"], "dst": ["tag:web"], "app": {"example.com/cap/mcp": [{"tools": ["*", "escalating:*"]}]}},
		{"src": ["dave@example.com"], "dst": ["tag:web"], "app": {"example.com/cap/mcp": [{"toolz": ["*"]}]}},
		{"src": ["bob@example.com"], "dst": ["tag:db"], "app": {"example.com/cap/mcp": [{"tools": ["*"]}]}},
		{"src": ["dave@example.com"], "dst": ["tag:web"], "app": {"example.com/cap/mcp": [{"tools": ["read:*"]}]}},
	],
	"ssh": [
		{"action": "check", "src": ["group:eng"], "dst": ["tag:web"], "users": ["root"]},
	],
}`

// pinged is this host: web-1, from which some addresses answer.
type pinged map[string]string

func (p pinged) ID(context.Context) string { return "nWeb1CNTRL" }
func (p pinged) Ping(_ context.Context, a netip.Addr) (string, error) {
	if path, ok := p[a.String()]; ok {
		return path, nil
	}
	return "", errors.New("no answer within 5 s")
}

func rig(t *testing.T) *tooltest.API {
	t.Helper()
	r := tooltest.NewAPI(t, fakeapi.Options{}, func(api access.API) tool.Set {
		return access.Tools(api, access.Options{
			Host: pinged{"100.64.0.1": "direct"}, Evaluator: survey.NewEvaluator(api), Capability: capability,
			Find: func(name string) (grant.Tool, bool) {
				return grant.Tool{Name: name, Group: "policy", Class: grant.Escalating}, name == "set_policy"
			},
		})
	})
	device := func(id, name, user string, addr string, tags ...string) fakeapi.Device {
		return fakeapi.Device{
			NodeID: id, ID: addr[len(addr)-2:], Hostname: name, User: user, Tags: tags, Addresses: []string{addr}, Authorized: true,
			ConnectedToControl: true, KeyExpiryDisabled: true, Created: "2026-01-01T00:00:00Z", Expires: "2026-01-02T00:00:00Z",
		}
	}
	router := device("nRouterCNTRL", "router", "", "100.64.0.50", "tag:web")
	router.Details = &fakeapi.Details{AdvertisedRoutes: []string{"10.7.0.0/16"}}
	old := device("nDB2CNTRL", "db-2", "", "100.64.0.22", "tag:db")
	old.ConnectedToControl, old.LastSeen = false, "2026-10-01T00:00:00Z"
	expired := device("nBob2CNTRL", "bob-old", "bob@example.com", "100.64.0.32")
	expired.KeyExpiryDisabled = false
	shy := device("nShyCNTRL", "shy", "", "100.64.0.60", "tag:web")
	shy.BlocksIncomingConnections = true
	r.Fake.SetDevices([]fakeapi.Device{
		device("nAliceCNTRL", "alice-laptop", "alice@example.com", "100.64.0.1"), device("nWeb1CNTRL", "web-1", "", "100.64.0.10", "tag:web"),
		device("nDB1CNTRL", "db-1", "", "100.64.0.21", "tag:db"), old, device("nBobCNTRL", "bob-laptop", "bob@example.com", "100.64.0.31"), expired, router, shy,
		device("nCarolCNTRL", "carol-mac", "dave@example.com", "100.64.0.41"),
	})
	if err := r.Fake.SetPolicy(file); err != nil {
		t.Fatal(err)
	}
	return r
}

type answer struct {
	Answer, Summary string
	Layers          []struct {
		Layer, Holds, Text, Next string
		Rules                    []struct {
			Section, Text string
			Line          int
		}
	}
	Access []struct {
		Rule struct {
			Line int
			Text string
		}
		Sure                    bool
		By, People, Tags, Ports []string
		Devices                 int
	}
	Unknown []string
}

func ask(t *testing.T, r *tooltest.API, arguments string) (a answer) {
	t.Helper()
	text := r.Answers("explain_access", arguments)
	if err := json.Unmarshal([]byte(text), &a); err != nil {
		t.Fatal(err)
	}
	return a
}

func TestExplain(t *testing.T) {
	r := rig(t)
	for _, c := range []struct {
		arguments, answer string
		says              []string // parts of the layers: "LAYER HOLDS TEXT | NEXT", all of them
	}{
		{`{"source":"alice@example.com","destination":"web-1","port":443}`, "yes", []string{"policy yes The policy file allows it.", "ping yes alice-laptop answers a ping from this host (direct)."}},
		{`{"source":"alice-laptop","destination":"100.64.0.10","port":80}`, "no", []string{"policy no No rule of the policy file allows it: a rule opens tcp:443 there, and not tcp:80. | add tcp:80 to the rule"}},
		{`{"source":"alice-laptop","destination":"web-1","port":22}`, "no", []string{"ssh yes Where the destination runs Tailscale SSH, a login as root: after signing in again; as any other user: no."}},
		{`{"source":"bob-laptop","destination":"printer","port":631}`, "no", []string{"no device has an approved route", "route no router advertises a route to 10.7.0.9/32 that is not approved. | approve the route with set_device_routes for router"}},
		{`{"source":"web-1","destination":"db-2","port":5432}`, "no", []string{"policy yes", "destination no db-2 is offline, last seen 2026-10-01T00:00:00Z.", "ping unknown db-2 does not answer a ping from this host: no answer within 5 s."}},
		{`{"source":"web-1","destination":"tag:db","port":5432}`, "yes", []string{"policy yes", "destination unknown db-2 is offline"}},
		{`{"source":"router","destination":"db-1","port":5432}`, "yes", []string{"path unknown Whether they are connected directly or by a relay only they can tell: neither is this host. | run tailscale ping db-1 on router"}},
		{`{"source":"bob-old","destination":"web-1","port":443}`, "no", []string{"source no bob-old has a node key that expired on 2026-01-02. | sign in on it again"}},
		{`{"source":"alice-laptop","destination":"shy","port":443}`, "no", []string{"destination no shy blocks incoming connections."}},
		{`{"source":"dave@example.com","destination":"web-1","port":443}`, "no", []string{"no rule has both carol-mac among its sources"}},
	} {
		a := ask(t, r, c.arguments)
		var all []string
		for _, l := range a.Layers {
			all = append(all, strings.TrimSuffix(l.Layer+" "+l.Holds+" "+l.Text+" | "+l.Next, " | "))
		}
		said := strings.Join(all, "\n")
		if a.Answer != c.answer {
			t.Errorf("%s: got %q, want %q:\n%s\n%s", c.arguments, a.Answer, c.answer, a.Summary, said)
		}
		for _, want := range c.says {
			if !strings.Contains(said, want) {
				t.Errorf("%s: %q is not in\n%s", c.arguments, want, said)
			}
		}
	}
	a := ask(t, r, `{"source":"alice@example.com","destination":"web-1","port":443}`)
	if rules := a.Layers[0].Rules; len(rules) != 1 || rules[0].Line != 9 || rules[0].Section != "grants" || rules[0].Text != `{"src": ["group:eng"], "dst": ["tag:web"], "ip": ["tcp:443"]}` {
		t.Errorf("got the rules %+v", rules)
	}
}

// The internet is reached through an exit node, which has no route to a part of it.
func TestExplainInternet(t *testing.T) {
	r := rig(t)
	all := r.Fake.Devices()
	exit := all[1]
	exit.NodeID, exit.ID, exit.Hostname, exit.Name, exit.Addresses = "nExitCNTRL", "70", "way-out", "way-out.example.ts.net", []string{"100.64.0.70"}
	if err := r.Fake.SetPolicy(`{"tagOwners": {"tag:web": []}, "grants": [{"src": ["autogroup:member"], "dst": ["autogroup:internet"], "ip": ["*"]}]}`); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		enabled             []string
		destination, answer string
		says                string // the text of the layer of the route
	}{
		{[]string{"0.0.0.0/0", "::/0"}, "8.8.8.8", "yes", "8.8.8.8/32 is reached by an exit node (way-out); the source has to use it, which the API does not tell."},
		{[]string{"0.0.0.0/0", "::/0"}, "autogroup:internet", "yes", "The internet is reached by an exit node (way-out); the source has to use it, which the API does not tell."},
		{nil, "8.8.8.8", "no", "way-out wants to be an exit node, and is not approved as one."},
	} {
		exit.Details = &fakeapi.Details{AdvertisedRoutes: []string{"0.0.0.0/0", "::/0"}, EnabledRoutes: c.enabled}
		r.Fake.SetDevices(append(all[:len(all):len(all)], exit))
		a := ask(t, r, `{"source":"alice-laptop","destination":"`+c.destination+`","port":443}`)
		said := ""
		for _, l := range a.Layers {
			if l.Layer == "route" && said == "" {
				said = l.Text
			}
		}
		if a.Answer != c.answer || said != c.says {
			t.Errorf("%s, approved %q: %s, %q; want %s, %q", c.destination, c.enabled, a.Answer, said, c.answer, c.says)
		}
	}
}

func TestWhoReaches(t *testing.T) {
	r := rig(t)
	a := ask(t, r, `{"destination":"tag:web","port":443}`)
	if a.Answer != "yes" || len(a.Access) != 1 || a.Access[0].Rule.Line != 9 || strings.Join(a.Access[0].People, " ") != "alice@example.com bob@example.com" || a.Access[0].Devices != 3 {
		t.Errorf("got %+v", a)
	}
	if want := "2 people with 3 devices reach tag:web at 443/tcp."; a.Summary != want {
		t.Errorf("got %q, want %q", a.Summary, want)
	}
	if a := ask(t, r, `{"destination":"tag:db","port":22}`); a.Answer != "no" || a.Summary != "Nobody reaches tag:db at 22/tcp by the policy file." {
		t.Errorf("got %+v", a)
	}
	if a := ask(t, r, `{"destination":"tag:db"}`); len(a.Access) != 1 || strings.Join(a.Access[0].Tags, " ") != "tag:web" || strings.Join(a.Access[0].Ports, " ") != "tcp:5432" {
		t.Errorf("got %+v", a)
	}
}

// What is no device has its own ways: subnets, exit nodes, addresses, and people who are
// not listed. A doubt is in the summary too.
func TestExplainOthers(t *testing.T) {
	const rules = `{"tagOwners": {"tag:web": [], "tag:db": []}, "grants": [
		{"src": ["bob@example.com"], "dst": ["autogroup:internet", "10.0.0.0/8"], "ip": ["*"]},
		{"src": ["10.7.0.0/16"], "dst": ["tag:db"], "ip": ["tcp:1"]},
		{"src": ["*"], "dst": ["tag:db"], "ip": ["tcp:2"]},
		{"src": ["autogroup:shared"], "dst": ["tag:db"], "ip": ["tcp:3"]},
		{"src": ["group:synced@example.com"], "dst": ["tag:db"], "ip": ["tcp:4"]}],
	"ssh": [{"action": "accept", "src": ["bob@example.com"], "dst": ["tag:web"], "users": ["deploy", "localpart:*@example.com"]}]}`
	r := rig(t)
	if err := r.Fake.SetPolicy(rules); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ arguments, answer, says string }{
		{`{"source":"bob-laptop","destination":"8.8.8.8","port":53}`, "no", "No device advertises a route to 8.8.8.8/32, or is an exit node."},
		{`{"source":"bob-laptop","destination":"autogroup:internet","port":53}`, "no", "The policy file has a rule for it, which does not do here: "},
		{`{"destination":"tag:db","port":1}`, "yes", "1 range of addresses of no device reach tag:db at 1/tcp."},
		{`{"destination":"tag:db","port":2}`, "yes", "3 people and 2 tags with 9 devices, and 3 ranges of addresses of no device reach tag:db at 2/tcp."},
		{`{"destination":"tag:db","port":3}`, "unknown", "It is not known whether anybody reaches tag:db at 3/tcp: others, who are not listed, may."},
		{`{"destination":"tag:db","port":4}`, "unknown", "It is not known whether anybody reaches tag:db at 4/tcp: 3 people with 4 devices may."},
		{`{"source":"web-1","destination":"db-1"}`, "yes", "Yes: web-1 to db-1 at a port of tcp is allowed, but: db-1 does not answer a ping"},
		{`{"source":"bob-laptop","destination":"web-1","port":22}`, "no", "as root: no; as deploy: yes; as bob: yes; as any other user: no."},
	} {
		if a, text := ask(t, r, c.arguments), r.Answers("explain_access", c.arguments); a.Answer != c.answer || !strings.Contains(text, c.says) {
			t.Errorf("%s: got %q, want %q and %q in\n%s", c.arguments, a.Answer, c.answer, c.says, text)
		}
	}
	devices := r.Fake.Devices()
	for i := range devices {
		if devices[i].Hostname == "router" {
			routes := []string{"0.0.0.0/0", "::/0", "10.7.0.0/16"}
			devices[i].Details = &fakeapi.Details{AdvertisedRoutes: routes, EnabledRoutes: routes}
		}
	}
	r.Fake.SetDevices(devices)
	for _, c := range []struct{ arguments, answer, says string }{
		{`{"source":"bob-laptop","destination":"8.8.8.8","port":53}`, "yes", "8.8.8.8/32 is reached by an exit node (router)"},
		{`{"source":"bob-laptop","destination":"autogroup:internet","port":53}`, "yes", "The internet is reached by an exit node (router)"},
		{`{"source":"bob-laptop","destination":"10.0.0.0/8","port":53}`, "yes", "but: A part of 10.0.0.0/8 is behind router"},
	} {
		if a, text := ask(t, r, c.arguments), r.Answers("explain_access", c.arguments); a.Answer != c.answer || !strings.Contains(text, c.says) {
			t.Errorf("%s: got %q, want %q and %q in\n%s", c.arguments, a.Answer, c.answer, c.says, text)
		}
	}
}

func TestExplainRefuses(t *testing.T) {
	r := rig(t)
	for arguments, want := range map[string]string{
		`{"destination":" "}`:                                                   "the argument destination is empty",
		`{"destination":"web-9"}`:                                               "web-1",
		`{"destination":"web-1","source":"group:engg"}`:                         "group:eng",
		`{"destination":"web-1","protocol":"tpc"}`:                              "is no IP protocol",
		`{"destination":"web-1","port":70000}`:                                  "65535",
		`{"destination":"web-1","source":"alice@example.com","protocol":"300"}`: "1 to 255",
	} {
		r.Refuses("explain_access", arguments, failure.InvalidArgument, want)
	}
}

// However many rules let whomever in, an answer has room in a client.
func TestWhoReachesByManyRules(t *testing.T) {
	r := rig(t)
	var people, rules []string
	devices := r.Fake.Devices()
	for i := range 300 {
		login := fmt.Sprintf("somebody-with-a-name-%d@example.com", i)
		people = append(people, strconv.Quote(login))
		devices = append(devices, fakeapi.Device{
			NodeID: fmt.Sprintf("nMany%dCNTRL", i), ID: fmt.Sprint(5000 + i), Hostname: fmt.Sprintf("many-%d", i), User: login,
			Addresses: []string{fmt.Sprintf("100.65.%d.%d", i/250, 1+i%250)}, Authorized: true, ConnectedToControl: true, KeyExpiryDisabled: true,
		})
	}
	r.Fake.SetDevices(devices)
	for i := range 100 {
		rules = append(rules, fmt.Sprintf(`{"src": ["group:all"], "dst": ["tag:web"], "ip": ["tcp:%d"]}`, 1000+i))
	}
	text := `{"groups": {"group:all": [` + strings.Join(people, ",") + `]}, "tagOwners": {"tag:web": []}, "grants": [` + strings.Join(rules, ",") + `]}`
	if err := r.Fake.SetPolicy(text); err != nil {
		t.Fatal(err)
	}
	a := ask(t, r, `{"destination":"tag:web"}`)
	want := "300 people with 300 devices reach tag:web at a port of tcp. Of 100 rules the first 20 are shown: ask for a port, or with a source."
	if a.Answer != "yes" || len(a.Access) != 20 || a.Summary != want {
		t.Errorf("got %q with %d rules: %s, want %s", a.Answer, len(a.Access), a.Summary, want)
	}
}
