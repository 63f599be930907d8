// SPDX-License-Identifier: MIT

package fakeapi

import "testing"

func invitesAnswers(t *testing.T, s *Server) map[string][]string {
	s.SetDevices([]Device{{NodeID: "nOneCNTRL", ID: "11"}})
	return map[string][]string{
		"listDeviceInvites":   {get(t, s, "/device/nOneCNTRL/device-invites")},
		"getDeviceInvite":     {get(t, s, "/device-invites/12345")},
		"createDeviceInvites": {send(t, s, "POST", "/device/nOneCNTRL/device-invites", `[{"allowExitNode":true,"email":"bob@example.org"},{}]`)},
		"acceptDeviceInvite":  {send(t, s, "POST", "/device-invites/-/accept", `{"invite":"fakeone"}`)},
		"listUserInvites":     {get(t, s, "/tailnet/-/user-invites")},
		"getUserInvite":       {get(t, s, "/user-invites/29214")},
		"createUserInvites":   {send(t, s, "POST", "/tailnet/-/user-invites", `[{"role":"admin","email":"bob@example.org"}]`)},
	}
}
