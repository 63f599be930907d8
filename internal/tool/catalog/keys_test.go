// SPDX-License-Identifier: MIT

package catalog

func init() {
	enter(map[string]string{
		"list_keys":               `{}`,
		"create_auth_key":         `{"description":"ci runner","tags":["tag:build"],"confirm":"ci runner"}`,
		"create_trust_credential": `{"kind":"client","description":"reader","scopes":["devices:core:read"],"confirm":"reader"}`,
		"set_trust_credential":    `{"key":"kClient1CNTRL","scopes":["dns:read"],"confirm":"kClient1CNTRL"}`,
		"delete_key":              `{"key":"kAuth1CNTRL","confirm":"kAuth1CNTRL"}`,
	}, map[string]string{
		"tailscale://keys": "tailscale://keys",
	})
}
