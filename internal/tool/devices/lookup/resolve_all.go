// SPDX-License-Identifier: MIT

package lookup

import (
	"context"
	"fmt"
	"strings"

	"tailscale-mcp/internal/failure"
	"tailscale-mcp/internal/tool"
	"tailscale-mcp/internal/tsapi"
)

// ResolveAll returns the devices that names mean, in their order, with all fields: all
// of them or an error that says which names mean none, or more than one. One device
// under two names is refused too: whoever names it twice may mean another.
func ResolveAll(ctx context.Context, api API, names []string) ([]tsapi.Device, error) {
	if len(names) == 1 {
		device, err := Resolve(ctx, api, names[0], true)
		return []tsapi.Device{device}, err
	}
	for _, name := range names {
		if err := nameable(strings.TrimSpace(name)); err != nil {
			return nil, err
		}
	}
	all, err := api.ListDevices(ctx, tsapi.DeviceQuery{AllFields: true})
	if err != nil {
		return nil, err
	}
	found := make([]tsapi.Device, 0, len(names))
	named := map[string]string{}
	var missing, known []string
	for _, name := range names {
		device, err := pick(all, strings.TrimSpace(name), true)
		switch twice, is := named[Key(device)]; {
		case failure.CodeOf(err) == failure.NotFound:
			missing = append(missing, fmt.Sprintf("%q", tool.Clip(name)))
			continue
		case err != nil:
			return nil, err
		case is:
			return nil, tool.Invalidf("give each device once", "%q and %q are the same device", tool.Clip(twice), tool.Clip(name))
		}
		named[Key(device)] = name
		found, known = append(found, device), append(known, fmt.Sprintf("%q", tool.Clip(name)))
	}
	if len(missing) > 0 {
		next := "find their names with list_all_devices"
		if len(known) > 0 {
			next = "leave out what was removed already and correct the rest, with list_all_devices; these are there: " + strings.Join(known, ", ")
		}
		return nil, &tsapi.Error{Code: failure.NotFound, Message: "nothing was changed: no device of the tailnet is called " + strings.Join(missing, " or "), Next: next}
	}
	return found, nil
}
