// SPDX-License-Identifier: MIT

package manage

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"tailscale-mcp/internal/upstream/entry"
	"tailscale-mcp/internal/upstream/unit"
)

// lacksCredentials says which credentials of a server its unit is not given: they are neither
// where systemd looks for them, nor where a drop-in of its unit says. What this account may
// not see is not said to be missing.
func (h Host) lacksCredentials(ctx context.Context, s entry.Server) (needs []string) {
	if h.Systemd == nil || len(h.Credentials) == 0 {
		return nil
	}
	missing := slices.DeleteFunc(s.Credentials(), func(name string) bool { return there(h.Credentials, name) })
	if len(missing) == 0 {
		return nil
	}
	given, err := h.Systemd.Given(ctx, strings.Replace(unit.ServiceName(s.Name), "@", "@credentials", 1))
	for _, name := range missing {
		from, ok := h.given(given, name)
		switch {
		case err != nil:
			needs = append(needs, "whether its unit is given the credential "+name+" cannot be told ("+err.Error()+"): it is not in "+strings.Join(h.Credentials, ", "))
		case ok:
		case from != "":
			needs = append(needs, "the credential "+name+" is not in "+from+", where its unit takes it from: put it there, or see: sudo systemctl edit "+unit.ServiceName(s.Name))
		default:
			needs = append(needs, "the credential "+name+" is not in "+strings.Join(h.Credentials, ", ")+": put it into "+filepath.Join(h.Credentials[0], name)+
				", mode 0600; one that systemd-creds has encrypted takes LoadCredentialEncrypted="+name+" in: sudo systemctl edit "+unit.ServiceName(s.Name))
		}
	}
	return needs
}

// given reports whether a unit is given a credential that is in no store for plain ones, and
// where it is to come from, if that is said and nothing is there.
func (h Host) given(g Given, name string) (from string, ok bool) {
	if slices.Contains(g.Set, name) {
		return "", true
	}
	var encrypted []string
	for _, store := range h.Credentials {
		encrypted = append(encrypted, store+".encrypted")
	}
	all := slices.Concat(h.Credentials, encrypted, h.Handed)
	for _, l := range g.Load {
		switch {
		case l.Name != name:
			if rest, of := strings.CutPrefix(name, l.Name+"_"); of && filepath.IsAbs(l.Path) && there([]string{l.Path}, rest) {
				return "", true // a folder, of which each file is a credential
			}
		case filepath.IsAbs(l.Path):
			if there([]string{filepath.Dir(l.Path)}, filepath.Base(l.Path)) {
				return "", true
			}
			from = l.Path
		case l.Encrypted:
			if there(all, l.Path) {
				return "", true
			}
			from = strings.Join(slices.Concat(encrypted, h.Credentials), ", ")
		case there(slices.Concat(h.Credentials, h.Handed), l.Path):
			return "", true
		}
	}
	for _, pattern := range g.Import {
		if ok, _ := path.Match(pattern, name); ok && there(all, name) {
			return "", true
		}
	}
	return from, false
}

// there reports whether a file is in one of the folders, or may be.
func there(folders []string, name string) bool {
	for _, dir := range folders {
		if _, err := os.Stat(filepath.Join(dir, name)); !errors.Is(err, fs.ErrNotExist) {
			return true
		}
	}
	return false
}
