// SPDX-License-Identifier: MIT

package catalog

func init() {
	enter(map[string]string{
		"list_all_devices":         `{}`,
		"get_device_info":          `{"device":"web-1"}`,
		"set_device_name":          `{"device":"web-1","name":"front"}`,
		"set_device_routes":        `{"device":"web-1","routes":["10.0.0.0/16"],"confirm":"web-1"}`,
		"authorize_device":         `{"device":"web-1","confirm":"web-1"}`,
		"set_device_tags":          `{"device":"web-1","tags":["web"],"confirm":"web-1"}`,
		"set_device_key_expiry":    `{"device":"web-1","expires":false,"confirm":"web-1"}`,
		"set_device_ip":            `{"device":"web-1","ipv4":"100.64.0.99","confirm":"web-1"}`,
		"expire_device_key":        `{"device":"web-1","confirm":"web-1"}`,
		"delete_device":            `{"device":"web-1","confirm":"web-1"}`,
		"update_device_attributes": `{"devices":["web-1"],"attributes":[{"key":"custom:tier","text":"gold"}],"confirm":"web-1"}`,
	}, map[string]string{
		"tailscale://devices":                "tailscale://devices",
		"tailscale://tag/{tag}":              "tailscale://tag/tag:web",
		"tailscale://device/{id}":            "tailscale://device/web-1",
		"tailscale://device-routes/{id}":     "tailscale://device-routes/web-1",
		"tailscale://device-attributes/{id}": "tailscale://device-attributes/web-1",
	})
}
