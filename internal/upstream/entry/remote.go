// SPDX-License-Identifier: MIT

package entry

import (
	"slices"
	"strings"

	"github.com/tailscale/hujson"
)

// remote holds together what is said of a server that runs elsewhere. url is where its URL
// stands.
func (r *reader) remote(url int, s *Server) {
	if s.Network.None() {
		s.Network.Internet = true
	}
	if strings.HasPrefix(s.URL, "http:") && s.Network.Internet && !r.networkWrong {
		r.wrong(url, `with http everybody on the way reads what is sent and can answer in the server's place, and "network" is "internet"`,
			`write https, or list in "network" the addresses at which the server is reached by http: ["192.0.2.7"]`)
	}
}

// ownHeaders are those that are not an entry's to set, in lower case, and what begins with
// ownPrefixes neither.
var (
	ownHeaders  = []string{"host", "accept", "user-agent", "last-event-id", "connection", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade", "expect"}
	ownPrefixes = []string{"mcp-", "content-", "accept-", "proxy-", "tailscale-", "x-tailscale-"}
)

// header checks a header of an entry, whose value no message repeats. others are those before.
func (r *reader) header(at int, name string, valueAt int, value string, others map[string]string) bool {
	lower := strings.ToLower(name)
	switch {
	case slices.Contains(ownHeaders, lower), slices.ContainsFunc(ownPrefixes, func(p string) bool { return strings.HasPrefix(lower, p) }):
		r.wrong(at, "the header "+shown(name)+" is set by the gateway itself", "leave it out")
	case slices.ContainsFunc(keys(others), func(other string) bool { return strings.EqualFold(name, other) }):
		r.wrong(at, "the header "+shown(name)+" stands there twice, in other letters", "give each header once")
	case strings.ContainsAny(value, "\r\n"):
		r.wrong(valueAt, "the value of "+shown(name)+" has a line break", "leave it out")
	case strings.IndexFunc(value, func(c rune) bool { return c < ' ' && c != '\t' || c > '~' }) >= 0:
		r.wrong(valueAt, "the value of "+shown(name)+" has characters that no header carries", "use printable ASCII")
	default:
		return true
	}
	return false
}

func keys(m map[string]string) (all []string) {
	for key := range m {
		all = append(all, key)
	}
	return all
}

// ca reads the file with the authorities of a server.
func (r *reader) ca(v hujson.Value, s *Server) {
	if file, ok := r.string(v, `"ca"`); ok && r.absolute(v.StartOffset, file) {
		s.CA = file
		s.mark(r, "ca", v.StartOffset)
	}
}
