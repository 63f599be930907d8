// SPDX-License-Identifier: MIT

package company

import "time"

// Person is a user of the tailnet.
type Person struct {
	Login  string // such as bob@example.com
	Number int64  // the ID of the user
	Role   string // owner, admin, member, ...
	Status string // active, suspended, needs-approval
	Joined time.Time
}

// Domain is that of everybody's login.
const Domain = "example.com"

// Login is the login of a person by the short name.
func Login(name string) string { return name + "@" + Domain }

// people are the 25, by when they joined: the first has been there longest.
func people(now time.Time) (all []Person) {
	role := map[string]string{"alice": "owner", "kate": "admin", "jack": "it-admin", "rita": "auditor"}
	status := map[string]string{"jack": "suspended", "wendy": "needs-approval"}
	for i, name := range []string{
		"alice", "kate", "bob", "carol", "jack", "erin", "ines", "frank", "olga", "paul", "gina", "sara", "rita",
		"dan", "hugo", "tom", "quinn", "nils", "uma", "dave", "liam", "mona", "xenia", "vera", "wendy",
	} {
		p := Person{
			Login: Login(name), Number: int64(22001 + i), Role: "member", Status: "active",
			Joined: now.AddDate(0, 0, -900+35*i),
		}
		if r, ok := role[name]; ok {
			p.Role = r
		}
		if s, ok := status[name]; ok {
			p.Status = s
		}
		all = append(all, p)
	}
	return all
}
