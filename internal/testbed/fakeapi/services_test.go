// SPDX-License-Identifier: MIT

package fakeapi

import (
	"strings"
	"testing"
)

// servicesAnswers are answers of the operations that have documented fields.
func servicesAnswers(t *testing.T, s *Server) map[string][]string {
	const list, one = "/tailnet/-/services", "/tailnet/-/services/svc:example"
	return map[string][]string{
		"listServices":                {get(t, s, list)},
		"getService":                  {get(t, s, one)},
		"listServiceHosts":            {get(t, s, one+"/devices")},
		"getServiceDeviceApproval":    {get(t, s, one+"/device/nWeb1CNTRL/approved")},
		"updateServiceDeviceApproval": {send(t, s, "POST", one+"/device/nWeb2CNTRL/approved", `{"approved":true}`)},
		"updateService": {send(t, s, "PUT", list+"/svc:new",
			`{"name":"svc:new","displayName":"New","addrs":["100.93.49.7"],"comment":"new","ports":["tcp:22"],"tags":["tag:db"]}`)},
	}
}

func TestServices(t *testing.T) {
	s := start(t, Options{})
	servicesAnswers(t, s)
	const list = "/tailnet/-/services"
	if got := get(t, s, list+"/svc:new"); !strings.Contains(got, `"addrs":["100.93.49.7","fd7a:`) {
		t.Errorf("got %s, want the one that was created", got)
	}
	if got := get(t, s, list+"/svc:example/devices"); strings.Count(got, "approved:manual") != 2 {
		t.Errorf("got %s, want both hosts approved", got)
	}
	const both = `"addrs":["100.93.49.181","fd7a:115c:a1e0::3456:3cb5"]`
	for _, c := range []struct {
		method, path, body string
		status             int
	}{
		{"PUT", "/svc:x", `{"name":"svc:y"}`, 400},
		{"PUT", "/x", `{"name":"x"}`, 400},
		{"PUT", "/svc:x", `{"name":"svc:x","addrs":["fd7a::1"]}`, 400},
		{"PUT", "/svc:x", `{"name":"svc:x","ports":["udp:53"]}`, 400},
		{"PUT", "/svc:x", `{"name":"svc:x","tags":["tag:unheard-of"]}`, 400},
		{"PUT", "/svc:bare", `{"name":"svc:bare"}`, 400},
		{"PUT", "/svc:bare", `{"name":"svc:example",` + both + `}`, 400},
		{"PUT", "/svc:bare", `{"name":"svc:plain",` + both + `}`, 200},
		{"GET", "/svc:bare", "", 404},
		{"GET", "/svc:plain", "", 200},
		{"GET", "/svc:gone/devices", "", 404},
		{"GET", "/svc:plain/device/nNobodyCNTRL/approved", "", 404},
		{"POST", "/svc:plain/device/nWeb1CNTRL/approved", `{}`, 400},
		{"DELETE", "/svc:plain", "", 200},
		{"DELETE", "/svc:plain", "", 404},
	} {
		if resp, text := try(t, s, c.method, list+c.path, c.body); resp.StatusCode != c.status {
			t.Errorf("%s %s %s: got %d %s, want %d", c.method, c.path, c.body, resp.StatusCode, text, c.status)
		}
	}
	s.Reset()
	if got := get(t, s, list); strings.Count(got, `"name"`) != 2 || !strings.Contains(got, "svc:bare") {
		t.Errorf("got %s after a reset, want the first two", got)
	}
}
