// SPDX-License-Identifier: MIT

package catalog

func init() {
	enter(map[string]string{
		"list_oauth_apps":  `{}`,
		"set_oauth_app":    `{"name":"my-oauth-app","redirectURIs":["https://example.com/oauth/callback"],"scopes":["auth_keys:create"],"confirm":"my-oauth-app"}`,
		"delete_oauth_app": `{"app":"aDev1CNTRL","confirm":"dev-tool"}`,
	}, map[string]string{
		"tailscale://oauth-apps": "tailscale://oauth-apps",
	})
}
