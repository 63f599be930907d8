// SPDX-License-Identifier: MIT

// Package company is the tailnet that make assistant asks about: 25 people, 60 devices, a
// policy file of 119 lines, keys, invitations, webhooks, split DNS, and what the logs have
// of the last weeks. It is data only: who plays it enters it into a fake of the Tailscale
// API, and what is to be answered is computed from it.
//
// Times are relative to the moment that it is made for, and half a day off every boundary
// that anybody asks about.
package company

import (
	"fmt"
	"time"
)

// Company is everything there is.
type Company struct {
	Now      time.Time
	People   []Person
	Devices  []Device
	Policy   Policy // as it is now
	Changes  []Change
	Keys     []Key
	Invites  []Invite
	Webhooks []Webhook
	DNS      DNS
	Flows    []Flow
}

// New makes the company, for a moment and the port that its server is called on.
func New(now time.Time, port int) (*Company, error) {
	c := &Company{Now: now.UTC().Truncate(time.Second)}
	c.People = people(c.Now)
	c.devices()
	c.credentials()
	c.flows()
	return c, c.policies(port)
}

// Adopt gives a device the ID and address that it really has.
func (c *Company) Adopt(name, id, ipv4 string) error {
	d, err := c.Device(name)
	if err != nil {
		return err
	}
	before := d.IPv4
	d.ID, d.IPv4 = id, ipv4
	for i := range c.Flows {
		f := &c.Flows[i]
		f.replace(before, ipv4)
	}
	return nil
}

// Device is the device of a name.
func (c *Company) Device(name string) (*Device, error) {
	for i := range c.Devices {
		if c.Devices[i].Name == name {
			return &c.Devices[i], nil
		}
	}
	return nil, fmt.Errorf("the company has no device %q", name)
}

// Person is the person of a login.
func (c *Company) Person(login string) (Person, error) {
	for _, p := range c.People {
		if p.Login == login {
			return p, nil
		}
	}
	return Person{}, fmt.Errorf("nobody in the company is %q", login)
}
