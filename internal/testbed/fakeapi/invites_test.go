// SPDX-License-Identifier: MIT

package fakeapi

import (
	"encoding/json"
	"fmt"
	"net/http"
	"testing"
)

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

// A share is accepted by another than its sharer, stays accepted, and is accepted
// once unless it is for many.
func TestAcceptDeviceInvite(t *testing.T) {
	s := start(t, Options{})
	const accept = "/device-invites/-/accept"
	var said struct {
		Sharer, AcceptedBy struct{ ID, LoginName string }
	}
	text := send(t, s, "POST", accept, `{"invite":"https://login.tailscale.com/admin/invite/fakeone"}`)
	if err := json.Unmarshal([]byte(text), &said); err != nil || said.AcceptedBy.LoginName != "alice@example.com" || said.Sharer.ID != "123457" ||
		said.AcceptedBy.ID == said.Sharer.ID || said.AcceptedBy.LoginName == said.Sharer.LoginName {
		t.Errorf("got %s and error %v, want it accepted by the token's person, who is not the sharer", text, err)
	}
	var kept deviceInvite
	text = get(t, s, "/device-invites/12345")
	if err := json.Unmarshal([]byte(text), &kept); err != nil || !kept.Accepted || kept.AcceptedBy["loginName"] != "alice@example.com" || fmt.Sprint(kept.AcceptedBy["id"]) != said.AcceptedBy.ID {
		t.Errorf("got %s and error %v, want it accepted by the same", text, err)
	}
	for _, code := range []string{"fakeone", "faketwo", "nothing"} {
		if resp, text := try(t, s, "POST", accept, `{"invite":"`+code+`"}`); resp.StatusCode != http.StatusBadRequest {
			t.Errorf("%s: got %d %s, want 400", code, resp.StatusCode, text)
		}
	}
	s.SetDevices([]Device{{NodeID: "nOneCNTRL", ID: "11"}})
	send(t, s, "POST", "/device/nOneCNTRL/device-invites", `[{"multiUse":true}]`)
	for range mostAcceptances {
		send(t, s, "POST", accept, `{"invite":"fake1"}`)
	}
	if resp, _ := try(t, s, "POST", accept, `{"invite":"fake1"}`); resp.StatusCode != http.StatusBadRequest {
		t.Errorf("got %d for the acceptance 1001, want 400", resp.StatusCode)
	}
}
