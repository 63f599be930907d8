// SPDX-License-Identifier: MIT

package catalog

func init() {
	enter(map[string]string{
		"list_all_devices": `{}`,
		"get_device_info":  `{"device":"web-1"}`,
		"set_device_name":  `{"device":"web-1","name":"front"}`,
	}, map[string]string{
		"tailscale://devices":     "tailscale://devices",
		"tailscale://device/{id}": "tailscale://device/web-1",
	})
}
