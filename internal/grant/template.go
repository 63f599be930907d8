// SPDX-License-Identifier: MIT

package grant

import (
	"sort"
	"strings"
)

// Template is a family of resources, as MCP lists it.
type Template struct {
	Server string // behind the gateway; empty for Tailscale's own
	// URI is a URI template (RFC 6570) whose expressions are whole segments of
	// the form {name} or {+name}, such as tailscale://device/{id}. Each stands for
	// one segment that is not empty; grants name either form by the first, too. A template of another form, or longer than
	// 1024 bytes, is granted by "*" only.
	URI string
	// Alias, when not empty, is a URI that names the whole template in grants
	// too. It keeps policy files working that were written when the resource
	// was one URI, such as tailscale://device.
	Alias string
	// Devices is set when what serves it can keep itself to some devices.
	Devices bool
}

// Instance decides whether uri, one resource of t, may be read: when
// [Rules.Resource] allows the URI by itself, or when the template was granted
// by its literal URI or its alias and the URI is a plain one of its shape.
func (r Rules) Instance(t Template, uri string) Decision {
	return r.decide(t.Server, t.Devices, func(ix *index) (string, bool) { return ix.instance(t, uri) })
}

func (ix *index) instance(t Template, uri string) (by string, ok bool) {
	if by, ok := ix.uris[uri]; ok {
		return by, true
	}
	if by, ok := ix.named(t); ok && t.plain() && isPlain(uri) && t.matches(uri) {
		return by, true
	}
	return ix.resource(uri)
}

// Template decides whether t is listed: exactly when [Rules.Instance] allows at
// least one URI of its shape. So it is allowed by its literal URI or its alias,
// by a "/*" selector that covers all or some of its instances, by the exact URI
// of an instance, and by "*". By names the first of these that was granted.
func (r Rules) Template(t Template) Decision {
	return r.decide(t.Server, t.Devices, func(ix *index) (string, bool) { return ix.template(t) })
}

func (ix *index) template(t Template) (by string, ok bool) {
	if t.plain() {
		if by, ok := ix.named(t); ok {
			return by, true
		}
		if by, ok := ix.coversSome(t); ok {
			return by, true
		}
	}
	if by, ok := ix.namesSome(t); ok {
		return by, true
	}
	return ix.anyResource, ix.anyResource != ""
}

// named returns the selector that grants the whole of t by name.
func (ix *index) named(t Template) (by string, ok bool) {
	for _, name := range [...]string{t.URI, strings.ReplaceAll(t.URI, "{+", "{"), t.Alias} {
		if by, ok := ix.templates[name]; ok {
			return by, true
		}
		if by, ok := ix.uris[name]; ok {
			return by, true
		}
	}
	return "", false
}

// coversSome finds a "/*" selector that covers all or, failing that, some of
// the instances of t.
func (ix *index) coversSome(t Template) (by string, ok bool) {
	fixed := t.fixed()
	if by, ok := ix.covering(fixed); ok {
		return by, true
	}
	for _, base := range startingWith(ix.bases, fixed) {
		if t.reaches(base) {
			return ix.below[base], true
		}
	}
	return "", false
}

// namesSome finds a selector that is the exact URI of an instance of t.
func (ix *index) namesSome(t Template) (by string, ok bool) {
	for _, uri := range startingWith(ix.sorted, t.fixed()) {
		if by, ok := ix.uris[uri]; ok && t.matches(uri) {
			return by, true
		}
	}
	return "", false
}

// startingWith returns the strings of a sorted list that have the prefix.
func startingWith(sorted []string, prefix string) []string {
	from := sort.SearchStrings(sorted, prefix)
	n := sort.Search(len(sorted)-from, func(i int) bool {
		return !strings.HasPrefix(sorted[from+i], prefix)
	})
	return sorted[from : from+n]
}

// fixed returns what all instances start with.
func (t Template) fixed() string {
	fixed, _, _ := strings.Cut(t.URI, "{")
	return fixed
}

// plain reports whether t has the form that its field documents and plain
// instances.
func (t Template) plain() bool {
	_, path, ok := cutScheme(t.URI)
	if !ok || len(t.URI) > maxSelector {
		return false
	}
	for segment := range strings.SplitSeq(path, "/") {
		if !isExpression(segment) && !isPlainSegment(segment) {
			return false
		}
	}
	return true
}

// matches reports whether uri has the shape of t.
func (t Template) matches(uri string) bool {
	more, ok := t.follow(uri)
	return ok && !more
}

// reaches reports whether an instance of t lies below base, which is a URI and
// a slash.
func (t Template) reaches(base string) bool {
	more, ok := t.follow(strings.TrimSuffix(base, "/"))
	return ok && more
}

// follow reports whether t starts with segments of the shape of uri, and
// whether it has more of them.
func (t Template) follow(uri string) (more, ok bool) {
	scheme, want, _ := cutScheme(t.URI)
	scheme2, have, ok := cutScheme(uri)
	if !ok || scheme2 != scheme {
		return false, false
	}
	for {
		var w, h string
		var rest bool
		w, want, more = strings.Cut(want, "/")
		h, have, rest = strings.Cut(have, "/")
		if h == "" || h != w && !isExpression(w) {
			return false, false
		}
		if !rest {
			return more, true
		}
		if !more {
			return false, false
		}
	}
}

// isExpression reports whether a segment is {name} or {+name}, without the other
// operators and the modifiers of RFC 6570.
func isExpression(segment string) bool {
	name, opened := strings.CutPrefix(segment, "{")
	name, closed := strings.CutSuffix(strings.TrimPrefix(name, "+"), "}")
	for i := range len(name) {
		if !isAlphanumeric(name[i]) && name[i] != '_' {
			return false
		}
	}
	return opened && closed && name != ""
}
