// SPDX-License-Identifier: MIT

package company_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"tailscale-mcp/internal/testbed/assistant/company"
)

// The company has the size that the figures of before were measured with, and fits
// together.
func TestCompany(t *testing.T) {
	c, err := company.New(time.Now(), 8080)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Count(c.Policy.Text, "\n")
	if len(c.People) != 25 || len(c.Devices) != 60 || lines != 119 || len(c.Keys) != 6 || len(c.Invites) != 3 || len(c.Webhooks) != 2 {
		t.Errorf("got %d people, %d devices, %d lines of policy, %d keys, %d invitations, %d webhooks", len(c.People), len(c.Devices), lines, len(c.Keys), len(c.Invites), len(c.Webhooks))
	}
	for _, d := range c.Devices {
		if _, err := c.Person(d.Owner); err != nil {
			t.Errorf("%s: %v", d.Name, err)
		}
		if n := slices.IndexFunc(c.Devices, func(o company.Device) bool { return o.Name == d.Name || o.IPv4 == d.IPv4 }); c.Devices[n].ID != d.ID {
			t.Errorf("%s has the name or address of another", d.Name)
		}
		for _, tag := range d.Tags {
			if c.Policy.TagOwners[tag] == nil {
				t.Errorf("%s has %s, which nobody may give", d.Name, tag)
			}
		}
	}
	for group, members := range c.Policy.Groups {
		for _, login := range members {
			if _, err := c.Person(login); err != nil {
				t.Errorf("%s: %v", group, err)
			}
		}
	}
	for i, change := range c.Changes {
		if i > 0 && (change.Before != c.Changes[i-1].After || !change.At.After(c.Changes[i-1].At)) {
			t.Errorf("change %d does not follow the one before it", i)
		}
		if _, err := company.ReadPolicy(change.Before); err != nil {
			t.Errorf("change %d: %v", i, err)
		}
	}
	if last := c.Changes[len(c.Changes)-1]; last.After != c.Policy.Text {
		t.Error("the last change does not end in the file that there is")
	}
}
