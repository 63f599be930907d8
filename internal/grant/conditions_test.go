// SPDX-License-Identifier: MIT

package grant

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

var noon = time.Date(2026, 12, 24, 12, 0, 0, 0, time.UTC)

// TestServers: a selector without a server reaches none, and one with a server that
// server alone.
func TestServers(t *testing.T) {
	tests := []struct {
		entry   string
		allowed string // of the tools below
	}{
		{`"tools":["*","read:*","write:*","destructive:*","escalating:*","group:files","group:files:read","read_file","get_it"]`, ""},
		{`"tools":["files/*"]`, "read_file get_it write_file remove"},
		{`"tools":["files/read_file"]`, "read_file"},
		{`"tools":["files/get_*"]`, "get_it"},
		{`"tools":["files/r*"]`, "read_file remove"},
		{`"tools":["files/o*"]`, ""}, // own is escalating
		{`"tools":["files/own"]`, "own"},
		{`"tools":["files/read:*"]`, "read_file get_it"},
		{`"tools":["files/escalating:*"]`, "own"},
		{`"tools":["file/*","filess/*"]`, ""},
		{`"resources":["*","files/*"],"prompts":["files/*"]`, ""},
	}
	of := map[string]Class{"read_file": Read, "get_it": Read, "write_file": Write, "remove": Destructive, "own": Escalating}
	for _, tt := range tests {
		r := parse(t, "{"+tt.entry+"}")
		for name, class := range of {
			tool := Tool{Server: "files", Name: name, Group: "files", Class: class}
			if got, want := r.Tool(tool).Allowed, slices.Contains(strings.Fields(tt.allowed), name); got != want {
				t.Errorf("%s: %s: got %v, want %v", tt.entry, name, got, want)
			}
			tool.Server = ""
			if strings.Contains(tt.entry, "files/") && r.Tool(tool).Allowed {
				t.Errorf("%s: reaches Tailscale's own %s", tt.entry, name)
			}
		}
	}
}

func TestServerResourcesAndPrompts(t *testing.T) {
	r := parse(t, `{"resources":["files/file:///srv/docs/*","mail/*"],"prompts":["files/summary","mail/*"]}`)
	wide := parse(t, `{"resources":["*","file:///srv/docs/*","tailscale://*"],"tools":["*"]}`)
	for _, tt := range []struct {
		server, uri string
		want        bool
	}{
		{"mail", "imap://x/y", true}, {"", "imap://x/y", false}, {"files", "imap://x/y", false},
		{"", "file:///srv/docs/a", false}, {"files", "file:///srv/docs/../a", false}, {"files", "file:///etc/passwd", false},
	} {
		if got := r.Resource(Resource{Server: tt.server, URI: tt.uri}).Allowed; got != tt.want {
			t.Errorf("%s %s: got %v, want %v", tt.server, tt.uri, got, tt.want)
		}
		if tt.server != "" && wide.Resource(Resource{Server: tt.server, URI: tt.uri}).Allowed {
			t.Errorf("%s %s: allowed by an entry that names no server", tt.server, tt.uri)
		}
	}
	for _, tt := range []struct {
		server, name string
		want         bool
	}{
		{"files", "summary", true}, {"files", "other", false}, {"mail", "other", true}, {"", "summary", false}, {"cal", "summary", false},
	} {
		if got := r.Prompt(tt.server, tt.name).Allowed; got != tt.want {
			t.Errorf("prompt %s of %q: got %v, want %v", tt.name, tt.server, got, tt.want)
		}
		if wide.Prompt(tt.server, tt.name).Allowed {
			t.Errorf("prompt %s of %q: allowed by an entry without prompts", tt.name, tt.server)
		}
	}
}

// TestConditions: each entry by itself, with its conditions; then the union.
func TestConditions(t *testing.T) {
	const until, later = `"until":"2026-12-24T12:00:00Z"`, `"until":"2026-12-24T13:00:00+01:00"`
	tests := []struct {
		name    string
		entries string
		at      time.Time
		devices bool // whether the tool can keep itself to some
		want    string
	}{
		{"before the end", `{"tools":["x"],` + until + `}`, noon.Add(-time.Nanosecond), false, "all"},
		{"at the end", `{"tools":["x"],` + until + `}`, noon, false, "no"},
		{"in another zone", `{"tools":["x"],` + later + `}`, noon, false, "no"},
		{"at no time", `{"tools":["x"],` + until + `}`, time.Time{}, false, "no"},
		{"ended, and for good", `{"tools":["x"],` + until + `} {"tools":["read:*"]}`, noon, false, "all"},
		{"another entry's end", `{"tools":["y"],` + until + `} {"tools":["x"]}`, noon, false, "all"},
		{"devices of a tool that cannot", `{"tools":["x"],"devices":["tag:ci"]}`, noon, false, "no"},
		{"devices", `{"tools":["x"],"devices":["tag:ci"]}`, noon, true, "tag:ci"},
		{"no devices", `{"tools":["x"],"devices":[]}`, noon, true, "no"},
		{"no devices, beside another entry", `{"tools":["y"]} {"tools":["x"],"devices":[]}`, noon, true, "no"},
		{"no devices, before another entry", `{"tools":["x"],"devices":[]} {"tools":["y"]}`, noon, true, "no"},
		{"no devices at a rate, and that rate", `{"tools":["y"],"rate":"1/d"} {"tools":["x"],"devices":[],"rate":"1/d"}`, noon, true, "no"},
		{"devices of two entries", `{"tools":["x"],"devices":["tag:ci"]} {"tools":["*"],"devices":["web"]}`, noon, true, "tag:ci|web"},
		{"devices and all", `{"tools":["x"],"devices":["tag:ci"]} {"tools":["*"]}`, noon, true, "all"},
		{"rate", `{"tools":["x"],"rate":"30/m"}`, noon, false, "30/m"},
		{"rate and none", `{"tools":["x"],"rate":"30/m"} {"tools":["*"]}`, noon, false, "all"},
		{"two rates", `{"tools":["x"],"rate":"30/m"} {"tools":["*"],"rate":"5/h"}`, noon, false, "30/m|5/h"},
		{"the same twice", `{"tools":["x"],"rate":"30/m"} {"rate":"30/m","tools":["x","x"]}`, noon, false, "30/m"},
		{"all three", `{"tools":["x"],"rate":"1/d","devices":["tag:ci"],` + until + `}`, noon.Add(-1), true, "tag:ci 1/d"},
		{"all three, ended", `{"tools":["x"],"rate":"1/d","devices":["tag:ci"],` + until + `}`, noon, true, "no"},
		{"another's tool", `{"tools":["y"],"rate":"1/d"}`, noon, true, "no"},
	}
	for _, tt := range tests {
		r := parse(t, strings.Fields(tt.entries)...).At(tt.at)
		d := r.Tool(Tool{Name: "x", Class: Read, Devices: tt.devices})
		if got := said(d); got != tt.want {
			t.Errorf("%s: got %s, want %s", tt.name, got, tt.want)
		}
		if r.Resource(Resource{URI: "x://y", Devices: tt.devices}).Allowed {
			t.Errorf("%s: allows a resource", tt.name)
		}
	}
}

// said is a decision in a word.
func said(d Decision) string {
	if !d.Allowed {
		return "no"
	}
	if d.Terms == nil {
		return "all"
	}
	var ways []string
	for _, w := range d.Terms.Ways {
		var words []string
		if w.Devices != nil {
			words = append(words, w.Devices.list...)
		}
		if w.Rate.Calls > 0 {
			words = append(words, w.Rate.String())
		}
		ways = append(ways, strings.Join(words, " "))
	}
	slices.Sort(ways)
	return strings.Join(ways, "|")
}

func TestDevices(t *testing.T) {
	laptop := Device{NodeID: "n1CNTRL", Name: "laptop.example.ts.net.", User: "alice@example.com"}
	runner := Device{NodeID: "n2CNTRL", Name: "runner.example.ts.net", User: "alice@example.com", Tags: []string{"tag:ci", "tag:x"}}
	for _, tt := range []struct {
		word, login    string
		laptop, runner bool
	}{
		{"tag:ci", "", false, true},
		{"tag:c", "", false, false},
		{"alice@example.com", "", true, false}, // a tagged device is nobody's
		{"bob@example.com", "", false, false},
		{"n1CNTRL", "", true, false},
		{"laptop", "", true, false},
		{"laptop.example.ts.net", "", true, false},
		{"laptop.other.ts.net", "", false, false},
		{"example", "", false, false},
		{self, "alice@example.com", true, false},
		{self, "bob@example.com", false, false},
		{self, "", false, false},
	} {
		d, err := parseDevices([]string{tt.word})
		if err != nil {
			t.Fatal(err)
		}
		if got := d.Cover(laptop, tt.login); got != tt.laptop {
			t.Errorf("%s covers the laptop: got %v", tt.word, got)
		}
		if got := d.Cover(runner, tt.login); got != tt.runner {
			t.Errorf("%s covers the runner: got %v", tt.word, got)
		}
	}
	if d, _ := parseDevices([]string{self}); d.Cover(Device{}, "") {
		t.Error("a device of nobody is a tagged caller's own")
	}
}

// TestConditionsNeverWiden: with any condition an entry allows no more than without.
func TestConditionsNeverWiden(t *testing.T) {
	for _, condition := range []string{`"devices":["tag:ci"]`, `"until":"2027-01-01T00:00:00Z"`, `"rate":"1/s"`} {
		for _, selector := range []string{"*", "x", "read:*", "files/*", "files/x"} {
			bare, bound := parse(t, fmt.Sprintf(`{"tools":[%q]}`, selector)), parse(t, fmt.Sprintf(`{"tools":[%q],%s}`, selector, condition)).At(noon)
			for _, server := range []string{"", "files", "mail"} {
				for _, class := range Classes() {
					for _, devices := range []bool{false, true} {
						tool := Tool{Server: server, Name: "x", Class: class, Devices: devices}
						if bound.Tool(tool).Allowed && !bare.Tool(tool).Allowed {
							t.Errorf("%s with %s allows %+v, and without does not", selector, condition, tool)
						}
					}
				}
			}
		}
	}
}

func TestTooManyConditions(t *testing.T) {
	var entries []string
	for i := range maxConditioned + 1 {
		entries = append(entries, fmt.Sprintf(`{"tools":["x"],"rate":"%d/m"}`, i+1))
	}
	if _, err := Parse(entries); err == nil {
		t.Error("accepted")
	}
	if _, err := Parse(entries[1:]); err != nil {
		t.Error(err)
	}
}

// TestForeignDevices: the tags of another tailnet's device are not ours, and its
// machine name counts with the domain only.
func TestForeignDevices(t *testing.T) {
	shared := Device{NodeID: "nF1CNTRL", Name: "web.other.ts.net", Tags: []string{"tag:web"}, Foreign: true}
	for s, want := range map[string]bool{"tag:web": false, "web": false, "web.other.ts.net": true, "nF1CNTRL": true} {
		if got := (&Devices{[]string{s}}).Cover(shared, ""); got != want {
			t.Errorf("%s: got %v, want %v", s, got, want)
		}
	}
}

// TestByIsShort: what names an entry in records does not grow with it.
func TestByIsShort(t *testing.T) {
	var names []string
	for i := range 1000 {
		names = append(names, fmt.Sprintf(`"web-%d"`, i))
	}
	d := parse(t, `{"tools":["x"],"devices":[`+strings.Join(names, ",")+`]}`).Tool(Tool{Name: "x", Class: Read, Devices: true})
	if want := "tools: x (devices web-0 web-1 web-10 web-100 and 996 more)"; d.By != want {
		t.Errorf("got %q, want %q", d.By, want)
	}
}

func TestConditionsAreShown(t *testing.T) {
	r := parse(t, `{"tools":["x"]}`, `{"tools":["y"],"devices":["tag:ci"]}`, `{"tools":["z"],"until":"2026-12-24T12:00:00Z"}`)
	for at, want := range map[time.Time]string{
		noon.Add(-1): `{"tools":["y"],"devices":["tag:ci"]} {"tools":["z"],"until":"2026-12-24T12:00:00Z"}`, noon: `{"tools":["y"],"devices":["tag:ci"]}`,
	} {
		if got := strings.Join(r.At(at).Conditions(5), " "); got != want {
			t.Errorf("%v: got %s, want %s", at, got, want)
		}
	}
	if got := r.At(noon.Add(-1)).Conditions(1); len(got) != 1 {
		t.Errorf("got %q, want one", got)
	}
}
