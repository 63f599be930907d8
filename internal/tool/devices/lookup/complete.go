// SPDX-License-Identifier: MIT

package lookup

import (
	"context"
	"slices"
	"strings"
)

// Complete offers the names of the devices that begin with prefix, and the node IDs
// of others that do.
func Complete(ctx context.Context, api API, prefix string) ([]string, error) {
	found, err := Find(ctx, api, Filter{}, false)
	if err != nil {
		return nil, err
	}
	bearers := map[string]int{} // of the names that the tailnet's own devices have
	for _, device := range found.Devices {
		if short, host := strings.ToLower(Short(device.Name)), strings.ToLower(device.Hostname); !device.IsExternal {
			bearers[short]++
			if host != short {
				bearers[host]++
			}
		}
	}
	var names []string
	for _, device := range found.Devices {
		called := Called(device)
		if bearers[strings.ToLower(called)] > 1 {
			called = device.Name // the short one means another, too
		}
		for _, name := range []string{called, Key(device)} {
			if len(name) >= len(prefix) && strings.EqualFold(name[:len(prefix)], prefix) {
				names = append(names, name)
				break
			}
		}
	}
	slices.Sort(names)
	return slices.Compact(names), nil
}

// CompleteTag offers the tags that devices have, also for a beginning without tag:.
func CompleteTag(ctx context.Context, api API, prefix string) ([]string, error) {
	found, err := Find(ctx, api, Filter{}, false)
	if err != nil {
		return nil, err
	}
	prefix = strings.ToLower(prefix)
	var tags []string
	for _, device := range found.Devices {
		for _, tag := range device.Tags {
			if strings.HasPrefix(tag, prefix) || strings.HasPrefix(strings.TrimPrefix(tag, "tag:"), prefix) {
				tags = append(tags, tag)
			}
		}
	}
	slices.Sort(tags)
	return slices.Compact(tags), nil
}
