// SPDX-License-Identifier: MIT

package grant

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"
	"sync"
	"testing"
)

// The cast. Every row of the matrix is asked about all of them.
var (
	listDevices  = Tool{Name: "list_all_devices", Group: "devices", Class: Read}
	getDevice    = Tool{Name: "get_device_info", Group: "devices", Class: Read}
	renameDevice = Tool{Name: "rename_device", Group: "devices", Class: Write}
	deleteDevice = Tool{Name: "delete_device", Group: "devices", Class: Destructive}
	approve      = Tool{Name: "approve_device", Group: "devices", Class: Escalating}
	getDNS       = Tool{Name: "get_dns", Group: "dns", Class: Read}
	setDNS       = Tool{Name: "set_dns", Group: "dns", Class: Destructive}
	createKey    = Tool{Name: "create_key", Group: "keys", Class: Escalating}
	whois        = Tool{Name: "whois", Group: "", Class: Read}

	cast = []Tool{listDevices, getDevice, renameDevice, deleteDevice, approve, getDNS, setDNS, createKey, whois}
)

// row is one line of the matrix: these tool selectors, and nothing else granted.
type row struct {
	selectors string // separated by spaces, each in an entry of its own
	allowed   []Tool // of the cast; all others must be denied
}

// allows says that the selectors allow these tools and deny the rest of the cast.
func allows(selectors string, tools ...Tool) row { return row{selectors, tools} }

// denies says that the selectors allow nobody of the cast.
func denies(selectors string) row { return row{selectors: selectors} }

// TestToolMatrix is the table to read when asking what a grant opens.
func TestToolMatrix(t *testing.T) {
	rows := []row{
		// Nothing granted, nothing allowed.
		denies(""),

		// A name opens that tool, whatever its class, and no other.
		allows("list_all_devices", listDevices),
		allows("delete_device", deleteDevice),
		allows("create_key", createKey),
		allows("whois", whois),
		allows("list_all_devices create_key", listDevices, createKey),
		denies("no_such_tool"),
		denies("LIST_ALL_DEVICES"),
		denies("list_all"),
		denies("list_all_devices_too"),

		// The star opens everything but escalation.
		allows("*", listDevices, getDevice, renameDevice, deleteDevice, getDNS, setDNS, whois),
		allows("* create_key", listDevices, getDevice, renameDevice, deleteDevice, getDNS, setDNS, whois, createKey),

		// A class opens that class; classes do not include each other.
		allows("read:*", listDevices, getDevice, getDNS, whois),
		allows("write:*", renameDevice),
		allows("destructive:*", deleteDevice, setDNS),
		allows("escalating:*", approve, createKey),
		allows("read:* write:*", listDevices, getDevice, getDNS, whois, renameDevice),
		allows("* escalating:*", cast...),
		allows("read:* write:* destructive:* escalating:*", cast...),

		// A group opens its tools but escalation.
		allows("group:devices", listDevices, getDevice, renameDevice, deleteDevice),
		allows("group:dns", getDNS, setDNS),
		denies("group:keys"),
		denies("group:no_such_group"),
		denies("group:DNS"),
		denies("group:dn"),

		// A group and a class open what is both.
		allows("group:devices:read", listDevices, getDevice),
		allows("group:devices:write", renameDevice),
		allows("group:devices:destructive", deleteDevice),
		allows("group:devices:escalating", approve),
		allows("group:keys:escalating", createKey),
		denies("group:dns:write"),
		denies("group:dns:escalating"),
		allows("group:devices group:devices:escalating", listDevices, getDevice, renameDevice, deleteDevice, approve),

		// Words that are selectors with a colon are mere names without one.
		denies("read"),
		denies("escalating"),
		denies("group"),
		denies("devices"),
	}
	for _, row := range rows {
		t.Run(cmp.Or(row.selectors, "nothing"), func(t *testing.T) {
			rules := toolRules(t, row.selectors)
			for _, tool := range cast {
				want := slices.Contains(row.allowed, tool)
				got := rules.Tool(tool)
				if got.Allowed != want {
					t.Errorf("tool %s (%s, group %q): got %+v, want allowed %v", tool.Name, tool.Class, tool.Group, got, want)
				}
				checkBy(t, rules, got)
			}
		})
	}
}

// TestToolFailsClosed asks about tools that no server should have.
func TestToolFailsClosed(t *testing.T) {
	rules := toolRules(t, "* read:* write:* destructive:* escalating:* x group:g group:g:read group:g:escalating")
	tests := []struct {
		name string
		tool Tool
	}{
		{"zero", Tool{}},
		{"no class", Tool{Name: "x", Group: "g", Class: ""}},
		{"unknown class", Tool{Name: "x", Group: "g", Class: "admin"}},
		{"class in another case", Tool{Name: "x", Group: "g", Class: "Read"}},
		{"class of all", Tool{Name: "x", Group: "g", Class: "*"}},
		{"no name", Tool{Name: "", Group: "g", Class: Read}},
		{"name with a space", Tool{Name: "x y", Group: "g", Class: Read}},
		{"name that is a selector", Tool{Name: "read:*", Group: "g", Class: Read}},
		{"name with a control character", Tool{Name: "x\n", Group: "g", Class: Read}},
		{"name that is too long", Tool{Name: strings.Repeat("x", 129), Group: "g", Class: Read}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := rules.Tool(tt.tool); got != (Decision{}) {
				t.Errorf("got %+v, want denied", got)
			}
		})
	}
	if got := rules.Tool(Tool{Name: "x", Group: "g", Class: Read}); !got.Allowed {
		t.Errorf("a tool in order: got %+v, want allowed", got)
	}
}

func TestToolBy(t *testing.T) {
	tests := []struct {
		selectors string
		tool      Tool
		want      string
	}{
		{"* read:* group:dns group:dns:read get_dns", getDNS, "tools: get_dns"},
		{"* read:* group:dns group:dns:read", getDNS, "tools: group:dns:read"},
		{"* read:* group:dns", getDNS, "tools: group:dns"},
		{"* read:*", getDNS, "tools: read:*"},
		{"*", getDNS, "tools: *"},
		{"* escalating:* group:keys group:keys:escalating", createKey, "tools: group:keys:escalating"},
		{"* escalating:* group:keys", createKey, "tools: escalating:*"},
	}
	for _, tt := range tests {
		if got := toolRules(t, tt.selectors).Tool(tt.tool); got != allow(tt.want) {
			t.Errorf("%s: tool %s: got %+v, want by %q", tt.selectors, tt.tool.Name, got, tt.want)
		}
	}
}

func TestAll(t *testing.T) {
	tests := []struct {
		name   string
		values []string
		tools  []Tool
		want   string // By; empty: denied
	}{
		{"every tool", []string{`{"tools":["read:*"]}`}, []Tool{getDNS, listDevices}, "tools: read:*"},
		{"every tool by several", []string{`{"tools":["get_dns","group:devices"]}`}, []Tool{getDNS, listDevices, getDevice}, "tools: get_dns, group:devices"},
		{"one missing", []string{`{"tools":["get_dns"]}`}, []Tool{getDNS, listDevices}, ""},
		{"one escalating", []string{`{"tools":["*"]}`}, []Tool{getDNS, createKey}, ""},
		{"no tools, a tool granted", []string{`{"tools":["whois"]}`}, nil, "any entry"},
		{"no tools, a resource granted", []string{`{"resources":["tailscale://devices"]}`}, nil, "any entry"},
		{"no tools, nothing granted", nil, nil, ""},
		{"no tools, empty entry", []string{`{}`}, nil, ""},
		{"tools, only resources granted", []string{`{"resources":["*"]}`}, []Tool{getDNS}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			want := Decision{Allowed: tt.want != "", By: tt.want}
			if got := parse(t, tt.values...).All(tt.tools); got != want {
				t.Errorf("got %+v, want %+v", got, want)
			}
		})
	}
}

// TestZero holds the promise that rules nobody parsed deny.
func TestZero(t *testing.T) {
	var r Rules
	for _, d := range []Decision{
		r.Tool(getDNS), r.All(nil), r.All([]Tool{getDNS}), r.Resource(Resource{URI: "tailscale://devices"}), r.Resource(Resource{URI: ""}),
		r.Template(device), r.Instance(device, "tailscale://device/n1"), r.Template(Template{}), r.Instance(Template{}, ""),
	} {
		if d != (Decision{}) {
			t.Errorf("got %+v, want denied", d)
		}
	}
	if !r.Empty() {
		t.Error("Empty: got false, want true")
	}
	if got, want := r.String(), "{}"; got != want {
		t.Errorf("String: got %s, want %s", got, want)
	}
	for _, values := range [][]string{nil, {}, {`{}`}, {`{"tools":[]}`, `{"resources":[]}`}} {
		got := parse(t, values...)
		if !got.Empty() || !got.Equal(r) || got.Digest() != r.Digest() {
			t.Errorf("%q: got %s with digest %s, want the zero rules", values, got, got.Digest())
		}
	}
}

func TestDigest(t *testing.T) {
	base := []string{`{"tools":["read:*","set_dns"],"resources":["tailscale://devices"]}`, `{"tools":["group:dns"]}`}
	const normal = `{"tools":["group:dns","read:*","set_dns"],"resources":["tailscale://devices"]}`
	same := [][]string{
		base,
		{base[1], base[0]},
		{base[0], base[1], base[0], `{}`},
		{`{"resources":["tailscale://devices","tailscale://devices"]}`, `{"tools":["set_dns"]}`, `{"tools":["group:dns","read:*","read:*"]}`},
		{" {\"tools\" : [\"\\u0072ead:*\", \"set_dns\", \"group:dns\"],\n\t\"resources\": [\"tailscale:\\/\\/devices\"]}\r\n"},
		{normal},
	}
	// Written down so that a change of the form, which would look to every
	// running service like a change of every grant, is a decision.
	const want = "74ce5f07e935194e1bd70a7feeeab77a"
	first := parse(t, base...)
	for _, values := range same {
		r := parse(t, values...)
		if got := r.String(); got != normal {
			t.Errorf("%q: normal form: got %s, want %s", values, got, normal)
		}
		if got := r.Digest(); got != want {
			t.Errorf("%q: digest: got %s, want %s", values, got, want)
		}
		if !r.Equal(first) {
			t.Errorf("%q: got not equal, want equal", values)
		}
	}
	different := [][]string{
		nil,
		base[:1],
		base[1:],
		{`{"resources":["read:x"]}`}, {`{"tools":["read"]}`}, {`{"resources":["tools:read"]}`},
		append([]string{`{"tools":["whois"]}`}, base...),
	}
	seen := map[string]bool{first.Digest(): true}
	for _, values := range different {
		r := parse(t, values...)
		if seen[r.Digest()] || r.Equal(first) {
			t.Errorf("%q: digest %s: got a known one, want a new one", values, r.Digest())
		}
		seen[r.Digest()] = true
	}
}

// TestConcurrent gives the race detector rules that are asked from everywhere.
func TestConcurrent(t *testing.T) {
	r := parse(t, usual...)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for _, tool := range cast {
				r.Tool(tool)
			}
			r.All(cast)
			r.Resource(Resource{URI: "tailscale://device/n1"})
			r.Instance(device, "tailscale://device/n1")
			if got, want := r.Template(device), allow("resources: tailscale://device/*"); got != want || r.String() == "" || r.Digest() == "" {
				t.Errorf("got %+v, want %+v", got, want)
			}
		})
	}
	wg.Wait()
}

func TestParseClass(t *testing.T) {
	for _, c := range Classes() {
		if got, err := ParseClass(string(c)); got != c || err != nil {
			t.Errorf("ParseClass(%q): got %q, %v, want itself", c, got, err)
		}
	}
	for _, s := range []string{"", "READ", "read ", "read:*", "*", "admin"} {
		got, err := ParseClass(s)
		if err == nil || got != "" {
			t.Errorf("ParseClass(%q): got %q, %v, want an error", s, got, err)
		} else if !strings.Contains(err.Error(), "read, write, destructive, escalating") {
			t.Errorf("ParseClass(%q): got %q, want the accepted classes named", s, err)
		}
	}
	Classes()[0] = Escalating
	if got := Classes()[0]; got != Read {
		t.Errorf("Classes after a caller wrote into the result: got %q, want %q", got, Read)
	}
}

// parse parses values that must be accepted.
func parse(t testing.TB, values ...string) Rules {
	t.Helper()
	r, err := Parse(values)
	if err != nil {
		t.Fatalf("Parse(%q): %v", values, err)
	}
	return r
}

func toolRules(t testing.TB, selectors string) Rules {
	t.Helper()
	return parse(t, entries(t, keyTools, selectors)...)
}

func resourceRules(t testing.TB, selectors string) Rules {
	t.Helper()
	return parse(t, entries(t, keyResources, selectors)...)
}

// entries returns an entry for each of the selectors.
func entries(t testing.TB, key, selectors string) []string {
	t.Helper()
	var values []string
	for _, s := range strings.Fields(selectors) {
		text, err := json.Marshal(map[string][]string{key: {s}})
		if err != nil {
			t.Fatal(err)
		}
		values = append(values, string(text))
	}
	return values
}

// checkBy holds the promise of Decision.By: one granted selector, and only
// when allowed.
func checkBy(t testing.TB, r Rules, d Decision) {
	t.Helper()
	if !d.Allowed {
		if d.By != "" {
			t.Errorf("denied, but by %q, want no selector", d.By)
		}
		return
	}
	by, _, _ := strings.Cut(d.By, " (") // the conditions follow
	for _, e := range r.entriesAgain() {
		if s, ok := strings.CutPrefix(by, byTools); ok && slices.Contains(e.Tools, s) {
			return
		}
		if s, ok := strings.CutPrefix(by, byResources); ok && slices.Contains(e.Resources, s) {
			return
		}
	}
	t.Errorf("allowed by %q, want one of the selectors of %s", d.By, r)
}
