// SPDX-License-Identifier: MIT

package catalog

func init() {
	enter(map[string]string{
		"get_contacts": `{}`,
		"set_contact":  `{"contact":"security","email":"new@example.com"}`,
	}, map[string]string{
		"tailscale://contacts": "tailscale://contacts",
	})
}
