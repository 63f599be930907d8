// SPDX-License-Identifier: MIT

package tsapi

import (
	"context"
)

// Settings returns the settings of the tailnet. The fields for networking, flow
// logs and the policy file are there only if the credential has the scopes
// networking_settings:read, logs:network:read and policy_file:read.
//
// https://tailscale.com/api#tag/tailnetsettings/GET/tailnet/{tailnet}/settings
func (a *API) Settings(ctx context.Context) (Object, error) {
	return a.Object(ctx, Request{Op: "getTailnetSettings"})
}
