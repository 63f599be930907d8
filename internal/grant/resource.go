// SPDX-License-Identifier: MIT

package grant

import "strings"

// maxPlain is the length in bytes of the longest URI that a selector other than
// "*" or the URI itself covers: room for a selector and a template, each at
// most maxSelector long, to meet in one URI.
const maxPlain = 2 * maxSelector

// Resource decides whether the resource with this URI may be read, and so
// whether it is listed. For a URI that belongs to a template ask
// [Rules.Instance], which knows one more way to be allowed.
//
// What is requested is compared as it stands, never normalised:
//
//   - an exact selector covers the same bytes, whatever they are;
//   - "*" covers everything, so there is nothing to be fooled about;
//   - a selector ending in "/*" covers plain URIs only. A URI is plain when
//     whatever serves it cannot take it for a URI elsewhere: SCHEME:// or file:///, then
//     segments that are neither empty nor made of dots only, without query or
//     fragment, of letters, digits and - _ . ~ : @ ! $ & ' ( ) + , = or
//     percent-encodings of printable ASCII other than . / \ % ? # ; * { }.
//
// Letter case always counts.
func (r Rules) Resource(o Resource) Decision {
	return r.decide(o.Server, o.Devices, func(ix *index) (string, bool) { return ix.resource(o.URI) })
}

// Resource is one URI that a decision is asked about.
type Resource struct {
	Server string // behind the gateway; empty for Tailscale's own
	URI    string
	// Devices is set when what serves it can keep itself to some devices.
	Devices bool
}

func (ix *index) resource(uri string) (by string, ok bool) {
	if by, ok := ix.uris[uri]; ok {
		return by, true
	}
	if ix.longestBase > 0 && isPlain(uri) {
		if by, ok := ix.covering(uri); ok {
			return by, true
		}
	}
	return ix.anyResource, ix.anyResource != ""
}

// covering finds the narrowest "/*" selector above uri, which is at most
// maxPlain long.
func (ix *index) covering(uri string) (by string, ok bool) {
	head := uri[:min(len(uri), ix.longestBase)]
	for {
		slash := strings.LastIndexByte(head, '/')
		if slash < 0 {
			return "", false
		}
		if by, ok := ix.below[head[:slash+1]]; ok {
			return by, true
		}
		head = head[:slash]
	}
}

// isPlain is defined at [Rules.Resource].
func isPlain(uri string) bool {
	if len(uri) > maxPlain {
		return false
	}
	_, path, ok := cutScheme(uri)
	return ok && isPlainPath(path)
}

// cutScheme splits a URI at "://", or one of a local file (RFC 8089) at "file:///".
func cutScheme(uri string) (scheme, path string, ok bool) {
	scheme, path, ok = strings.Cut(uri, "://")
	if local, isLocal := strings.CutPrefix(path, "/"); isLocal && scheme == "file" {
		return "file:///", local, ok
	}
	return scheme, path, ok && isScheme(scheme)
}

// isPlainPath reports whether path, authority included, is a sequence of plain
// segments.
func isPlainPath(path string) bool {
	for segment := range strings.SplitSeq(path, "/") {
		if !isPlainSegment(segment) {
			return false
		}
	}
	return true
}

func isPlainSegment(s string) bool {
	if strings.Trim(s, ".") == "" { // "" and dot segments
		return false
	}
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c == '%' {
			decoded, ok := unescape(s[i:])
			if !ok || decoded < ' ' || decoded > '~' || strings.IndexByte(`./\%?#;*{}`, decoded) >= 0 {
				return false
			}
			i += 2
			continue
		}
		// The RFC's sub-delims without * (a selector's) and ; (some servers
		// cut a segment there, so "..;" is a dot segment to them).
		if !isAlphanumeric(c) && strings.IndexByte("-_.~:@!$&'()+,=", c) < 0 {
			return false
		}
	}
	return true
}
