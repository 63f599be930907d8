// SPDX-License-Identifier: MIT

package grant

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// FuzzParse takes two values of a capability, and the first one also as a
// single selector.
func FuzzParse(f *testing.F) {
	for _, seed := range [][2]string{
		{`{"tools":["*"],"resources":["*"]}`, `{}`},
		{`{"tools":["read:*","group:dns","group:dns:escalating","whois"]}`, `{"tools":["escalating:*"]}`},
		{`{"resources":["tailscale://device/*","tailscale://device/{id}","tailscale://*"]}`, `{"resources":["tailscale://device"]}`},
		{`{"tools":["a"],"tools":["*"]}`, `{"Tools":["*"]}`},
		{`{"tools":null}`, ` {"tools" : [ "\u0061" ] } `},
		{`[{"tools":["*"]}]`, `{"where":{"tags":["tag:dev"]}}`},
		{"{\"tools\":[\"\xff\"]}", `{"tools":["\ud800"]}{}`},
		{`group:dns:read`, `read:*`},
		{`tailscale://device/%2e%2e/*`, `get_*`},
		{`x://[::1]/a%3Ab`, `group:`},
	} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		ra, errA := parseChecked(t, a)
		rb, errB := parseChecked(t, b)
		both, err := Parse([]string{a, b})
		if (err == nil) != (errA == nil && errB == nil) {
			t.Fatalf("together: error %v; alone: %v and %v", err, errA, errB)
		}
		if err == nil {
			swapped := parse(t, b, a, b)
			if !swapped.Equal(both) || swapped.String() != both.String() {
				t.Errorf("got %s in another order, want %s", swapped, both)
			}
			checkUnion(t, both, ra, rb)
		}
		if utf8.ValidString(a) {
			checkSelector(t, keyTools, a, toolSelectors.MatchString(a))
			checkSelector(t, keyResources, a, len(a) <= maxSelector && resourceSelectors.MatchString(a))
		}
	})
}

// parseChecked parses one value and holds it against a second reader.
func parseChecked(t *testing.T, value string) (Rules, error) {
	t.Helper()
	r, err := Parse([]string{value})
	if err != nil {
		if !errors.Is(err, ErrMalformed) || !r.Empty() {
			t.Errorf("got %s, error %v, want no rules and ErrMalformed", r, err)
		}
		checkLine(t, err.Error())
		return r, err
	}
	// Nothing was dropped and nothing was added. (This reader would take
	// repeated keys and more; what it must not do is find other selectors.)
	var entry map[string][]string
	if err := json.Unmarshal([]byte(value), &entry); err != nil {
		t.Fatalf("accepted %q, which is no object of lists of strings: %v", value, err)
	}
	for key, got := range map[string][]string{keyTools: r.sortedTools(), keyResources: r.sortedResources()} {
		want := slices.Compact(slices.Sorted(slices.Values(entry[key])))
		if !slices.Equal(got, want) {
			t.Errorf("%s: got %q, want %q", key, got, want)
		}
		delete(entry, key)
	}
	if len(entry) > 0 {
		t.Errorf("accepted unknown keys in %q", value)
	}
	again := parse(t, r.String())
	if !again.Equal(r) || again.String() != r.String() {
		t.Errorf("normal form: got %s from %s, want the same", again, r)
	}
	return r, nil
}

// checkSelector holds that a selector is accepted exactly when the oracle says so.
func checkSelector(t *testing.T, key, selector string, want bool) {
	t.Helper()
	value, err := json.Marshal(map[string][]string{key: {selector}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Parse([]string{string(value)}); (err == nil) != want {
		t.Errorf("%s selector %q: got error %v, want accepted %v", key, selector, err, want)
	}
}

// checkUnion asks rules, and the two they were united from, about everything
// that the selectors mention.
func checkUnion(t *testing.T, both, a, b Rules) {
	t.Helper()
	tools, uris := mentioned(both)
	for _, tool := range tools {
		got := both.Tool(tool)
		checkBy(t, both, got)
		if want := a.Tool(tool).Allowed || b.Tool(tool).Allowed; got.Allowed != want {
			t.Errorf("%s: tool %+v: got %+v, want what %s or %s allows", both, tool, got, a, b)
		}
		covered := func(s string) bool { return toolCovered(s, tool) }
		if want := slices.ContainsFunc(both.sortedTools(), covered); got.Allowed != want {
			t.Errorf("%s: tool %+v: got %+v, want allowed %v", both, tool, got, want)
		}
		if tool.Class == Escalating && got.Allowed && !slices.ContainsFunc(both.sortedTools(), func(s string) bool {
			return s == tool.Name || s == "escalating:*" || s == "group:"+tool.Group+":escalating"
		}) {
			t.Errorf("%s: tool %+v: got %+v without a selector that says so, want denied", both, tool, got)
		}
	}
	for _, uri := range uris {
		got := both.Resource(uri)
		checkBy(t, both, got)
		if want := a.Resource(uri).Allowed || b.Resource(uri).Allowed; got.Allowed != want {
			t.Errorf("%s: resource %q: got %+v, want what %s or %s allows", both, uri, got, a, b)
		}
		for _, template := range []Template{device, routes, anyKind, {URI: uri}, {URI: uri + "/{id}", Alias: uri}} {
			got := both.Template(template)
			checkBy(t, both, got)
			if want := a.Template(template).Allowed || b.Template(template).Allowed; got.Allowed != want {
				t.Errorf("%s: template %+v: got %+v, want what %s or %s allows", both, template, got, a, b)
			}
			if got, want := both.Instance(template, uri).Allowed, a.Instance(template, uri).Allowed || b.Instance(template, uri).Allowed; got != want {
				t.Errorf("%s: instance %q of %+v: got %v, want what %s or %s allows", both, uri, template, got, a, b)
			}
		}
	}
}

// mentioned returns the tools, in every class, and the URIs that the selectors
// speak of, some that they do not, and a few at most of each.
func mentioned(r Rules) (tools []Tool, uris []string) {
	names, groups := []string{"other"}, []string{"", "other"}
	for _, s := range r.sortedTools()[:min(len(r.sortedTools()), 10)] {
		part := strings.Split(s, ":")
		if len(part) == 1 && s != "*" {
			names = append(names, s)
		} else if part[0] == "group" {
			groups = append(groups, part[1])
		}
	}
	for _, name := range names {
		for _, group := range groups {
			for _, class := range Classes() {
				tools = append(tools, Tool{name, group, class})
			}
		}
	}
	uris = []string{"", "*", "tailscale://devices", "tailscale://device/n1", "tailscale://device/../policy"}
	for _, s := range r.sortedResources()[:min(len(r.sortedResources()), 10)] {
		uris = append(uris, s, strings.TrimSuffix(s, "*"), strings.TrimSuffix(s, "/*"), strings.TrimSuffix(s, "*")+"a/b", s+"/..")
	}
	return tools, uris
}

// FuzzResource takes a list of selectors, separated by spaces, a URI to ask for
// and a template with its alias.
func FuzzResource(f *testing.F) {
	for _, seed := range [][4]string{
		{"tailscale://device/*", "tailscale://device/n1", "tailscale://device/{id}", "tailscale://device"},
		{"tailscale://device", "tailscale://device/n1", "tailscale://device/{id}", "tailscale://device"},
		{"tailscale://device/{id}", "tailscale://device/%2e%2e", "tailscale://device/{id}", ""},
		{"tailscale://* x://y", "tailscale://device/..;/a", "tailscale://{kind}/{id}", ""},
		{"tailscale://device/n1/*", "tailscale://device/n1/routes", "tailscale://device/{id}/routes", ""},
		{"x://a%2Fb x://a//b", "x://a%2Fb", "x://{v}", "x://"},
		{"*", "\x00", "", ""},
		{"x://a/* x://a/b/*", `x://a/b\..\..`, "x://a;b/{v}", "x://a"},
	} {
		f.Add(seed[0], seed[1], seed[2], seed[3])
	}
	f.Fuzz(func(t *testing.T, selectors, uri, template, alias string) {
		if !utf8.ValidString(template) {
			t.Skip("a template is the server's own text, and the oracle needs a pattern")
		}
		var entry []string
		for _, s := range strings.Fields(selectors) {
			if utf8.ValidString(s) && len(s) <= maxSelector && resourceSelectors.MatchString(s) {
				entry = append(entry, s)
			}
		}
		r := resourceRules(t, strings.Join(entry, " "))
		got := r.Resource(uri)
		checkBy(t, r, got)
		if want := slices.ContainsFunc(entry, func(s string) bool { return resourceCovered(s, uri) }); got.Allowed != want {
			t.Errorf("%s: resource %q: got %+v, want allowed %v", r, uri, got, want)
		}
		if base, ok := strings.CutSuffix(got.By, "/*"); ok {
			checkBelow(t, uri, strings.TrimPrefix(base, byResources)+"/")
		}

		tmpl := Template{URI: template, Alias: alias}
		instance := r.Instance(tmpl, uri)
		checkBy(t, r, instance)
		if got.Allowed && !instance.Allowed {
			t.Errorf("%s: %q: allowed as a resource (%s), denied as an instance of %+v", r, uri, got.By, tmpl)
		}
		isInstance := shape(template).MatchString(uri)
		if instance.Allowed && !got.Allowed {
			if !isInstance || !plainURIs.MatchString(uri) || !slices.Contains(entry, template) && !slices.Contains(entry, alias) {
				t.Errorf("%s: instance %q of %+v: got %+v, want denied", r, uri, tmpl, instance)
			}
			fixed, _, _ := strings.Cut(template, "{")
			checkBelow(t, uri, fixed)
		}
		listed := r.Template(tmpl)
		checkBy(t, r, listed)
		if instance.Allowed && isInstance && templates.MatchString(template) && !listed.Allowed {
			t.Errorf("%s: instance %q is readable (%s), but %+v is not listed", r, uri, instance.By, tmpl)
		}
	})
}

// checkBelow holds that no normalisation takes a URI out of where it was allowed.
func checkBelow(t *testing.T, uri, base string) {
	t.Helper()
	if n := normalized(uri); !strings.HasPrefix(n, normalizedBase(base)) || len(n) <= len(normalizedBase(base)) && strings.HasSuffix(base, "/") {
		t.Errorf("%q: allowed below %q, but might be taken for %q", uri, base, n)
	}
}

// normalizedBase keeps the slash that a base ends in.
func normalizedBase(base string) string {
	n := normalized(base)
	if strings.HasSuffix(base, "/") && !strings.HasSuffix(n, "/") {
		n += "/"
	}
	return n
}

func (r Rules) sortedTools() []string {
	if r.index == nil {
		return nil
	}
	return r.tools
}

func (r Rules) sortedResources() []string {
	if r.index == nil {
		return nil
	}
	return r.resources
}
