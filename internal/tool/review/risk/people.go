// SPDX-License-Identifier: MIT

package risk

import (
	"slices"
	"strings"
)

// people are the users who have more than they use.
func (f *Facts) people() []Finding {
	admins := Finding{
		Rank: Medium, Area: People, Risk: "many administrators",
		Why: "each account can take over the tailnet", Next: "set_user_role",
	}
	asleep := Finding{
		Rank: Medium, Area: People, Risk: "administrators who are suspended or idle",
		Why: "an account that nobody watches, with all rights", Next: "set_user_role or delete_user",
	}
	suspended := Finding{
		Rank: Low, Area: People, Risk: "suspended users",
		Why: "one call gives them everything back", Next: "offboard_person with each",
	}
	idle := Finding{
		Rank: Low, Area: People, Risk: "users who are idle or have no device",
		Why: "an account that nobody misses", Next: "offboard_person with each",
	}
	waiting := Finding{
		Rank: Low, Area: People, Risk: "users who wait for approval",
		Why: "let in or remove them", Next: "approve_user or delete_user",
	}
	for _, u := range f.Users {
		if u.Text("type") == "shared" {
			continue // of another tailnet
		}
		login, role, status := u.Text("loginName"), u.Text("role"), u.Text("status")
		rules := role != "" && role != "member" && role != "auditor" && role != "billing-admin"
		devices, counted := u.Field("deviceCount")
		if rules {
			admins.Where = append(admins.Where, login+" ("+role+")")
		}
		switch {
		case rules && (status == "suspended" || status == "idle"):
			asleep.Where = append(asleep.Where, login+" ("+role+", "+status+")")
		case status == "suspended":
			suspended.Where = append(suspended.Where, login)
		case status == "needs-approval":
			waiting.Where = append(waiting.Where, login)
		case status == "idle":
			idle.Where = append(idle.Where, login+" (idle)")
		case counted && string(devices) == "0":
			idle.Where = append(idle.Where, login+" (no device)")
		}
	}
	if len(admins.Where) <= mostAdmins {
		admins.Where = nil
	}
	return slices.Concat(found(admins), found(asleep), found(suspended), found(idle), found(waiting))
}

// mostAdmins is how many administrators are not remarkable.
const mostAdmins = 3

// domains are those of the tailnet's people.
func (f *Facts) domains() (all []string) {
	for _, u := range f.Users {
		if _, domain, ok := strings.Cut(u.Text("loginName"), "@"); ok && u.Text("type") != "shared" && !slices.Contains(all, domain) {
			all = append(all, strings.ToLower(domain))
		}
	}
	return all
}
