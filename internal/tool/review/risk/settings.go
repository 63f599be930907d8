// SPDX-License-Identifier: MIT

package risk

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// longest is after how many days a node key should have ended.
const longest = 90

// settings are those of the tailnet that let in what nobody has looked at.
func (f *Facts) settings() []Finding {
	weak := Finding{
		Rank: Medium, Area: Settings, Risk: "new devices or users are let in without approval",
		Why: "a stolen sign-in is enough", Next: "update_settings",
	}
	soft := Finding{
		Rank: Low, Area: Settings, Risk: "settings that could be tighter",
		Why: "less would do", Next: "update_settings",
	}
	for _, name := range []string{"devicesApprovalOn", "usersApprovalOn"} {
		if off(f.Settings, name) {
			weak.Where = append(weak.Where, name+": false")
		}
	}
	value, _ := f.Settings.Field("devicesKeyDurationDays")
	if days, err := strconv.Atoi(string(value)); err == nil && days > longest {
		soft.Where = append(soft.Where, fmt.Sprintf("devicesKeyDurationDays: %d", days))
	}
	if f.Settings.Text("usersRoleAllowedToJoinExternalTailnets") == "member" {
		soft.Where = append(soft.Where, "usersRoleAllowedToJoinExternalTailnets: member")
	}
	if off(f.Settings, "devicesAutoUpdatesOn") {
		soft.Where = append(soft.Where, "devicesAutoUpdatesOn: false")
	}
	return slices.Concat(found(weak), found(soft))
}

// dns are the resolvers that do not answer, or are not used.
func (f *Facts) dns() []Finding {
	lost := Finding{
		Rank: Medium, Area: Settings, Risk: "DNS goes to private addresses that no device has or carries",
		Why: "these names do not resolve, or somebody else answers", Next: "get_dns; set_device_routes where a route waits",
	}
	var preferences struct{ MagicDNS *bool }
	value, _ := f.DNS.Field("preferences")
	decode(value, &preferences)
	var names []Finding
	if preferences.MagicDNS != nil && !*preferences.MagicDNS {
		names = []Finding{{
			Rank: Low, Area: Settings, Risk: "MagicDNS is off", Where: []string{"preferences"},
			Why: "people use addresses, which nobody can check", Next: "set_dns_preferences",
		}}
	}
	if f.Policy == nil {
		return names
	}
	for _, r := range f.resolvers() {
		_, text, _ := strings.Cut(r, " → ")
		if a, err := netip.ParseAddr(text); err == nil && private(a) && !f.carried(a) {
			lost.Where = append(lost.Where, r)
		}
	}
	return slices.Concat(found(lost), names)
}

// resolvers are those of the tailnet, as "DOMAIN → ADDRESS"; the domain "." is all.
func (f *Facts) resolvers() (all []string) {
	type resolver struct{ Address string }
	var global []resolver
	value, _ := f.DNS.Field("nameservers")
	decode(value, &global)
	split := map[string][]resolver{}
	value, _ = f.DNS.Field("splitDNS")
	decode(value, &split)
	for _, r := range global {
		all = append(all, ". → "+r.Address)
	}
	for _, domain := range slices.Sorted(maps.Keys(split)) {
		for _, r := range split[domain] {
			all = append(all, domain+" → "+r.Address)
		}
	}
	return all
}

func private(a netip.Addr) bool {
	return a.IsPrivate() || netip.MustParsePrefix("100.64.0.0/10").Contains(a) && a != netip.MustParseAddr("100.100.100.100")
}

// carried reports whether a device has an address, or an approved route to it.
func (f *Facts) carried(a netip.Addr) bool {
	for i := range f.Policy.Net.Devices {
		d := &f.Policy.Net.Devices[i]
		if slices.Contains(d.Addrs, a) || slices.ContainsFunc(d.Approved, func(p netip.Prefix) bool { return p.Bits() > 0 && p.Contains(a) }) {
			return true
		}
	}
	return false
}

// decode fills v where there is a value of its form.
func decode(value json.RawMessage, v any) {
	if len(value) > 0 {
		_ = json.Unmarshal(value, v) // of another form: as if it were not there
	}
}
