// SPDX-License-Identifier: MIT

package catalog

func init() {
	enter(map[string]string{
		"list_users":    `{}`,
		"set_user_role": `{"user":"bob@example.com","role":"auditor","confirm":"bob@example.com"}`,
		"approve_user":  `{"user":"dave@example.com","confirm":"dave@example.com"}`,
		"restore_user":  `{"user":"carol@example.com","confirm":"carol@example.com"}`,
		"suspend_user":  `{"user":"bob@example.com","confirm":"bob@example.com"}`,
		"delete_user":   `{"user":"123459","confirm":"dave@example.com"}`,
	}, map[string]string{
		"tailscale://users":     "tailscale://users",
		"tailscale://user/{id}": "tailscale://user/bob@example.com",
	})
}
