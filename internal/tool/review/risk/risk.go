// SPDX-License-Identifier: MIT

// Package risk says what of a tailnet is risky, and how much: in its policy file, devices,
// credentials, people, shares and settings, and in who may change it through this server.
// It is given what was read and asks nobody; what is not given is not judged.
package risk

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/policy"
	"tailscale-mcp/internal/tool/access/held"
	"tailscale-mcp/internal/tsapi"
	"tailscale-mcp/internal/visible"
)

// The ranks, the gravest first.
const (
	High   = "high"
	Medium = "medium"
	Low    = "low"
)

var ranks = []string{High, Medium, Low}

// The areas, in the order in which findings of one rank are told.
const (
	Server      = "server"
	Policy      = "policy"
	Credentials = "credentials"
	People      = "people"
	Shares      = "shares"
	Devices     = "devices"
	Settings    = "settings"
)

var areas = []string{Server, Policy, Credentials, People, Shares, Devices, Settings}

// Finding is one risk.
type Finding struct {
	Rank  string
	Area  string
	Risk  string   // what is risky, in a few words
	Where []string // names, or lines of the policy file
	Why   string   // why it matters
	Next  string   // a tool, perhaps with arguments
}

// Facts are what was read of a tailnet. What could not be read is nil.
type Facts struct {
	Now     time.Time
	Policy  *policy.Policy // the file, compiled for the tailnet
	Devices []tsapi.Device
	Users   []tsapi.Object
	Keys    []tsapi.Object
	Invites []tsapi.Object // into the tailnet
	// Shared are the invitations to devices, by the name of the device.
	Shared   map[string][]tsapi.Object
	Webhooks []tsapi.Object
	Settings tsapi.Object
	DNS      tsapi.Object
	// Holders is who is granted what on this server; Escalating are its tools of that class.
	Holders    []held.Grant
	Escalating []grant.Tool
	// Own reports whether a key is the one that this server uses.
	Own func(id string) bool
}

// All returns the findings, the gravest first.
func All(f *Facts) []Finding {
	var all []Finding
	if f.Policy != nil {
		r := reader{f}
		all = slices.Concat(r.wide(), r.unused(), r.definitions(), r.assigned(), r.published(), r.shells(), r.untested())
	}
	all = slices.Concat(all, f.server(), f.devices(), f.keys(), f.people(), f.invites(), f.shares(), f.webhooks(), f.settings(), f.dns())
	for i := range all {
		for k, where := range all[i].Where {
			all[i].Where[k] = clipped(visible.Text(where))
		}
	}
	return Sorted(all)
}

// clipped bounds a name. Others choose theirs, and may not push out what else there is.
func clipped(name string) string {
	const most = 200
	if len(name) <= most {
		return name
	}
	return strings.ToValidUTF8(name[:most], "") + "…"
}

// Sorted puts findings in their order.
func Sorted(all []Finding) []Finding {
	slices.SortStableFunc(all, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(slices.Index(ranks, a.Rank), slices.Index(ranks, b.Rank)), cmp.Compare(slices.Index(areas, a.Area), slices.Index(areas, b.Area)))
	})
	return all
}

// found is a list with the finding, or without one where it is nowhere.
func found(f Finding) []Finding {
	if len(f.Where) == 0 {
		return nil
	}
	return []Finding{f}
}

// days is a time in days before now, as "61 days".
func (f *Facts) days(at time.Time) string {
	return fmt.Sprintf("%d days", int(f.Now.Sub(at)/(24*time.Hour)))
}

// at reads a time of the API; false where there is none.
func at(text string) (time.Time, bool) {
	t, err := time.Parse(time.RFC3339, text)
	return t, err == nil && !t.IsZero()
}

// is reports whether a field of an object is true.
func is(o tsapi.Object, field string) bool {
	value, ok := o.Field(field)
	return ok && string(value) == "true"
}

// off reports whether a field of an object is there and false.
func off(o tsapi.Object, field string) bool {
	value, ok := o.Field(field)
	return ok && string(value) == "false"
}

// line names a rule by its place and its beginning.
func line(r policy.Rule) string {
	const most = 90
	text := strings.Join(strings.Fields(r.Text), " ")
	if len(text) > most {
		text = strings.ToValidUTF8(text[:most], "") + " …"
	}
	if r.Index < 0 {
		return text
	}
	return fmt.Sprintf("%s line %d: %s", r.Section, r.Line, text)
}
