// SPDX-License-Identifier: MIT

package tsapi

import (
	"fmt"
	"net/http"
)

// operations are all operations of the API document (https://tailscale.com/api), in
// its order. A test compares them with the document's table.
var operations = []operation{
	{id: "listTailnetDevices", method: http.MethodGet, path: "/tailnet/{tailnet}/devices", scope: "devices:core:read", most: 32 << 20},
	{id: "batchUpdateCustomDevicePostureAttributes", method: http.MethodPatch, path: "/tailnet/{tailnet}/device-attributes", scope: "devices:posture_attributes", changes: true, empty: true},
	{id: "getDevice", method: http.MethodGet, path: "/device/{deviceId}", scope: "devices:core:read", subject: "device"},
	{id: "deleteDevice", method: http.MethodDelete, path: "/device/{deviceId}", scope: "devices:core", subject: "device", changes: true, empty: true},
	{id: "expireDeviceKey", method: http.MethodPost, path: "/device/{deviceId}/expire", scope: "devices:core", subject: "device", changes: true, empty: true},
	{id: "listDeviceRoutes", method: http.MethodGet, path: "/device/{deviceId}/routes", scope: "devices:routes:read", subject: "device"},
	{id: "setDeviceRoutes", method: http.MethodPost, path: "/device/{deviceId}/routes", scope: "devices:routes", subject: "device", changes: true},
	{id: "authorizeDevice", method: http.MethodPost, path: "/device/{deviceId}/authorized", scope: "devices:core", subject: "device", changes: true, empty: true},
	{id: "setDeviceName", method: http.MethodPost, path: "/device/{deviceId}/name", scope: "devices:core", subject: "device", changes: true, empty: true},
	{id: "setDeviceTags", method: http.MethodPost, path: "/device/{deviceId}/tags", scope: "devices:core", subject: "device", changes: true, empty: true},
	{id: "updateDeviceKey", method: http.MethodPost, path: "/device/{deviceId}/key", scope: "devices:core", subject: "device", changes: true, empty: true},
	{id: "setDeviceIp", method: http.MethodPost, path: "/device/{deviceId}/ip", scope: "devices:core", subject: "device", changes: true, empty: true},
	{id: "getDevicePostureAttributes", method: http.MethodGet, path: "/device/{deviceId}/attributes", scope: "devices:posture_attributes:read", subject: "device"},
	{id: "setCustomDevicePostureAttributes", method: http.MethodPost, path: "/device/{deviceId}/attributes/{attributeKey}", scope: "devices:posture_attributes", subject: "device", changes: true},
	{id: "deleteCustomDevicePostureAttributes", method: http.MethodDelete, path: "/device/{deviceId}/attributes/{attributeKey}", scope: "devices:posture_attributes", subject: "device", changes: true, empty: true},
	{id: "listDeviceInvites", method: http.MethodGet, path: "/device/{deviceId}/device-invites", scope: "device_invites:read", subject: "device"},
	{id: "createDeviceInvites", method: http.MethodPost, path: "/device/{deviceId}/device-invites", subject: "device", changes: true},
	{id: "getDeviceInvite", method: http.MethodGet, path: "/device-invites/{deviceInviteId}", scope: "device_invites:read", subject: "device invite"},
	{id: "deleteDeviceInvite", method: http.MethodDelete, path: "/device-invites/{deviceInviteId}", scope: "device_invites", subject: "device invite", changes: true, empty: true},
	{id: "resendDeviceInvite", method: http.MethodPost, path: "/device-invites/{deviceInviteId}/resend", subject: "device invite", changes: true, empty: true},
	{id: "acceptDeviceInvite", method: http.MethodPost, path: "/device-invites/-/accept", changes: true},
	{id: "listUserInvites", method: http.MethodGet, path: "/tailnet/{tailnet}/user-invites"},
	{id: "createUserInvites", method: http.MethodPost, path: "/tailnet/{tailnet}/user-invites", changes: true},
	{id: "getUserInvite", method: http.MethodGet, path: "/user-invites/{userInviteId}", subject: "user invite"},
	{id: "deleteUserInvite", method: http.MethodDelete, path: "/user-invites/{userInviteId}", subject: "user invite", changes: true, empty: true},
	{id: "resendUserInvite", method: http.MethodPost, path: "/user-invites/{userInviteId}/resend", subject: "user invite", changes: true, empty: true},
	{id: "listConfigurationAuditLogs", method: http.MethodGet, path: "/tailnet/{tailnet}/logging/configuration", scope: "logs:configuration:read"},
	{id: "listNetworkFlowLogs", method: http.MethodGet, path: "/tailnet/{tailnet}/logging/network", scope: "logs:network:read"},
	{id: "getLogStreamingStatus", method: http.MethodGet, path: "/tailnet/{tailnet}/logging/{logType}/stream/status", scope: "log_streaming:read", subject: "log type"},
	{id: "getLogStreamingConfiguration", method: http.MethodGet, path: "/tailnet/{tailnet}/logging/{logType}/stream", scope: "log_streaming:read", subject: "log type"},
	{id: "setLogStreamingConfiguration", method: http.MethodPut, path: "/tailnet/{tailnet}/logging/{logType}/stream", scope: "log_streaming", subject: "log type", changes: true, empty: true},
	{id: "disableLogStreaming", method: http.MethodDelete, path: "/tailnet/{tailnet}/logging/{logType}/stream", scope: "log_streaming", subject: "log type", changes: true, empty: true},
	{id: "getAwsExternalId", method: http.MethodPost, path: "/tailnet/{tailnet}/aws-external-id", scope: "log_streaming", changes: true},
	{id: "validateAwsExternalId", method: http.MethodPost, path: "/tailnet/{tailnet}/aws-external-id/{id}/validate-aws-trust-policy", scope: "log_streaming", subject: "AWS external ID", empty: true},
	{id: "listDnsNameservers", method: http.MethodGet, path: "/tailnet/{tailnet}/dns/nameservers", scope: "dns:read"},
	{id: "setDnsNameservers", method: http.MethodPost, path: "/tailnet/{tailnet}/dns/nameservers", scope: "dns", changes: true},
	{id: "getDnsPreferences", method: http.MethodGet, path: "/tailnet/{tailnet}/dns/preferences", scope: "dns:read"},
	{id: "setDnsPreferences", method: http.MethodPost, path: "/tailnet/{tailnet}/dns/preferences", scope: "dns", changes: true},
	{id: "listDnsSearchPaths", method: http.MethodGet, path: "/tailnet/{tailnet}/dns/searchpaths", scope: "dns:read"},
	{id: "setDnsSearchPaths", method: http.MethodPost, path: "/tailnet/{tailnet}/dns/searchpaths", scope: "dns", changes: true},
	{id: "getSplitDns", method: http.MethodGet, path: "/tailnet/{tailnet}/dns/split-dns", scope: "dns:read"},
	{id: "updateSplitDns", method: http.MethodPatch, path: "/tailnet/{tailnet}/dns/split-dns", scope: "dns", changes: true},
	{id: "setSplitDns", method: http.MethodPut, path: "/tailnet/{tailnet}/dns/split-dns", scope: "dns", changes: true},
	{id: "getDnsConfiguration", method: http.MethodGet, path: "/tailnet/{tailnet}/dns/configuration", scope: "dns:read"},
	{id: "setDnsConfiguration", method: http.MethodPost, path: "/tailnet/{tailnet}/dns/configuration", scope: "dns", changes: true},
	{id: "listTailnetKeys", method: http.MethodGet, path: "/tailnet/{tailnet}/keys", scope: "api_access_tokens:read | auth_keys:read | oauth_keys:read | federated_keys:read"},
	{id: "createKey", method: http.MethodPost, path: "/tailnet/{tailnet}/keys", scope: "auth_keys | oauth_keys | federated_keys", changes: true},
	{id: "getKey", method: http.MethodGet, path: "/tailnet/{tailnet}/keys/{keyId}", scope: "api_access_tokens:read | auth_keys:read | oauth_keys:read | federated_keys:read", subject: "key"},
	{id: "deleteKey", method: http.MethodDelete, path: "/tailnet/{tailnet}/keys/{keyId}", scope: "api_access_tokens | auth_keys | oauth_keys | federated_keys", subject: "key", changes: true, empty: true},
	{id: "setKey", method: http.MethodPut, path: "/tailnet/{tailnet}/keys/{keyId}", scope: "oauth_keys | federated_keys", subject: "key", changes: true},
	{id: "getPolicyFile", method: http.MethodGet, path: "/tailnet/{tailnet}/acl", scope: "policy_file:read"},
	{id: "setPolicyFile", method: http.MethodPost, path: "/tailnet/{tailnet}/acl", scope: "policy_file", changes: true},
	{id: "previewRuleMatches", method: http.MethodPost, path: "/tailnet/{tailnet}/acl/preview", scope: "policy_file:read"},
	{id: "validateAndTestPolicyFile", method: http.MethodPost, path: "/tailnet/{tailnet}/acl/validate", scope: "policy_file:read"},
	{id: "getPostureIntegrations", method: http.MethodGet, path: "/tailnet/{tailnet}/posture/integrations", scope: "feature_settings:read"},
	{id: "createPostureIntegration", method: http.MethodPost, path: "/tailnet/{tailnet}/posture/integrations", scope: "feature_settings", changes: true},
	{id: "getPostureIntegration", method: http.MethodGet, path: "/posture/integrations/{id}", scope: "feature_settings:read", subject: "posture integration"},
	{id: "updatePostureIntegration", method: http.MethodPatch, path: "/posture/integrations/{id}", scope: "feature_settings", subject: "posture integration", changes: true},
	{id: "deletePostureIntegration", method: http.MethodDelete, path: "/posture/integrations/{id}", scope: "feature_settings", subject: "posture integration", changes: true, empty: true},
	{id: "listUsers", method: http.MethodGet, path: "/tailnet/{tailnet}/users", scope: "users:read"},
	{id: "getUser", method: http.MethodGet, path: "/users/{userId}", scope: "users:read", subject: "user"},
	{id: "updateUserRole", method: http.MethodPost, path: "/users/{userId}/role", scope: "users", subject: "user", changes: true, empty: true},
	{id: "approveUser", method: http.MethodPost, path: "/users/{userId}/approve", scope: "users", subject: "user", changes: true, empty: true},
	{id: "suspendUser", method: http.MethodPost, path: "/users/{userId}/suspend", scope: "users", subject: "user", changes: true, empty: true},
	{id: "restoreUser", method: http.MethodPost, path: "/users/{userId}/restore", scope: "users", subject: "user", changes: true, empty: true},
	{id: "deleteUser", method: http.MethodPost, path: "/users/{userId}/delete", scope: "users", subject: "user", changes: true, empty: true},
	{id: "getContacts", method: http.MethodGet, path: "/tailnet/{tailnet}/contacts", scope: "account_settings:read"},
	{id: "updateContact", method: http.MethodPatch, path: "/tailnet/{tailnet}/contacts/{contactType}", scope: "account_settings", subject: "contact", changes: true, empty: true},
	{id: "resendContactVerificationEmail", method: http.MethodPost, path: "/tailnet/{tailnet}/contacts/{contactType}/resend-verification-email", scope: "account_settings", subject: "contact", changes: true, empty: true},
	{id: "listWebhooks", method: http.MethodGet, path: "/tailnet/{tailnet}/webhooks", scope: "webhooks:read"},
	{id: "createWebhook", method: http.MethodPost, path: "/tailnet/{tailnet}/webhooks", scope: "webhooks", changes: true},
	{id: "getWebhook", method: http.MethodGet, path: "/webhooks/{endpointId}", scope: "webhooks:read", subject: "webhook"},
	{id: "updateWebhook", method: http.MethodPatch, path: "/webhooks/{endpointId}", scope: "webhooks", subject: "webhook", changes: true},
	{id: "deleteWebhook", method: http.MethodDelete, path: "/webhooks/{endpointId}", scope: "webhooks", subject: "webhook", changes: true, empty: true},
	{id: "testWebhook", method: http.MethodPost, path: "/webhooks/{endpointId}/test", scope: "webhooks", subject: "webhook", changes: true, empty: true},
	{id: "rotateWebhookSecret", method: http.MethodPost, path: "/webhooks/{endpointId}/rotate", scope: "webhooks", subject: "webhook", changes: true},
	{id: "getTailnetSettings", method: http.MethodGet, path: "/tailnet/{tailnet}/settings", scope: "feature_settings:read"},
	{id: "updateTailnetSettings", method: http.MethodPatch, path: "/tailnet/{tailnet}/settings", scope: "feature_settings", changes: true},
	{id: "listServices", method: http.MethodGet, path: "/tailnet/{tailnet}/services", scope: "services:read"},
	{id: "getService", method: http.MethodGet, path: "/tailnet/{tailnet}/services/{serviceName}", scope: "services:read", subject: "Service"},
	{id: "updateService", method: http.MethodPut, path: "/tailnet/{tailnet}/services/{serviceName}", scope: "services", subject: "Service", changes: true},
	{id: "deleteService", method: http.MethodDelete, path: "/tailnet/{tailnet}/services/{serviceName}", scope: "services", subject: "Service", changes: true, empty: true},
	{id: "listServiceHosts", method: http.MethodGet, path: "/tailnet/{tailnet}/services/{serviceName}/devices", scope: "services + devices:core", subject: "Service"},
	{id: "getServiceDeviceApproval", method: http.MethodGet, path: "/tailnet/{tailnet}/services/{serviceName}/device/{deviceId}/approved", scope: "services + devices:core", subject: "Service"},
	{id: "updateServiceDeviceApproval", method: http.MethodPost, path: "/tailnet/{tailnet}/services/{serviceName}/device/{deviceId}/approved", scope: "services + devices:core", subject: "Service", changes: true},
	{id: "listOAuthApps", method: http.MethodGet, path: "/tailnet/{tailnet}/oauth-apps", scope: "oauth_apps:read"},
	{id: "createOAuthApp", method: http.MethodPost, path: "/tailnet/{tailnet}/oauth-apps", scope: "oauth_apps", changes: true},
	{id: "getOAuthApp", method: http.MethodGet, path: "/tailnet/{tailnet}/oauth-apps/{appId}", scope: "oauth_apps:read", subject: "OAuth app"},
	{id: "updateOAuthApp", method: http.MethodPut, path: "/tailnet/{tailnet}/oauth-apps/{appId}", scope: "oauth_apps", subject: "OAuth app", changes: true},
	{id: "deleteOAuthApp", method: http.MethodDelete, path: "/tailnet/{tailnet}/oauth-apps/{appId}", scope: "oauth_apps", subject: "OAuth app", changes: true, empty: true},
	{id: "listOrganizationTailnets", method: http.MethodGet, path: "/organizations/{organization}/tailnets", scope: "tailnets:read", subject: "organization"},
	{id: "createOrganizationTailnet", method: http.MethodPost, path: "/organizations/{organization}/tailnets", scope: "tailnets", subject: "organization", changes: true},
	{id: "deleteTailnet", method: http.MethodDelete, path: "/tailnet/{tailnet}", scope: "all", changes: true, empty: true},
}

// operationOf returns the operation of that ID. One that does not exist is a
// programmer's error and panics; a test calls every tool.
func operationOf(id string) *operation {
	for i := range operations {
		if operations[i].id == id {
			return &operations[i]
		}
	}
	panic(fmt.Sprintf("the API has no operation %q", id))
}

// Operation describes one operation of the API document.
type Operation struct {
	// ID is its operationId.
	ID string
	// Method and Path address it; the path is relative to /api/v2.
	Method, Path string
	// Scope is what a scoped token needs: "a + b" is both, "a | b" one of them,
	// by what is asked for. It is empty where the document states none.
	Scope string
	// Changes is set when the operation changes something.
	Changes bool
}

// Operations returns every operation of the API document, in its order.
func Operations() []Operation {
	all := make([]Operation, 0, len(operations))
	for _, op := range operations {
		all = append(all, Operation{op.id, op.method, op.path, op.scope, op.changes})
	}
	return all
}
