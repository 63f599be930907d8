// SPDX-License-Identifier: MIT

package lookup

import (
	"context"
	"net/url"
	"slices"
	"strings"
	"time"

	"tailscale-mcp/internal/tool"
	"tailscale-mcp/internal/tool/devices/tags"
	"tailscale-mcp/internal/tsapi"
)

// Filter says which devices are meant. All that is given has to hold; a blank
// text is nothing given.
type Filter struct {
	Name  string   `json:"name,omitempty" jsonschema:"part of the name or hostname"`
	OS    string   `json:"os,omitempty" jsonschema:"such as linux or macOS"`
	Owner string   `json:"owner,omitempty" jsonschema:"login, part of one (bob), or tag; a login's tagged ones too"`
	Tags  []string `json:"tags,omitempty" jsonschema:"all of them, such as tag:web"`
	State
}

// Found are the devices that a filter fits.
type Found struct {
	Devices []tsapi.Device
	// Of is how many the filter was compared with: those that fit all of it but the
	// state, or all there are where none does.
	Of int
}

// Find returns the devices that f means. The API filters by what it can compare;
// the rest is done here. A system, owner or tag that no device has is an error that
// names those there are: that there are no such devices would be the wrong answer to a
// name that is written otherwise.
func Find(ctx context.Context, api API, f Filter, allFields bool) (Found, error) {
	if err := f.Clean(); err != nil {
		return Found{}, err
	}
	query := tsapi.DeviceQuery{Filters: f.query(), AllFields: allFields}
	found, err := api.ListDevices(ctx, query)
	if err == nil && len(found) == 0 && len(query.Filters) > 0 {
		// The API compares exactly, and "macos" is no system there.
		query.Filters = nil
		found, err = api.ListDevices(ctx, query)
	}
	if err != nil {
		return Found{}, err
	}
	all := len(found)
	if len(query.Filters) == 0 && all > 0 {
		if err := f.among(found); err != nil {
			return Found{}, err
		}
		found = slices.DeleteFunc(found, func(device tsapi.Device) bool { return !f.fitsInAnyCase(device) })
	}
	part := strings.ToLower(f.Name)
	found = slices.DeleteFunc(found, func(device tsapi.Device) bool {
		return !strings.Contains(strings.ToLower(device.Name), part) && !strings.Contains(strings.ToLower(device.Hostname), part)
	})
	of := len(found)
	if of == 0 {
		of = all
	}
	now := time.Now()
	return Found{slices.DeleteFunc(found, func(device tsapi.Device) bool { return !f.State.fits(device, now) }), of}, nil
}

// Clean takes away from the filter what means nothing, and refuses what no device
// could have.
func (f *Filter) Clean() error {
	f.Name, f.OS, f.Owner = strings.TrimSpace(f.Name), strings.TrimSpace(f.OS), strings.TrimSpace(f.Owner)
	if full, ok := strings.CutSuffix(f.Name, "."); ok && full != "" {
		f.Name = full // a name as DNS writes it
	}
	given := slices.DeleteFunc(slices.Clone(f.Tags), func(tag string) bool { return strings.TrimSpace(tag) == "" })
	if strings.HasPrefix(strings.ToLower(f.Owner), "tag:") {
		given, f.Owner = append(given, f.Owner), "" // tags own what they are on
	}
	all, err := tags.NormalAll(given)
	if err != nil {
		return err
	}
	f.Tags = all
	// The address of a request has its limits, at the API and on the way there.
	const mostTags, longest = 50, 4096
	if len(f.Tags) > mostTags || len(f.Owner) > longest || len(f.query().Encode()) > longest {
		return tool.Invalidf("give one operating system, one owner, and the few tags that a device has", "os, owner and tags are too long to be those of a device")
	}
	return nil
}

// query returns the part of the filter that the API filters by: nothing where only all
// logins tell whose a part it is.
func (f *Filter) query() url.Values {
	q := url.Values{}
	switch {
	case strings.Contains(f.Owner, "@"):
		q.Set("user", f.Owner)
	case f.Owner != "":
		return nil
	}
	if f.OS != "" {
		q.Set("os", f.OS)
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
		(f.Owner == "" || strings.EqualFold(d.User, f.Owner)) &&
		!slices.ContainsFunc(f.Tags, func(tag string) bool { return !hasTag(d, tag) })
}

func hasTag(d tsapi.Device, tag string) bool {
	return slices.ContainsFunc(d.Tags, func(has string) bool { return strings.EqualFold(has, tag) })
}
