// SPDX-License-Identifier: MIT

package entry

import (
	"path"
	"slices"
	"strings"

	"github.com/tailscale/hujson"

	"tailscale-mcp/internal/visible"
)

// closed are folders that no server sees or changes, at or above which no path lies;
// nor below them where inside says so.
var closed = []struct {
	dir    string
	inside bool
}{
	{"/", false}, {"/etc", false}, {"/usr", false},
	{"/proc", true}, {"/sys", true}, {"/dev", true}, {"/run", true}, {"/var/run", true}, {"/tmp", true}, {"/var/tmp", true},
	{"/etc/tailscale-mcp", true}, {"/etc/credstore", true}, {"/etc/credstore.encrypted", true}, {"/var/lib/tailscale", true},
}

// paths reads a list of paths that a server is to see.
func (r *reader) paths(v hujson.Value, what string, s *Server) []string {
	var paths []string
	r.list(v, what, maxList, func(at int, p string) {
		if !r.absolute(at, p) || !r.open(at, p) {
			return
		}
		if slices.Contains(paths, p) {
			r.wrong(at, shown(p)+" stands there twice", "give each path once")
			return
		}
		s.mark(r, "path "+p, at)
		paths = append(paths, p)
	})
	return paths
}

// absolute checks the form of a path.
func (r *reader) absolute(at int, p string) bool {
	switch {
	case !path.IsAbs(p):
		r.wrong(at, shown(p)+" is no absolute path", "begin it with /")
	case path.Clean(p) != p:
		r.wrong(at, shown(p)+" is not in its shortest form", "write "+shown(path.Clean(p)))
	case len(p) > 1024:
		r.wrong(at, "the path is longer than 1024 bytes", "use a shorter one")
	case strings.ContainsAny(p, "\n\r\t:\\\"") || visible.Count(p) > 0:
		// systemd would read them otherwise, or nobody would see them.
		r.wrong(at, shown(p)+" has a character that cannot be in a path here", `use one without line breaks, tabs, colons, quotes, \ and invisible characters`)
	default:
		return true
	}
	return false
}

// open checks that a path lies where a server may look.
func (r *reader) open(at int, p string) bool {
	for _, c := range closed {
		switch {
		case c.inside && below(p, c.dir), below(c.dir, p):
			r.wrong(at, shown(p)+" opens "+c.dir+", which no server sees", "name a folder with nothing but its data")
			return false
		}
	}
	return true
}

// below reports whether p is dir or lies in it.
func below(p, dir string) bool {
	return dir == "/" || p == dir || strings.HasPrefix(p, dir+"/")
}
