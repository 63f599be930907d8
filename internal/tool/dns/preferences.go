// SPDX-License-Identifier: MIT

package dns

import (
	"context"
	"encoding/json"

	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/tool"
)

type preferencesInput struct {
	MagicDNS bool `json:"magicDNS"`
	tool.Confirmation
}

func (d *dns) setPreferences() tool.Tool {
	return tool.New(tool.Definition{
		Name:        "set_dns_preferences",
		Title:       "Turn MagicDNS on or off",
		Group:       group,
		Operations:  []string{"getDnsPreferences", "setDnsPreferences"},
		Class:       grant.Destructive,
		Idempotent:  true,
		Example:     json.RawMessage(`{"magicDNS":false}`),
		Description: "Turns MagicDNS on or off for the whole tailnet. Off, devices are reached by address only; on takes a global nameserver.",
	}, func(ctx context.Context, call tool.Call, in preferencesInput) (changed, error) {
		before, err := d.read(ctx, "getDnsPreferences")
		if err != nil {
			return changed{}, err
		}
		present, err := decode[struct {
			MagicDNS *bool `json:"magicDNS"`
		}]("getDnsPreferences", before)
		if err != nil {
			return changed{}, err
		}
		if !in.MagicDNS && (present.MagicDNS == nil || *present.MagicDNS) {
			const effect = "turns MagicDNS off for the whole tailnet: no device is reached by its name any more, only by its address"
			if err := call.Confirm(in.Confirmation, "dns preferences", effect); err != nil {
				return changed{}, err
			}
		}
		return d.change(ctx, "setDnsPreferences", map[string]bool{"magicDNS": in.MagicDNS}, before)
	})
}
