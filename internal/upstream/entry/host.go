// SPDX-License-Identifier: MIT

package entry

import (
	"crypto/x509"
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"slices"
	"syscall"
)

// place is where in the file a value stands that the host is asked about.
type place struct{ line, column int }

// mark keeps where a value stands.
func (s *Server) mark(r *reader, what string, at int) {
	probe := reader{text: r.text}
	probe.wrong(at, "", "")
	if s.places == nil {
		s.places = map[string]place{}
	}
	s.places[what] = place{probe.mistakes[0].Line, probe.mistakes[0].Column}
}

// Host returns what of the entry does not fit this host: paths that are not there, are
// symlinks or lie where others than root could exchange them, and accounts and groups
// that do not exist or have the rights of root.
func (s Server) Host() Mistakes {
	var all Mistakes
	wrong := func(place, what, remedy string) {
		at := s.places[place]
		all = append(all, Mistake{File: s.File, Line: at.line, Column: at.column, What: what, Remedy: remedy})
	}
	for _, path := range slices.Concat(s.Read, s.Write) {
		if what, remedy := exchangeable(path); what != "" {
			wrong("path "+path, what, remedy)
		}
	}
	if s.CA != "" {
		what, remedy := exchangeable(s.CA)
		if what == "" {
			what, remedy = noAuthority(s.CA)
		}
		if what != "" {
			wrong("ca", what, remedy)
		}
	}
	if s.User != "" {
		if what, remedy := unfit(s.User); what != "" {
			wrong("user", what, remedy)
		}
	}
	for _, name := range s.Groups {
		group, err := user.LookupGroup(name)
		switch {
		case err != nil:
			wrong("group "+name, "there is no group "+name, "make it, or name another")
		case group.Gid == "0":
			wrong("group "+name, "the group "+name+" is that of root", "make one for this server")
		}
	}
	return all.sorted()
}

// noAuthority says why the daemon cannot take the authorities of a file.
func noAuthority(path string) (what, remedy string) {
	const open = "let everybody read it, with chmod a+r: it is no secret"
	info, err := os.Stat(path)
	if err != nil {
		return fmt.Sprintf("%s cannot be read (%s)", shown(path), cause(err)), open
	}
	if !info.Mode().IsRegular() || info.Size() > maxFile {
		return shown(path) + " is no file with certificates", "name the file of the authority that has signed the server's certificate"
	}
	text, err := os.ReadFile(path) //nolint:gosec // named by the administrator
	switch {
	case err != nil:
		return fmt.Sprintf("%s cannot be read (%s)", shown(path), cause(err)), open
	case info.Mode().Perm()&0o004 == 0:
		return shown(path) + " cannot be read by the daemon", open
	case !x509.NewCertPool().AppendCertsFromPEM(text):
		return shown(path) + " has no certificate in PEM", "name the file of the authority that has signed the server's certificate"
	}
	return "", ""
}

// exchangeable says why a path could be something else tomorrow without root's doing.
func exchangeable(path string) (what, remedy string) {
	info, err := os.Lstat(path)
	switch {
	case err != nil:
		return fmt.Sprintf("%s cannot be read (%s)", shown(path), cause(err)), "make it, or name another path"
	case info.Mode()&os.ModeSymlink != 0:
		return shown(path) + " is a symbolic link", "name the path that it leads to"
	}
	for dir := filepath.Dir(path); ; dir = filepath.Dir(dir) {
		info, err := os.Lstat(dir)
		if err != nil {
			return fmt.Sprintf("%s cannot be read (%s)", shown(dir), cause(err)), "make it, or name another path"
		}
		owner, _ := info.Sys().(*syscall.Stat_t)
		switch {
		case info.Mode()&os.ModeSymlink != 0:
			return fmt.Sprintf("%s, above %s, is a symbolic link", shown(dir), shown(path)), "name the path that it leads to"
		case owner == nil || owner.Uid != 0:
			return fmt.Sprintf("%s, above %s, is not root's", shown(dir), shown(path)), "whoever owns it could put another folder there: use a path below folders of root"
		case info.Mode().Perm()&0o002 != 0, info.Mode().Perm()&0o020 != 0 && owner.Gid != 0:
			return fmt.Sprintf("%s, above %s, may be written by others", shown(dir), shown(path)), "they could put another folder there: use a path below folders that only root may write"
		}
		if dir == filepath.Dir(dir) {
			return "", ""
		}
	}
}

// unfit says why an account cannot be that of a server.
func unfit(name string) (what, remedy string) {
	account, err := user.Lookup(name)
	if err != nil {
		return "there is no account " + name, "make it, or name another"
	}
	if account.Uid == "0" {
		return "the account " + name + " is that of root", "make one for this server"
	}
	groups, err := account.GroupIds()
	if err != nil {
		return "the groups of " + name + " cannot be read", "see id(1)"
	}
	for _, id := range groups {
		group, err := user.LookupGroupId(id)
		if err == nil && slices.Contains(powerful, group.Name) {
			return fmt.Sprintf("the account %s is in the group %s, which opens what no server may reach", name, group.Name), "make an account for this server"
		}
	}
	return "", ""
}
