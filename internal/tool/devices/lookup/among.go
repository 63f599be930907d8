// SPDX-License-Identifier: MIT

package lookup

import (
	"fmt"
	"slices"
	"strings"

	"tailscale-mcp/internal/failure"
	"tailscale-mcp/internal/tool"
	"tailscale-mcp/internal/tool/devices/tags"
	"tailscale-mcp/internal/tsapi"
)

// among makes of a part of a login the login that it fits, and refuses an operating
// system, owner or tag that none of the devices has.
func (f *Filter) among(all []tsapi.Device) error {
	if f.Owner != "" {
		logins := distinct(all, func(d tsapi.Device) []string { return []string{d.User} })
		var err error
		if f.Owner, err = login(f.Owner, logins); err != nil {
			return err
		}
	}
	if f.OS != "" {
		systems := distinct(all, func(d tsapi.Device) []string { return []string{d.OS} })
		if !slices.ContainsFunc(systems, func(os string) bool { return strings.EqualFold(os, f.OS) }) {
			return unknown("no device has the operating system %q", f.OS, systems, "the devices have these")
		}
	}
	for _, tag := range f.Tags {
		if !slices.ContainsFunc(all, func(d tsapi.Device) bool { return hasTag(d, tag) }) {
			return unknown("no device has the tag %q", tag, distinct(all, func(d tsapi.Device) []string { return d.Tags }), "the devices have these")
		}
	}
	return nil
}

// login returns the one login that part means: the whole of it, what is before its @, or
// anything in it. The first of these that fits one decides, and has to fit that alone.
func login(part string, logins []string) (string, error) {
	part = strings.ToLower(part)
	for _, fits := range []func(login string) bool{
		func(login string) bool { return login == part },
		func(login string) bool { return strings.HasPrefix(login, part+"@") },
		func(login string) bool { return strings.Contains(login, part) },
	} {
		var found []string
		for _, login := range logins {
			if fits(strings.ToLower(login)) {
				found = append(found, login)
			}
		}
		switch len(found) {
		case 0:
		case 1:
			return found[0], nil
		default:
			return "", tool.Invalidf(tags.Known("", found, "use one of these logins"), "%q fits %d logins", tool.Clip(part), len(found))
		}
	}
	return "", unknown("no login with devices fits %q", part, logins, "these logins have devices")
}

// unknown refuses what no device has, with what they have.
func unknown(format, word string, known []string, are string) error {
	return &tsapi.Error{Code: failure.NotFound, Message: fmt.Sprintf(format, tool.Clip(word)), Next: tags.Known(word, known, are)}
}

// distinct returns what the devices have, sorted, each once and none that is empty.
func distinct(all []tsapi.Device, of func(tsapi.Device) []string) []string {
	seen := map[string]bool{"": true}
	var values []string
	for _, device := range all {
		for _, value := range of(device) {
			if !seen[value] {
				seen[value] = true
				values = append(values, value)
			}
		}
	}
	slices.Sort(values)
	return values
}
