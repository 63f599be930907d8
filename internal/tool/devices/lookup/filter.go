// SPDX-License-Identifier: MIT

package lookup

import (
	"context"
	"net/url"
	"slices"
	"strings"

	"tailscale-mcp/internal/tool"
	"tailscale-mcp/internal/tsapi"
)

// Filter says which devices are meant. All that is given has to hold; a blank
// text is nothing given.
type Filter struct {
	Name   string   `json:"name,omitempty" jsonschema:"only devices whose MagicDNS name or hostname contains this, such as web; case does not count"`
	OS     string   `json:"os,omitempty" jsonschema:"only devices with this operating system, such as linux, macOS, windows, iOS or android"`
	User   string   `json:"user,omitempty" jsonschema:"only devices registered by this login, such as alice@example.com; tagged ones too"`
	Tags   []string `json:"tags,omitempty" jsonschema:"only devices that have all of these tags, such as tag:web or web"`
	Online *bool    `json:"online,omitempty" jsonschema:"true for devices connected right now, false for the others"`
}

// Find returns the devices that f means. The API filters by what it can compare;
// the rest is done here.
func Find(ctx context.Context, api API, f Filter, allFields bool) ([]tsapi.Device, error) {
	if err := f.Clean(); err != nil {
		return nil, err
	}
	query := tsapi.DeviceQuery{Filters: f.query(), AllFields: allFields}
	found, err := api.ListDevices(ctx, query)
	if err == nil && len(found) == 0 && len(query.Filters) > 0 {
		// The API compares exactly, and "macos" is no system there. That there
		// are no such devices would be the wrong answer.
		query.Filters = nil
		if found, err = api.ListDevices(ctx, query); err == nil {
			found = slices.DeleteFunc(found, func(device tsapi.Device) bool { return !f.fitsInAnyCase(device) })
		}
	}
	if err != nil {
		return nil, err
	}
	part := strings.ToLower(f.Name)
	return slices.DeleteFunc(found, func(device tsapi.Device) bool {
		return f.Online != nil && device.Online() != *f.Online ||
			!strings.Contains(strings.ToLower(device.Name), part) && !strings.Contains(strings.ToLower(device.Hostname), part)
	}), nil
}

// Clean takes away from the filter what means nothing, and refuses what no device
// could have.
func (f *Filter) Clean() error {
	f.Name, f.OS, f.User = strings.TrimSpace(f.Name), strings.TrimSpace(f.OS), strings.TrimSpace(f.User)
	if full, ok := strings.CutSuffix(f.Name, "."); ok && full != "" {
		f.Name = full // a name as DNS writes it
	}
	var tags []string
	for _, tag := range f.Tags {
		if tag = strings.TrimSpace(tag); tag == "" {
			continue
		}
		if !strings.HasPrefix(strings.ToLower(tag), "tag:") {
			tag = "tag:" + tag
		}
		if len(tag) == len("tag:") {
			return tool.Invalidf("give a tag as the listing shows it, such as tag:web", "%q is no tag", tag)
		}
		tags = append(tags, tag)
	}
	f.Tags = slices.Compact(slices.Sorted(slices.Values(tags)))
	// The address of a request has its limits, at the API and on the way there.
	const mostTags, longest = 50, 4096
	if len(f.Tags) > mostTags || len(f.query().Encode()) > longest {
		return tool.Invalidf("give one operating system, one login, and the few tags that a device has", "os, user and tags are too long to be those of a device")
	}
	return nil
}

// query returns the part of the filter that the API filters by.
func (f *Filter) query() url.Values {
	q := url.Values{}
	if f.OS != "" {
		q.Set("os", f.OS)
	}
	if f.User != "" {
		q.Set("user", f.User)
	}
	if len(f.Tags) > 0 {
		q["tags"] = f.Tags
	}
	return q
}

// fitsInAnyCase reports whether a device is one that the API is asked for, but that
// case does not count.
func (f *Filter) fitsInAnyCase(d tsapi.Device) bool {
	return (f.OS == "" || strings.EqualFold(d.OS, f.OS)) &&
		(f.User == "" || strings.EqualFold(d.User, f.User)) &&
		!slices.ContainsFunc(f.Tags, func(tag string) bool {
			return !slices.ContainsFunc(d.Tags, func(has string) bool { return strings.EqualFold(has, tag) })
		})
}
