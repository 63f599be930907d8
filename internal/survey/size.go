// SPDX-License-Identifier: MIT

package survey

import (
	"fmt"

	"tailscale-mcp/internal/failure"
	"tailscale-mcp/internal/policy/grammar"
)

// mostSize bounds what files compile to, in bytes as [sizeOf] estimates them. 500 rules
// with 1,000 names for 5,000 devices are 7 MB.
const mostSize = 48 << 20

// bounded refuses files that would take too much memory, and time, for so many devices: a
// caller may give any file.
func bounded(devices int, files []*grammar.File) error {
	size := 0
	for _, f := range files {
		size += sizeOf(f, devices)
	}
	if size <= mostSize {
		return nil
	}
	return &failure.Error{
		Code:    failure.Unsupported,
		Message: fmt.Sprintf("so many rules and names for %d devices are more than this server evaluates", devices),
		Next:    "use fewer rules and names; groups and tags take the place of many",
	}
}

// sizeOf estimates what a file compiles to: about ten sets of devices for each rule, and
// three for each name. A name that the tailnet does not have counts as a device, since it
// gets a stand-in.
func sizeOf(f *grammar.File, devices int) int {
	names := map[string]bool{}
	add := func(lists ...[]grammar.Name) {
		for _, list := range lists {
			for _, n := range list {
				names[n.Text] = true
			}
		}
	}
	for _, section := range [][]grammar.Definition{f.Groups, f.TagOwners} {
		for _, d := range section {
			add([]grammar.Name{d.Name}, d.Values)
		}
	}
	for _, r := range f.ACLs {
		add(r.Src, r.Dst)
	}
	for _, r := range f.Grants {
		add(r.Src, r.Dst, r.Via)
	}
	for _, r := range f.SSH {
		add(r.Src, r.Dst)
	}
	for _, r := range f.NodeAttrs {
		add(r.Target)
	}
	sets := 10*(len(f.ACLs)+len(f.Grants)+len(f.SSH)) + 3*len(names)
	return (devices + len(names)) / 8 * sets
}
