// SPDX-License-Identifier: MIT

package catalog

func init() {
	enter(map[string]string{
		"get_settings":    `{}`,
		"update_settings": `{"devicesApprovalOn":true,"devicesKeyDurationDays":90,"confirm":"settings"}`,
	}, map[string]string{
		"tailscale://tailnet-settings": "tailscale://tailnet-settings",
	})
}
