// SPDX-License-Identifier: MIT

package catalog

func init() {
	enter(map[string]string{
		"list_invites":          `{"device":"web-1"}`,
		"create_device_invites": `{"device":"web-1","confirm":"web-1"}`,
		"create_user_invites":   `{"emails":["new@example.org"],"confirm":"new@example.org"}`,
		"delete_invite":         `{"kind":"device","invite":"12345","confirm":"12345"}`,
		"resend_invite":         `{"kind":"device","invite":"12345"}`,
	}, nil)
}
