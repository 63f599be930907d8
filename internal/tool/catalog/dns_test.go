// SPDX-License-Identifier: MIT

package catalog

func init() {
	enter(map[string]string{
		"get_dns":               `{}`,
		"set_dns_nameservers":   `{"nameservers":["9.9.9.9"],"confirm":"dns nameservers"}`,
		"set_dns_preferences":   `{"magicDNS":false}`,
		"set_dns_search_paths":  `{"searchPaths":["corp.example.com"],"confirm":"dns search paths"}`,
		"update_split_dns":      `{"domains":[{"domain":"corp.example.com","nameservers":["10.0.0.53"]},{"domain":"other.com","nameservers":[]}]}`,
		"set_dns_configuration": `{"nameservers":[{"address":"9.9.9.9"}],"magicDNS":true,"overrideLocalDNS":false,"confirm":"dns configuration"}`,
	}, map[string]string{
		"tailscale://dns": "tailscale://dns",
	})
}
