// SPDX-License-Identifier: MIT

package company

import (
	"fmt"
	"time"
)

// Device is a machine of the tailnet.
type Device struct {
	Name     string
	ID       string // the node ID
	Number   int64  // the legacy ID
	IPv4     string
	Owner    string // login of who registered it; of a tagged one, too
	Tags     []string
	OS       string
	Outdated bool
	Created  time.Time
	LastSeen time.Time // zero: online now
	Expires  time.Time // of its key; has no meaning where Forever
	Forever  bool      // its key does not expire
	Approved bool
	SSH      bool

	Advertised, Routes []string // subnets that it offers, and those of them that are approved
}

const day = 24 * time.Hour

// Names of the devices that are real machines of the testbed. Whoever plays the company
// gives them the addresses and IDs that they have there, see [Company.Adopt].
const (
	Server = "ts-mcp"       // runs tailscale-mcp
	Alice  = "alice-laptop" // may do everything, as may whoever sits at the next
	Desk   = "alice-desk"
	Rita   = "rita-laptop" // reads
	Dan    = "dan-laptop"  // reads devices
	Agent  = "dev-agent"   // sees tag:dev alone
	Web    = "web-1"
)

// plan is a kind of devices that differ by their names.
type plan struct {
	owner   string // a short name
	tag     string // without "tag:"
	os      string
	names   []string
	adjusts []adjust
}

// devices are the 60.
func (c *Company) devices() {
	laptops := func(os string, names ...string) {
		for _, name := range names {
			c.add(plan{owner: name, os: os, names: []string{name + "-laptop"}})
		}
	}
	c.add(plan{owner: "alice", tag: "mcp", os: "linux", names: []string{Server}})
	c.add(plan{owner: "alice", os: "linux", names: []string{Alice, Desk}})
	laptops("macOS", "rita")
	laptops("linux", "dan")
	c.add(plan{owner: "alice", tag: "agent", os: "linux", names: []string{Agent}})
	c.add(plan{owner: "kate", tag: "web", os: "linux", names: []string{Web, "web-2"}, adjusts: []adjust{ssh}})
	c.add(plan{owner: "kate", tag: "web", os: "linux", names: []string{"web-3"}, adjusts: []adjust{ssh, old}})
	c.add(plan{owner: "kate", tag: "db", os: "linux", names: []string{"db-1"}, adjusts: []adjust{ssh}})
	c.add(plan{owner: "bob", tag: "db", os: "linux", names: []string{"db-2"}, adjusts: []adjust{ssh, old}})
	c.add(plan{owner: "kate", tag: "backup", os: "linux", names: []string{"backup-1"}})
	c.add(plan{owner: "kate", tag: "router", os: "linux", names: []string{"office-router"}, adjusts: []adjust{
		func(d *Device, _ time.Time) { d.Advertised = []string{"10.40.0.0/16"} },
	}})
	c.add(plan{owner: "kate", tag: "router", os: "linux", names: []string{"lab-router"}, adjusts: []adjust{
		func(d *Device, _ time.Time) {
			d.Advertised, d.Routes = []string{"10.50.0.0/24", "10.51.0.0/24", "10.52.0.0/24"}, []string{"10.50.0.0/24"}
		},
	}})
	c.add(plan{owner: "bob", tag: "ci", os: "linux", names: []string{"build-1", "build-2", "build-3"}})
	c.add(plan{owner: "carol", tag: "dev", os: "linux", names: []string{"dev-1", "dev-2", "dev-3", "dev-4"}, adjusts: []adjust{ssh}})
	c.add(plan{owner: "erin", tag: "dev", os: "linux", names: []string{"dev-5"}, adjusts: []adjust{away(75), old}})
	// The rack has no tags yet: every machine of it is still kate's.
	rack := plan{owner: "kate", os: "linux", adjusts: []adjust{forever, ends(5), ssh}}
	for i := range 12 {
		rack.names = append(rack.names, fmt.Sprintf("rack-%02d", i+1))
	}
	c.add(rack)
	laptops("macOS", "bob", "carol", "erin", "gina", "ines")
	laptops("windows", "olga", "paul", "quinn", "sara", "vera")
	laptops("linux", "kate", "hugo", "dave", "liam", "mona")
	c.add(plan{owner: "jack", os: "windows", names: []string{"jack-laptop"}, adjusts: []adjust{away(130), old}})
	// What people have besides.
	c.add(plan{owner: "bob", os: "iOS", names: []string{"bob-phone"}, adjusts: []adjust{ends(9)}})
	c.add(plan{owner: "carol", os: "android", names: []string{"carol-phone"}, adjusts: []adjust{ends(30), away(3)}})
	c.add(plan{owner: "gina", os: "macOS", names: []string{"gina-mini"}, adjusts: []adjust{unused(40)}})
	c.add(plan{owner: "hugo", os: "windows", names: []string{"hugo-desk"}, adjusts: []adjust{unused(12)}})
	c.add(plan{owner: "tom", os: "iOS", names: []string{"tom-phone"}, adjusts: []adjust{ends(2), away(58)}})
	// The attic.
	c.add(plan{owner: "hugo", os: "linux", names: []string{"attic-pi"}, adjusts: []adjust{away(200), forever, old}})
	c.add(plan{owner: "ines", os: "macOS", names: []string{"old-mac"}, adjusts: []adjust{away(150), ends(-20), old}})
	c.add(plan{owner: "nils", os: "linux", names: []string{"nas-old"}, adjusts: []adjust{away(95), forever}})
	c.add(plan{owner: "uma", os: "android", names: []string{"uma-tablet"}, adjusts: []adjust{away(62), ends(12)}})
	c.add(plan{owner: "xenia", os: "windows", names: []string{"xenia-pc"}, adjusts: []adjust{unused(5), unapproved}})
}

// adjust makes a device different from the others of its plan.
type adjust func(d *Device, now time.Time)

func ssh(d *Device, _ time.Time)        { d.SSH = true }
func old(d *Device, _ time.Time)        { d.Outdated = true }
func forever(d *Device, _ time.Time)    { d.Forever = true }
func unapproved(d *Device, _ time.Time) { d.Approved = false }

// away was last seen days ago; the half day keeps it off every boundary.
func away(days int) adjust {
	return func(d *Device, now time.Time) { d.LastSeen = now.Add(-time.Duration(days)*day - day/2) }
}

// ends has a key that ends in days, or ended so many days ago.
func ends(days int) adjust {
	return func(d *Device, now time.Time) { d.Expires = now.Add(time.Duration(days)*day + day/2) }
}

// unused was registered days ago, and has not been seen since that moment.
func unused(days int) adjust {
	return func(d *Device, now time.Time) {
		d.Created = now.Add(-time.Duration(days)*day - day/2)
		d.LastSeen = d.Created
	}
}

// add makes the devices of a plan.
func (c *Company) add(p plan) {
	for _, name := range p.names {
		n := len(c.Devices)
		d := Device{
			Name: name, ID: fmt.Sprintf("nFake%dCNTRL", n+1), Number: int64(92960230000 + n), IPv4: fmt.Sprintf("100.90.1.%d", n+1),
			Owner: Login(p.owner), OS: p.os, Approved: true,
			Created: c.Now.AddDate(0, 0, -700+9*n), Expires: c.Now.AddDate(0, 0, 40+2*n),
		}
		if p.tag != "" {
			d.Tags, d.Forever = []string{"tag:" + p.tag}, true
		}
		for _, adjust := range p.adjusts {
			adjust(&d, c.Now)
		}
		c.Devices = append(c.Devices, d)
	}
}
