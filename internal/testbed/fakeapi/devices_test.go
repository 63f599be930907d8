// SPDX-License-Identifier: MIT

package fakeapi

import "testing"

func devicesAnswers(t *testing.T, s *Server) map[string][]string {
	s.SetDevices([]Device{{NodeID: "nOneCNTRL", Details: &Details{AdvertisedRoutes: []string{"10.0.0.0/16", "192.168.1.0/24"}, EnabledRoutes: []string{}}}})
	const device = "/device/nOneCNTRL"
	send(t, s, "PATCH", "/tailnet/-/device-attributes", `{"nodes":{"nOneCNTRL":{"custom:tier":{"value":"gold"},"custom:kept":{"value":true}}}}`)
	return map[string][]string{
		"setDeviceRoutes":  {send(t, s, "POST", device+"/routes", `{"routes":["10.0.0.0/16"]}`)},
		"listDeviceRoutes": {get(t, s, device+"/routes")},
		"setCustomDevicePostureAttributes": {
			send(t, s, "POST", device+"/attributes/custom:myScore", `{"value":87,"expiry":"2030-01-01T00:00:00Z"}`),
		},
		"batchUpdateCustomDevicePostureAttributes": {
			send(t, s, "PATCH", "/tailnet/-/device-attributes", `{"nodes":{"nOneCNTRL":{"custom:tier":null}}}`),
		},
		"getDevicePostureAttributes": {get(t, s, device+"/attributes")},
	}
}
