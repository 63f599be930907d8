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
		{`{"tools":["files/read_file","files/get_*","files/read:*","files/*"]}`, `{"resources":["files/file:///srv/docs/*","files/*"],"prompts":["files/*"]}`},
		{`{"tools":["*"],"devices":["tag:ci","autogroup:self","n1CNTRL","web-1","a@b"]}`, `{"tools":["read:*"],"until":"2026-12-24T18:00:00+01:00","rate":"30/m"}`},
		{`{"tools":["*"],"devices":[]}`, `{"tools":["*"],"rate":"1/d"}`},
		{`files/x`, `metrics/*`},
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
			checkSelector(t, keyTools, a, toolSelectors.MatchString(a) && !reservedServer(a))
			checkSelector(t, keyResources, a, resourceSelectors.MatchString(a) && fits(a) && !reservedServer(a))
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
	// repeated keys and more; what it must not do is find something else.)
	var entry written
	dec := json.NewDecoder(strings.NewReader(value))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&entry); err != nil {
		t.Fatalf("accepted %q, which another reader does not: %v", value, err)
	}
	if entry.Devices != nil && len(*entry.Devices) == 0 {
		entry = written{} // grants nothing
	}
	found := append(r.entriesAgain(), written{})[0]
	for key, lists := range map[string][2][]string{
		keyTools: {found.Tools, entry.Tools}, keyResources: {found.Resources, entry.Resources}, keyPrompts: {found.Prompts, entry.Prompts},
	} {
		if want := slices.Compact(slices.Sorted(slices.Values(lists[1]))); !slices.Equal(lists[0], want) {
			t.Errorf("%s: got %q, want %q", key, lists[0], want)
		}
	}
	if !r.Empty() && (entry.Until == "") != (found.Until == "") || !r.Empty() && entry.Rate != found.Rate || !r.Empty() && (entry.Devices == nil) != (found.Devices == nil) {
		t.Errorf("%q became %s: conditions are lost", value, r)
	}
	again := parse(t, r.Entries()...)
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
			return s == tool.Name || tool.Server != "" && s == tool.Server+"/"+tool.Name || tool.Server != "" && s == tool.Server+"/escalating:*" || s == "escalating:*" || s == "group:"+tool.Group+":escalating"
		}) {
			t.Errorf("%s: tool %+v: got %+v without a selector that says so, want denied", both, tool, got)
		}
	}
	for _, uri := range uris {
		got := both.Resource(Resource{URI: uri})
		checkBy(t, both, got)
		if want := a.Resource(Resource{URI: uri}).Allowed || b.Resource(Resource{URI: uri}).Allowed; got.Allowed != want {
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
		if server, name, ok := strings.Cut(s, "/"); ok {
			for _, class := range Classes() {
				for _, name := range []string{"other", strings.TrimSuffix(name, "*"), strings.TrimSuffix(name, "*") + "x"} {
					if IsToolName(name) {
						tools = append(tools, Tool{Server: server, Name: name, Class: class}, Tool{Name: name, Class: class})
					}
				}
			}
			continue
		}
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
				tools = append(tools, Tool{Name: name, Group: group, Class: class})
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
		{"tailscale://device/{id}", "tailscale://device/n1", "tailscale://device/{+id}", ""},
		{"tailscale://device/{+id}", "tailscale://device/a/b", "tailscale://device/{+id}", ""},
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
		got := r.Resource(Resource{URI: uri})
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
			if !isInstance || !plainURIs.MatchString(uri) || !slices.Contains(entry, template) && !slices.Contains(entry, strings.ReplaceAll(template, "{+", "{")) && !slices.Contains(entry, alias) {
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

// written is an entry as another reader of JSON sees it.
type written struct {
	Tools     []string  `json:"tools"`
	Resources []string  `json:"resources"`
	Prompts   []string  `json:"prompts"`
	Devices   *[]string `json:"devices"`
	Until     string    `json:"until"`
	Rate      string    `json:"rate"`
}

func (r Rules) entriesAgain() (all []written) {
	for _, text := range r.Entries() {
		var w written
		if err := json.Unmarshal([]byte(text), &w); err != nil {
			panic(err)
		}
		all = append(all, w)
	}
	return all
}

// sortedTools are the selectors of the entries that hold without a time and for every device.
func (r Rules) sortedTools() (all []string) {
	for _, w := range r.entriesAgain() {
		if w.Devices == nil && w.Until == "" {
			all = append(all, w.Tools...)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func (r Rules) sortedResources() (all []string) {
	for _, w := range r.entriesAgain() {
		if w.Devices == nil && w.Until == "" {
			all = append(all, w.Resources...)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// reservedServer reports whether a selector begins with a name that no server has.
func reservedServer(selector string) bool {
	server, _, ok := strings.Cut(selector, "/")
	return ok && slices.Contains(reserved[:], server)
}

// fits reports whether the URI of a selector is not too long.
func fits(selector string) bool {
	if server, uri, ok := strings.Cut(selector, "/"); ok && !strings.Contains(server, ":") {
		return len(uri) <= maxSelector
	}
	return len(selector) <= maxSelector
}
