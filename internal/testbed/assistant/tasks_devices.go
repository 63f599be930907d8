// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"fmt"
	"slices"

	"tailscale-mcp/internal/testbed/assistant/company"
	"tailscale-mcp/internal/testbed/assistant/expect"
)

// listed is an answer of list_all_devices.
type listed struct {
	Total      int
	Devices    []shown
	NextCursor string
}

// devicesAre asks for devices by one filter and expects exactly some.
func devicesAre(ctx context.Context, a *assistant, filter object, want []string) (listed, error) {
	var got listed
	if err := a.read(ctx, "list_all_devices", filter, &got); err != nil {
		return got, err
	}
	if got.NextCursor != "" {
		return got, fmt.Errorf("the list of %d devices has a second page", got.Total)
	}
	return got, same("the devices", labels(got.Devices), want)
}

// deviceTasks ask about many devices.
func deviceTasks() []task {
	return []task{
		{1, "offline over 60 days, with owner", "Which devices have been offline for more than 60 days, and whose are they?", figures{"1", "2.3 kB", 1}, 1, offline},
		{2, "keys that end within 14 days", "Which keys end within the next 14 days, of devices and of the tailnet?", figures{"2", "8.8 kB", 2}, 1, ending},
		{12, "outdated clients", "Which devices run an outdated client?", figures{"1", "8.1 kB", 1}, 1, outdated},
		{22, "two or more devices, one never used", "Who has two or more devices of which one was never used?", figures{"2", "13.3 kB", 2}, 1, hoarders},
	}
}

func offline(ctx context.Context, t *try) error {
	got, err := devicesAre(ctx, t.alice(), object{"offlineDays": 60}, expect.Offline(t.company, 60))
	if err != nil {
		return err
	}
	for _, d := range got.Devices {
		want, err := t.company.Device(label(d.Name))
		if err != nil {
			return err
		}
		if owner := owner(d); owner != want.Owner && !slices.Contains(want.Tags, owner) {
			return fmt.Errorf("%s is said to be %s's, and is %s's or %v", d.Name, owner, want.Owner, want.Tags)
		}
		if err := has("when "+d.Name+" was last seen", d.LastSeen, on(want.LastSeen)); err != nil {
			return err
		}
	}
	return nil
}

// owner is whose a device is by an answer: a tag's or a login's.
func owner(d shown) string {
	if len(d.Tags) > 0 {
		return d.Tags[0]
	}
	return d.User
}

func ending(ctx context.Context, t *try) error {
	devices, keys := expect.Ending(t.company, 14)
	ended := expect.Names(t.company, func(d company.Device) bool { return !d.Forever && d.Expires.Before(t.company.Now) })
	all, err := devicesAre(ctx, t.alice(), object{"keyExpiresWithinDays": 14}, append(slices.Clone(devices), ended...))
	if err != nil {
		return err
	}
	for _, d := range all.Devices {
		// What has ended is told apart by its time.
		want, err := t.company.Device(label(d.Name))
		if err != nil {
			return err
		}
		if err := has("when the key of "+d.Name+" ends", d.Expires, on(want.Expires)); err != nil {
			return err
		}
	}
	var got struct{ Keys []struct{ ID string } }
	if err := t.alice().read(ctx, "list_keys", object{"expiringWithinDays": 14}, &got); err != nil {
		return err
	}
	var ids []string
	for _, k := range got.Keys {
		ids = append(ids, k.ID)
	}
	return same("the keys", ids, keys)
}

func outdated(ctx context.Context, t *try) error {
	_, err := devicesAre(ctx, t.alice(), object{"outdated": true}, expect.Outdated(t.company))
	return err
}

// hoarders are those in the list of what was never used who have another device.
func hoarders(ctx context.Context, t *try) error {
	got, err := devicesAre(ctx, t.alice(), object{"neverUsed": true}, expect.Unused(t.company))
	if err != nil {
		return err
	}
	var logins []string
	for _, d := range got.Devices {
		if login := owner(d); !slices.Contains(logins, login) {
			logins = append(logins, login)
		}
	}
	own, err := devicesAre(ctx, t.alice(), object{"untagged": true, "fields": []string{"name", "user"}}, expect.Names(t.company, func(d company.Device) bool { return len(d.Tags) == 0 }))
	if err != nil {
		return err
	}
	counts := map[string]int{}
	for _, d := range own.Devices {
		counts[d.User]++
	}
	logins = slices.DeleteFunc(logins, func(login string) bool { return counts[login] < 2 })
	return same("the people", logins, expect.Hoarders(t.company))
}
