// SPDX-License-Identifier: MIT

package catalog

func init() {
	enter(map[string]string{
		"list_posture_integrations":  `{}`,
		"set_posture_integration":    `{"provider":"kolide","clientSecret":"a-secret"}`,
		"delete_posture_integration": `{"integration":"pFalconDEVEL","confirm":"falcon"}`,
	}, map[string]string{"tailscale://posture-integrations": "tailscale://posture-integrations"})
}
