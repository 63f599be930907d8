// SPDX-License-Identifier: MIT

package grant

import (
	"cmp"
	"strings"
	"testing"
)

// question is one cell of the matrix of resources.
type question struct {
	selectors string // separated by spaces
	uri       string
	by        string // the selector that allows it; empty: denied
}

func readable(selectors, uri, by string) question { return question{selectors, uri, by} }
func unreadable(selectors, uri string) question   { return question{selectors: selectors, uri: uri} }

// TestResourceMatrix is the table to read when asking what a grant opens.
func TestResourceMatrix(t *testing.T) {
	const (
		devices   = "tailscale://devices"
		anyDevice = "tailscale://device/*"
		scheme    = "tailscale://*"
	)
	questions := []question{
		// Nothing granted, nothing readable; tools give no resources.
		unreadable("", devices),

		// An exact URI opens these bytes and nothing else.
		readable(devices, devices, devices),
		unreadable(devices, "tailscale://device"),
		unreadable(devices, "tailscale://devices/"),
		unreadable(devices, "tailscale://devices/x"),
		unreadable(devices, "tailscale://devices?x"),
		unreadable(devices, "tailscale://devices#x"),
		unreadable(devices, "tailscale://Devices"),
		unreadable(devices, "Tailscale://devices"),
		unreadable(devices, "TAILSCALE://DEVICES"),
		unreadable(devices, "tailscale://%64evices"),
		unreadable(devices, " tailscale://devices"),
		unreadable(devices, "tailscale://devices\x00"),
		unreadable(devices, ""),
		readable("x://a/../b x://a//b x://a%2fb", "x://a/../b", "x://a/../b"),
		unreadable("x://a/../b x://a//b x://a%2fb", "x://b"),
		unreadable("x://a/../b x://a//b x://a%2fb", "x://a/b"),
		unreadable("x://b", "x://a/../b"),

		// The star opens everything.
		readable("*", devices, "*"),
		readable("*", "bootstrap://status", "*"),
		readable("*", "tailscale://device/../policy", "*"),
		readable("*", "x", "*"),

		// URI/* opens what is below the URI, not the URI and not its neighbours.
		readable(anyDevice, "tailscale://device/n1", anyDevice),
		readable(anyDevice, "tailscale://device/n1/routes", anyDevice),
		readable(anyDevice, "tailscale://device/n1/a/b/c", anyDevice),
		readable(anyDevice, "tailscale://device/100.64.0.1", anyDevice),
		readable(anyDevice, "tailscale://device/fd7a:115c:a1e0::1", anyDevice),
		readable(anyDevice, "tailscale://device/fd7a%3A115c%3aa1e0%3A%3A1", anyDevice),
		readable(anyDevice, "tailscale://device/host.tail1234.ts.net.", anyDevice),
		readable(anyDevice, "tailscale://device/alice+x@example.com", anyDevice),
		readable(anyDevice, "tailscale://device/a%20b", anyDevice),
		readable(anyDevice, "tailscale://device/.hidden", anyDevice),
		unreadable(anyDevice, "tailscale://device"),
		unreadable(anyDevice, "tailscale://device/"),
		unreadable(anyDevice, "tailscale://devices"),
		unreadable(anyDevice, "tailscale://devicex/n1"),
		unreadable(anyDevice, "tailscale://device.x/n1"),
		unreadable(anyDevice, "tailscale://devic"),
		unreadable(anyDevice, "tailscale://Device/n1"),
		unreadable(anyDevice, "TAILSCALE://device/n1"),
		unreadable(anyDevice, "xtailscale://device/n1"),
		unreadable(anyDevice, "x://tailscale://device/n1"),
		unreadable(anyDevice, "tailscale:/device/n1"),
		unreadable(anyDevice, "tailscale:device/n1"),
		unreadable(anyDevice, ""),

		// A scheme opens all its URIs.
		readable(scheme, devices, scheme),
		readable(scheme, "tailscale://device/n1", scheme),
		unreadable(scheme, "tailscale://"),
		unreadable(scheme, "bootstrap://status"),
		unreadable(scheme, "tailscale:///device"),

		// The narrowest answers.
		readable("* tailscale://* tailscale://device/* tailscale://device/n1/* tailscale://device/n1/x", "tailscale://device/n1/x", "tailscale://device/n1/x"),
		readable("* tailscale://* tailscale://device/* tailscale://device/n1/*", "tailscale://device/n1/x", "tailscale://device/n1/*"),
		readable("* tailscale://* tailscale://device/* tailscale://device/n1/*", "tailscale://device/n1", anyDevice),
		readable("* tailscale://* tailscale://device/*", "tailscale://device", scheme),
		readable("* tailscale://device/*", devices, "*"),
		readable("* tailscale://device/*", "tailscale://device/..", "*"),

		// A literal template is no URI: it opens what Instance is asked about.
		unreadable("tailscale://device/{id}", "tailscale://device/{id}"),
		unreadable("tailscale://device/{id}", "tailscale://device/n1"),
		unreadable("tailscale://device", "tailscale://device/n1"),
	}
	// What something behind us might normalise, decode, cut or fold is not
	// covered by URI/*, wherever it would lead.
	for _, trick := range []string{
		"..", ".", "...", "../policy", "n1/..", "n1/../../policy", "./n1", "n1/.", "n1/./x",
		"%2e%2e", "%2E%2E/policy", ".%2e", "%2e", "n1%2f..%2f..%2fpolicy", "..%2fpolicy", "n1%2fx", "n1%2Fx",
		"%252e%252e", "n1%252fx", "..%5cpolicy", "n1%5c..", `..\policy`, `n1\x`,
		"/n1", "n1/", "n1//x", "//policy",
		"..;/policy", "n1;x=1", "n1%3bx", "n1?x", "n1?../policy", "n1%3fx", "n1#x", "n1%23x", "?", "#",
		"n1\x00", "n1%00", "n1\n", "n1%0a", "n1%0d%0ax", "n1\t", "n1\x7f", "n1%7f", "n1\x1b[2J",
		" n1", "n1 ", "n 1", "n1%", "n1%2", "n1%zz", "n1%+1", "n1%u002e", "%",
		"*", "n1/*", "%2a", "{id}", "%7bid%7d", "[n1]", `"n1"`, "<n1>", "n1|x", "n1^", "n1`",
		"n\u00e9", "%c3%a9", "\uff0e\uff0e", "%ef%bc%8e", "%c0%ae%c0%ae", "n1\xff", "n1%ff", "\u2215policy",
	} {
		questions = append(questions,
			unreadable("tailscale://device/*", "tailscale://device/"+trick),
			unreadable("tailscale://*", "tailscale://device/"+trick),
			readable("*", "tailscale://device/"+trick, "*"))
	}
	for _, q := range questions {
		t.Run(cmp.Or(q.selectors, "nothing")+" asked for "+q.uri, func(t *testing.T) {
			rules := resourceRules(t, q.selectors)
			got := rules.Resource(Resource{URI: q.uri})
			want := Decision{}
			if q.by != "" {
				want = allow("resources: " + q.by)
			}
			if got != want {
				t.Errorf("resource %q: got %+v, want %+v", q.uri, got, want)
			}
			checkBy(t, rules, got)
		})
	}
}

// TestResourceOfTools keeps the two lists apart.
func TestResourceOfTools(t *testing.T) {
	if got := toolRules(t, "* escalating:* x").Resource(Resource{URI: "x"}); got.Allowed {
		t.Errorf("tools granted, resource asked: got %+v, want denied", got)
	}
	if got := resourceRules(t, "* x://*").Tool(listDevices); got.Allowed {
		t.Errorf("resources granted, tool asked: got %+v, want denied", got)
	}
}

// TestResourceLong holds the bounds on what a wide selector covers, and with
// them the cost of a question.
func TestResourceLong(t *testing.T) {
	const base = "tailscale://device/"
	rules := resourceRules(t, base+"*")
	longest := base + strings.Repeat("n", maxPlain-len(base))
	if got := rules.Resource(Resource{URI: longest}); !got.Allowed {
		t.Errorf("%d bytes: got %+v, want allowed", len(longest), got)
	}
	if got := rules.Resource(Resource{URI: longest + "n"}); got.Allowed {
		t.Errorf("%d bytes: got %+v, want denied", len(longest)+1, got)
	}
	if got := rules.Resource(Resource{URI: base + strings.Repeat("n/", 8<<20)}); got.Allowed {
		t.Errorf("16 MiB: got %+v, want denied", got)
	}
	deepest := "x:/" + strings.Repeat("/y", (maxSelector-len("x://*"))/2)
	if got, want := resourceRules(t, deepest+"/*").Resource(Resource{URI: deepest + "/z"}), allow("resources: "+deepest+"/*"); got != want {
		t.Errorf("deepest selector: got %+v, want %+v", got, want)
	}
}

func TestIsURI(t *testing.T) {
	tests := []struct {
		s    string
		want bool
	}{
		{"tailscale://devices", true},
		{"urn:a:b", true},
		{"x:y", true},
		{"x://a/../b?c#d", true},
		{"x://" + strings.Repeat("y", maxSelector-4), true},
		{"x://" + strings.Repeat("y", maxSelector-3), false},
		{"", false},
		{"*", false},
		{"devices", false},
		{"x:", false},
		{"x://*", false},
		{"x://device/{id}", false},
		{"x://a b", false},
		{"x://a\n", false},
		{"x://\u00e9", false},
		{"x://%", false},
	}
	for _, tt := range tests {
		if got := IsURI(tt.s); got != tt.want {
			t.Errorf("IsURI(%q): got %v, want %v", tt.s, got, tt.want)
		}
	}
}
