// SPDX-License-Identifier: MIT

package grant

import (
	"net/url"
	"path"
	"regexp"
	"strings"
)

// The oracle says the grammar a second time, slowly and by other means, for the
// fuzz targets to compare with.

const (
	reName   = `[A-Za-z0-9_.-]{1,128}`
	reServer = `(?:[a-z0-9][a-z0-9-]{0,30})/`
	reClass  = `(?:read|write|destructive|escalating)`
	reScheme = `[A-Za-z][A-Za-z0-9+.-]*`
	// The characters of a plain segment; an encoded one has its code spelled out.
	rePlainButDot = `(?:[A-Za-z0-9_~:@!$&'()+,=-]|%(?:2[01246789bBcCdD]|3[0-9aAcCdDeE]|4[0-9a-fA-F]|5[0-9aAbBdDeEfF]|6[0-9a-fA-F]|7[0-9aAcCeE]))`
	reSegment     = `\.*` + rePlainButDot + `(?:\.|` + rePlainButDot + `)*`
	rePlain       = `(?:file:///|` + reScheme + `://)` + reSegment + `(?:/` + reSegment + `)*`
	reTemplated   = `(?:[^/{}]+|\{\+?[A-Za-z0-9_]+\})`
	reURIChar     = `(?:[A-Za-z0-9._~:/?#@!$&'()+,;={}-]|\[|\]|%[0-9A-Fa-f]{2})`
)

var (
	toolSelectors     = regexp.MustCompile(`^(?:\*|` + reName + `|` + reClass + `:\*|group:` + reName + `(?::` + reClass + `)?|` + reServer + `(?:` + reName + `|(?:` + reName + `)?\*|` + reClass + `:\*))$`)
	resourceSelectors = regexp.MustCompile(`^(?:` + reServer + `)?(?:\*|` + reScheme + `:` + reURIChar + `+|` + reScheme + `://\*|file:///\*|` + rePlain + `/\*)$`)
	templates         = regexp.MustCompile(`^(?:file:///|` + reScheme + `://)` + reTemplated + `(?:/` + reTemplated + `)*$`)
	plainURIs         = regexp.MustCompile(`^` + rePlain + `$`)
)

// toolCovered says whether one selector covers one tool in order.
func toolCovered(selector string, t Tool) bool {
	server, name, foreign := strings.Cut(selector, "/")
	switch {
	case foreign != (t.Server != ""), foreign && server != t.Server:
		return false
	case foreign && strings.HasSuffix(name, ":*"):
		return t.Class == Class(strings.TrimSuffix(name, ":*"))
	case foreign && strings.HasSuffix(name, "*"):
		return strings.HasPrefix(t.Name, strings.TrimSuffix(name, "*")) && t.Class != Escalating
	case foreign:
		return t.Name == name
	}
	part := strings.Split(selector, ":")
	switch {
	case selector == "*":
		return t.Class != Escalating
	case len(part) == 1:
		return t.Name == selector
	case part[0] != "group":
		return t.Class == Class(part[0])
	case len(part) == 2:
		return t.Group == part[1] && t.Class != Escalating
	default:
		return t.Group == part[1] && t.Class == Class(part[2])
	}
}

// resourceCovered says whether one selector covers one URI.
func resourceCovered(selector, uri string) bool {
	head, _, cut := strings.Cut(selector, "/")
	switch {
	case cut && !strings.Contains(head, ":"):
		return false // a server's
	case selector == "*":
		return true
	case strings.HasSuffix(selector, "/*"):
		return strings.HasPrefix(uri, strings.TrimSuffix(selector, "*")) && len(uri) <= 2048 && plainURIs.MatchString(uri)
	case strings.ContainsAny(selector, "{}"):
		return false
	}
	return uri == selector
}

// expressions finds the expressions of a quoted template.
var expressions = regexp.MustCompile(`\\\{(?:\\\+)?\w+\\\}`)

// shape returns the pattern of a template's instances.
func shape(template string) *regexp.Regexp {
	return regexp.MustCompile(`^` + expressions.ReplaceAllString(regexp.QuoteMeta(template), `[^/]+`) + `$`)
}

// normalized returns where a careless server might take a URI: decoded until
// nothing is left to decode, backslashes turned, parameters, query and fragment
// cut off, dot segments and empty segments resolved.
func normalized(uri string) string {
	for {
		decoded, err := url.PathUnescape(uri)
		if err != nil || decoded == uri {
			break
		}
		uri = decoded
	}
	scheme, rest, _ := strings.Cut(strings.ReplaceAll(uri, `\`, "/"), "://")
	segments := strings.Split(rest, "/")
	for i, s := range segments {
		if cut := strings.IndexAny(s, ";"); cut >= 0 {
			segments[i] = s[:cut]
		}
	}
	rest = strings.Join(segments, "/")
	if cut := strings.IndexAny(rest, "?#\x00"); cut >= 0 {
		rest = rest[:cut]
	}
	return scheme + "://" + strings.TrimPrefix(path.Clean("/"+rest), "/")
}
