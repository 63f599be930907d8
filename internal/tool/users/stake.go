// SPDX-License-Identifier: MIT

package users

import (
	"context"
	"fmt"
	"net/url"

	"tailscale-mcp/internal/tsapi"
)

// stake continues the effect of a change that takes a user's access away: its role,
// whether it is connected now, and its devices. The devices are left out when the API
// credential may not read them: the change does not depend on them.
func (u *users) stake(ctx context.Context, before tsapi.Object) string {
	effect := ""
	if n, ok := before.Field("deviceCount"); ok {
		effect += fmt.Sprintf("; number of devices: %.20s", n)
	}
	if role := before.Text("role"); role != "" {
		effect += fmt.Sprintf("; its role is %.40q", role)
	}
	if connected, _ := before.Field("currentlyConnected"); string(connected) == "true" {
		effect += "; it is connected now"
	}
	login := before.Text("loginName")
	if login == "" {
		return effect
	}
	devices, err := u.api.ListDevices(ctx, tsapi.DeviceQuery{Filters: url.Values{"user": {login}}})
	if err != nil {
		return effect + "; which devices it has could not be read"
	}
	var own, tagged counted
	for _, d := range devices {
		if len(d.Tags) > 0 {
			tagged.add(d)
		} else {
			own.add(d)
		}
	}
	effect += "; devices of its own: " + own.String()
	if tagged.all > 0 {
		effect += "; devices that it registered and that belong to their tags instead: " + tagged.String()
	}
	return effect
}

// counted is a number of devices, and how many of them are online.
type counted struct{ all, online int }

func (c *counted) add(d tsapi.Device) {
	c.all++
	if d.Online() {
		c.online++
	}
}

func (c *counted) String() string { return fmt.Sprintf("%d, online now: %d", c.all, c.online) }
