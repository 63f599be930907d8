// SPDX-License-Identifier: MIT

package grant

import (
	"cmp"
	"math/rand/v2"
	"strings"
	"testing"
)

var (
	device  = Template{URI: "tailscale://device/{id}", Alias: "tailscale://device"}
	routes  = Template{URI: "tailscale://device/{id}/routes"}
	anyKind = Template{URI: "tailscale://{kind}/{id}"}
)

// TestTemplateMatrix shows, for each grant, whether a template is listed and
// which resources of it may be read.
func TestTemplateMatrix(t *testing.T) {
	const n1, n2, n1Routes = "tailscale://device/n1", "tailscale://device/n2", "tailscale://device/n1/routes"
	tooLong := "{" + strings.Repeat("v", maxSelector-len("x://y/{}")+1) + "}"
	tests := []struct {
		selectors string
		template  Template
		listed    string   // by; empty: not listed
		readable  []string // instances
		denied    []string // instances and what looks like one
	}{
		{"", device, "", nil, []string{n1, ""}},
		{"*", device, "*", []string{n1, n2, "tailscale://device/a%2Fb"}, nil},

		// A policy file from the time when the resource was one URI.
		{"tailscale://device", device, "tailscale://device",
			[]string{n1, n2, "tailscale://device/fd7a%3A115c%3A%3A1"},
			[]string{n1Routes, "tailscale://device/", "tailscale://device/..", "tailscale://device/%2e%2e", "tailscale://device/n1%2froutes",
				"tailscale://device/../policy", "tailscale://device/n1?x", "tailscale://device/n1#x", "tailscale://device/*", "tailscale://device/{id}",
				"tailscale://devices", "tailscale://devices/n1", "tailscale://policy", "Tailscale://device/n1", "x://device/n1", "n1", ""}},
		{"tailscale://device", routes, "", nil, []string{n1Routes}},
		{"tailscale://devices", device, "", nil, []string{n1}},
		{"tailscale://device/", device, "", nil, []string{n1}},

		// The literal template.
		{"tailscale://device/{id}", device, "tailscale://device/{id}", []string{n1, n2}, []string{n1Routes, "tailscale://device", "tailscale://device/.."}},
		{"tailscale://device/{id}", Template{URI: "tailscale://device/{+id}"}, "tailscale://device/{id}", []string{n1, n2}, []string{n1Routes}},
		{"tailscale://device/{+id}", Template{URI: "tailscale://device/{+id}"}, "tailscale://device/{+id}", []string{n1, n2}, []string{n1Routes}},
		{"tailscale://device/{+id}", device, "", nil, []string{n1}},
		{"tailscale://device/{id}", routes, "", nil, []string{n1Routes}},
		{"tailscale://device/{id}/routes", routes, "tailscale://device/{id}/routes", []string{n1Routes}, []string{n1, "tailscale://device/n1/x", "tailscale://device/../routes"}},
		{"tailscale://device/{id}/routes", device, "", nil, []string{n1}},
		{"tailscale://device/{ID}", device, "", nil, []string{n1}},
		{"tailscale://device/{other}", device, "", nil, []string{n1}},

		// Everything below a URI.
		{"tailscale://device/*", device, "tailscale://device/*", []string{n1, n2}, []string{"tailscale://device/..", "tailscale://device/"}},
		{"tailscale://device/*", routes, "tailscale://device/*", []string{n1Routes}, nil},
		{"tailscale://*", device, "tailscale://*", []string{n1}, []string{"bootstrap://device/n1"}},
		{"tailscale://*", anyKind, "tailscale://*", []string{n1, "tailscale://user/u1"}, nil},
		{"tailscale://user/*", device, "", nil, []string{n1}},
		{"tailscale://devic/*", device, "", nil, []string{n1}},
		{"bootstrap://*", device, "", nil, []string{n1}},

		// Everything below one instance is not that instance, but may be another template's.
		{"tailscale://device/n1/*", device, "", nil, []string{n1}},
		{"tailscale://device/n1/*", routes, "tailscale://device/n1/*", []string{n1Routes}, []string{"tailscale://device/n2/routes"}},
		{"tailscale://device/n1/routes/*", routes, "", nil, []string{n1Routes}},
		{"tailscale://user/*", anyKind, "tailscale://user/*", []string{"tailscale://user/u1"}, []string{n1}},

		// One instance.
		{n1, device, n1, []string{n1}, []string{n2, n1Routes, "tailscale://device/n"}},
		{n1, routes, "", nil, []string{n1Routes}},
		{n1, anyKind, n1, []string{n1}, []string{n2}},
		{n1Routes, routes, n1Routes, []string{n1Routes}, []string{"tailscale://device/n2/routes", n1}},
		{n1Routes, device, "", nil, []string{n1}},
		{"tailscale://device/a%2Fb", device, "tailscale://device/a%2Fb", []string{"tailscale://device/a%2Fb"}, []string{"tailscale://device/a/b"}},

		// Neighbours in the sorted list do not hide each other.
		{"tailscale://device/n1/x tailscale://device/n2 tailscale://devices", device, n2, []string{n2}, []string{n1}},
		{"tailscale://device/a/* tailscale://device/n1/* tailscale://devices/*", routes, "tailscale://device/a/*", []string{n1Routes}, []string{"tailscale://device/n2/routes"}},

		// A template of a form that is not supported.
		{"x://{/path} x://{a}{b} x://a/* x://*", Template{URI: "x://{/path}"}, "", []string{"x://a"}, nil},
		{"x://{+path}", Template{URI: "x://{+path}"}, "x://{+path}", []string{"x://a"}, []string{"x://a/b", "x://"}},
		{"x://f/{id}.json", Template{URI: "x://f/{id}.json"}, "", nil, []string{"x://f/1.json"}},
		{"*", Template{URI: "x://f/{id}.json"}, "*", []string{"x://f/1.json"}, nil},
		{"not:a-template", Template{URI: "not:a-template"}, "", nil, []string{"not:another"}},
		{"x://y", Template{}, "", nil, []string{""}},
		{"x://y", Template{URI: "x://{id", Alias: "x://y"}, "", nil, []string{"x://1", "x://{id"}},
		{"x://y", Template{URI: "x://id}", Alias: "x://y"}, "", nil, []string{"x://1"}},
		{"x://y", Template{URI: "x://{}", Alias: "x://y"}, "", nil, []string{"x://1"}},
		{"x://y", Template{URI: "a b://{id}", Alias: "x://y"}, "", nil, []string{"a b://1"}},
		{"x://y", Template{URI: "x://y/" + tooLong, Alias: "x://y"}, "", nil, []string{"x://y/1"}},

		// A template that has no plain instance.
		{"x://a;b/{id} x://*", Template{URI: "x://a;b/{id}"}, "", nil, []string{"x://a;b/1"}},
		{"x://a;b/1", Template{URI: "x://a;b/{id}"}, "x://a;b/1", []string{"x://a;b/1"}, []string{"x://a;b/2"}},
	}
	for _, tt := range tests {
		t.Run(cmp.Or(tt.selectors, "nothing")+" for "+tt.template.URI, func(t *testing.T) {
			rules := resourceRules(t, tt.selectors)
			want := Decision{}
			if tt.listed != "" {
				want = allow("resources: " + tt.listed)
			}
			got := rules.Template(tt.template)
			if got != want {
				t.Errorf("template: got %+v, want %+v", got, want)
			}
			for _, uri := range tt.readable {
				got := rules.Instance(tt.template, uri)
				if !got.Allowed {
					t.Errorf("instance %q: got denied, want allowed", uri)
				}
				checkBy(t, rules, got)
			}
			for _, uri := range tt.denied {
				if got := rules.Instance(tt.template, uri); got.Allowed {
					t.Errorf("instance %q: got %+v, want denied", uri, got)
				}
			}
		})
	}
}

func TestInstanceBy(t *testing.T) {
	const uri = "tailscale://device/n1"
	order := []string{uri, "tailscale://device/{id}", "tailscale://device", "tailscale://device/*", "tailscale://*", "*"}
	for i := range order {
		rules := resourceRules(t, strings.Join(order[i:], " "))
		if got, want := rules.Instance(device, uri), allow("resources: "+order[i]); got != want {
			t.Errorf("%s: got %+v, want %+v", rules, got, want)
		}
	}
}

// TestTemplateListedIfReadable holds, over random rules and templates, that a
// template is listed exactly when one of its instances can be read. The world is
// small, so that every instance can be asked for: two schemes, three words, one
// of them in no selector, and URIs of at most four segments.
func TestTemplateListedIfReadable(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	schemes := []string{"x://", "y://"}
	words := []string{"a", "b", "a;"} // the last is not plain
	fresh := append([]string{"c"}, words...)
	pick := func(list []string) string { return list[rng.IntN(len(list))] }
	path := func(words []string, n int) string {
		segments := make([]string, n)
		for i := range segments {
			segments[i] = pick(words)
		}
		return pick(schemes) + strings.Join(segments, "/")
	}
	listed := 0
	const rounds = 20_000
	for range rounds {
		template := Template{URI: path(append([]string{"{v}", "{w}"}, words...), 1+rng.IntN(4))}
		if rng.IntN(3) == 0 {
			template.Alias = path(words, 1)
		}
		var selectors []string
		for range rng.IntN(4) {
			switch rng.IntN(12) {
			case 0:
				selectors = append(selectors, template.URI)
			case 1:
				selectors = append(selectors, pick(schemes)+"*")
			case 2, 3, 4, 5:
				selectors = append(selectors, path(words[:2], 1+rng.IntN(4))+"/*")
			case 6:
				if rng.IntN(8) == 0 {
					selectors = append(selectors, "*")
				}
			default:
				selectors = append(selectors, path(words, 1+rng.IntN(4)))
			}
		}
		rules := resourceRules(t, strings.Join(selectors, " "))
		want := ""
		for _, uri := range instances(template.URI, fresh) {
			if rules.Instance(template, uri).Allowed {
				want = uri
				break
			}
		}
		got := rules.Template(template)
		if got.Allowed != (want != "") {
			t.Fatalf("%s: template %+v: got %+v, but the readable instance is %q", rules, template, got, want)
		}
		checkBy(t, rules, got)
		if got.Allowed {
			listed++
		}
	}
	if listed < rounds/10 || listed > rounds*9/10 {
		t.Errorf("%d of %d templates listed, want a mixture: the test proves little", listed, rounds)
	}
}

// instances returns every expansion of a template with the words.
func instances(template string, words []string) []string {
	start := strings.IndexByte(template, '{')
	if start < 0 {
		return []string{template}
	}
	end := start + strings.IndexByte(template[start:], '}') + 1
	var all []string
	for _, word := range words {
		all = append(all, instances(template[:start]+word+template[end:], words)...)
	}
	return all
}
