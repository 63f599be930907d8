// SPDX-License-Identifier: MIT

package catalog

func init() {
	enter(map[string]string{
		"list_services":        `{"service":"example","device":"nWeb1CNTRL"}`,
		"set_service":          `{"service":"svc:bare","displayName":"Bare","ports":["tcp:443"],"ipv4":"100.93.49.9"}`,
		"delete_service":       `{"service":"example","confirm":"svc:example"}`,
		"approve_service_host": `{"service":"svc:example","device":"web-2","confirm":"svc:example"}`,
	}, map[string]string{
		"tailscale://services":     "tailscale://services",
		"tailscale://service/{id}": "tailscale://service/svc:example",
	})
}
