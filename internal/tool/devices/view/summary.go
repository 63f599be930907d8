// SPDX-License-Identifier: MIT

package view

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"tailscale-mcp/internal/tool/devices/lookup"
	"tailscale-mcp/internal/tsapi"
)

// Summary has the counts of devices in place of their list.
type Summary struct {
	Owner       Owners         `json:"owner" jsonschema:"by whose they are"`
	OS          map[string]int `json:"os" jsonschema:"by operating system"`
	Online      int            `json:"online" jsonschema:"connected now"`
	Offline     int            `json:"offline" jsonschema:"not connected now"`
	Outdated    int            `json:"outdated" jsonschema:"with an update"`
	NotApproved int            `json:"notApproved" jsonschema:"waiting to be approved as devices"`
	Keys        Keys           `json:"keys" jsonschema:"the keys of the tailnet's own devices"`
	Routes      Routes         `json:"routes" jsonschema:"devices by their routes"`
}

// Owners counts devices by the kind of their owner.
type Owners struct {
	User   int `json:"user"`
	Tagged int `json:"tagged"`
	Shared int `json:"shared" jsonschema:"shared in from other tailnets"`
}

// Keys counts keys by when they end.
type Keys struct {
	Expired int `json:"expired"`
	In30    int `json:"within30Days"`
	Later   int `json:"later"`
	Never   int `json:"never"`
}

// Routes counts the devices that carry other traffic than their own.
type Routes struct {
	Advertise  int `json:"advertise" jsonschema:"that advertise any"`
	Unapproved int `json:"unapproved" jsonschema:"with some that wait to be approved"`
	ExitNodes  int `json:"exitNodes" jsonschema:"approved as exit nodes"`
}

// Summarize counts devices, which have all their fields.
func Summarize(all []tsapi.Device, now time.Time) *Summary {
	s := &Summary{OS: map[string]int{}}
	for _, d := range all {
		s.OS[cmp.Or(d.OS, "unknown")]++
		count(&s.Online, d.Online())
		count(&s.Offline, !d.Online())
		count(&s.Outdated, d.UpdateAvailable)
		if d.IsExternal {
			s.Owner.Shared++
			continue
		}
		count(&s.Owner.Tagged, len(d.Tags) > 0)
		count(&s.Owner.User, len(d.Tags) == 0)
		_, said := d.Field("authorized")
		count(&s.NotApproved, said && !d.Authorized)
		s.Keys.add(d, now)
		s.Routes.add(d)
	}
	s.few()
	return s
}

func (k *Keys) add(d tsapi.Device, now time.Time) {
	switch {
	case lookup.EndsBy(d, now):
		k.Expired++
	case lookup.EndsBy(d, now.AddDate(0, 0, 30)):
		k.In30++
	case lookup.EndsBy(d, now.AddDate(1000, 0, 0)):
		k.Later++
	default:
		k.Never++
	}
}

func (r *Routes) add(d tsapi.Device) {
	count(&r.Advertise, len(lookup.Routes(d, "advertisedRoutes")) > 0)
	count(&r.Unapproved, len(lookup.UnapprovedRoutes(d)) > 0)
	count(&r.ExitNodes, slices.ContainsFunc(lookup.Routes(d, "enabledRoutes"), func(route string) bool { return strings.HasSuffix(route, "/0") }))
}

// few counts the rare systems together: devices say themselves what theirs is called.
func (s *Summary) few() {
	const most = 12
	names := slices.SortedFunc(maps.Keys(s.OS), func(a, b string) int { return cmp.Or(cmp.Compare(s.OS[b], s.OS[a]), cmp.Compare(a, b)) })
	for _, name := range names[min(most, len(names)):] {
		s.OS["others"] += s.OS[name]
		delete(s.OS, name)
	}
}

func count(n *int, is bool) {
	if is {
		*n++
	}
}
