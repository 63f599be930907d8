// SPDX-License-Identifier: MIT

package company

import (
	"fmt"
	"strings"
	"time"
)

// Flow is what a device reported of one connection within a minute.
type Flow struct {
	By       string // name of the device
	Start    time.Time
	Proto    string
	Src, Dst string // ADDRESS:PORT
	Sent     int    // bytes from Src to Dst
	Received int
	Subnet   bool // behind a subnet router
}

// replace has another address stand for a device.
func (f *Flow) replace(before, after string) {
	for _, end := range []*string{&f.Src, &f.Dst} {
		if rest, ok := strings.CutPrefix(*end, before+":"); ok {
			*end = after + ":" + rest
		}
	}
}

// flows are what web-1 reported of the last three hours, every ten minutes, and what db-1
// did at its end of the same connections.
func (c *Company) flows() {
	at := func(name string, port int) string {
		d, err := c.Device(name)
		if err != nil {
			panic(err) // the names stand below
		}
		return fmt.Sprintf("%s:%d", d.IPv4, port)
	}
	for n := 17; n >= 0; n-- {
		start := c.Now.Add(-time.Duration(10*n+5) * time.Minute)
		report := func(by, proto, src, dst string, sent, received int, subnet bool) {
			c.Flows = append(c.Flows, Flow{by, start, proto, src, dst, sent, received, subnet})
		}
		database := [2]string{at(Web, 41000+n), at("db-1", 5432)}
		report(Web, "tcp", database[0], database[1], 40_000+n, 900_000+n, false)
		report("db-1", "tcp", database[1], database[0], 900_000+n, 40_000+n, false)
		report(Web, "tcp", at(Web, 443), at("gina-laptop", 52000+n), 300_000, 12_000, false)
		if n%3 == 0 {
			report(Web, "tcp", at(Web, 443), at("paul-laptop", 53000+n), 50_000, 2_000, false)
		}
		report(Web, "udp", at(Web, 40000+n), "10.40.0.53:53", 120, 240, true)
		report("db-1", "tcp", at("db-1", 5432), at("backup-1", 47000+n), 7_000_000, 30_000, false)
	}
}
