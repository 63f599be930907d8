// SPDX-License-Identifier: MIT

package catalog

// Unoffered are the operations that no tool reaches, with the reason.
var Unoffered = map[string]string{
	"setSplitDns":               "update_split_dns changes domains one by one, and set_dns_configuration replaces the map together with the rest",
	"acceptDeviceInvite":        "it needs a person's own token and a bearer link, which has no place in a conversation: the person opens the link",
	"createOrganizationTailnet": "it answers with an OAuth client of the scope all for another tailnet: whoever reads the conversation would own that tailnet",
	"deleteTailnet":             "it removes every user, device and setting for ever: the admin console asks for it properly",
}
