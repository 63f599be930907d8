// SPDX-License-Identifier: MIT

// Package settings has what this server offers about the settings of the
// tailnet. It imports tool and tailnet; errors of the API pass through with
// their codes.
package settings

import (
	"bytes"
	"context"
	"encoding/json"

	"tailscale-mcp/internal/tailnet"
	"tailscale-mcp/internal/tool"
)

// Tools returns the group.
func Tools(api *tailnet.API) tool.Set {
	return tool.Set{Tools: []tool.Tool{get(api), update(api)}, Resources: []tool.Resource{{
		URI:   "tailscale://tailnet-settings",
		Name:  "tailnet-settings",
		Title: "Tailnet settings",
		Description: "The tailnet's settings: device and user approval, key duration, auto-updates, flow logging, posture identity, HTTPS. " +
			"Fields that the API credential may not read are absent.",
		MIMEType: "application/json",
		Read: func(ctx context.Context, _ string) (string, error) {
			o, err := api.Settings(ctx)
			if err != nil {
				return "", err
			}
			var text bytes.Buffer // however much space the API puts in between
			err = json.Compact(&text, o.Raw())
			return text.String(), err
		},
	}}}
}
