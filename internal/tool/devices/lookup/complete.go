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
	var names []string
	for _, device := range found {
		for _, name := range []string{Called(device), Key(device)} {
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
	for _, device := range found {
		for _, tag := range device.Tags {
			if strings.HasPrefix(tag, prefix) || strings.HasPrefix(strings.TrimPrefix(tag, "tag:"), prefix) {
				tags = append(tags, tag)
			}
		}
	}
	slices.Sort(tags)
	return slices.Compact(tags), nil
}
