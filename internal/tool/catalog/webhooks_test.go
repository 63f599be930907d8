// SPDX-License-Identifier: MIT

package catalog

func init() {
	enter(map[string]string{
		"list_webhooks":         `{}`,
		"create_webhook":        `{"endpointUrl":"https://example.com/new","subscriptions":["nodeCreated","policyUpdate"],"providerType":"slack"}`,
		"update_webhook":        `{"webhook":"123456","subscriptions":["nodeDeleted"]}`,
		"delete_webhook":        `{"webhook":"123456","confirm":"123456"}`,
		"test_webhook":          `{"webhook":"123456"}`,
		"rotate_webhook_secret": `{"webhook":"123456","confirm":"123456"}`,
	}, map[string]string{
		"tailscale://webhooks": "tailscale://webhooks",
	})
}
