// SPDX-License-Identifier: MIT

package fakeapi

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

var invitesRoutes = []route{
	{"listDeviceInvites", "GET", "/device/{deviceId}/device-invites", []string{"device_invites:read"}, nil, (*Server).listDeviceInvites},
	{"createDeviceInvites", "POST", "/device/{deviceId}/device-invites", nil, nil, persons((*Server).createDeviceInvites)},
	{"getDeviceInvite", "GET", "/device-invites/{deviceInviteId}", []string{"device_invites:read"}, nil, (*Server).getDeviceInvite},
	{"deleteDeviceInvite", "DELETE", "/device-invites/{deviceInviteId}", []string{"device_invites"}, nil, (*Server).deleteDeviceInvite},
	{"resendDeviceInvite", "POST", "/device-invites/{deviceInviteId}/resend", nil, nil, persons((*Server).resendDeviceInvite)},
	{"acceptDeviceInvite", "POST", "/device-invites/-/accept", nil, nil, persons((*Server).acceptDeviceInvite)},
	{"listUserInvites", "GET", "/tailnet/{tailnet}/user-invites", nil, nil, (*Server).listUserInvites},
	{"createUserInvites", "POST", "/tailnet/{tailnet}/user-invites", nil, nil, persons((*Server).createUserInvites)},
	{"getUserInvite", "GET", "/user-invites/{userInviteId}", nil, nil, (*Server).getUserInvite},
	{"deleteUserInvite", "DELETE", "/user-invites/{userInviteId}", nil, nil, persons((*Server).deleteUserInvite)},
	{"resendUserInvite", "POST", "/user-invites/{userInviteId}/resend", nil, nil, persons((*Server).resendUserInvite)},
}

// persons lets tokens of persons through only.
func persons(handle func(*Server, *request) answer) func(*Server, *request) answer {
	return func(s *Server, r *request) answer {
		if r.grant.user == "" {
			return fail(http.StatusForbidden)
		}
		return handle(s, r)
	}
}

// invitesState is what the tailnet has of this group.
type invitesState struct {
	devices []*deviceInvite
	users   []*userInvite
	made    int
}

// mostAcceptances is how many people can accept an invitation for many.
const mostAcceptances = 1000

type deviceInvite struct {
	ID              string         `json:"id"`
	Created         string         `json:"created"`
	TailnetID       int64          `json:"tailnetId"`
	DeviceID        int64          `json:"deviceId"`
	SharerID        int64          `json:"sharerId"`
	MultiUse        bool           `json:"multiUse,omitempty"`
	AllowExitNode   bool           `json:"allowExitNode,omitempty"`
	Email           string         `json:"email,omitempty"`
	LastEmailSentAt string         `json:"lastEmailSentAt,omitempty"`
	InviteURL       string         `json:"inviteUrl"`
	Accepted        bool           `json:"accepted"`
	AcceptedBy      map[string]any `json:"acceptedBy,omitempty"`
	acceptances     int
}

type userInvite struct {
	ID              string `json:"id"`
	Role            string `json:"role"`
	TailnetID       int64  `json:"tailnetId"`
	InviterID       int64  `json:"inviterId"`
	Email           string `json:"email,omitempty"`
	LastEmailSentAt string `json:"lastEmailSentAt,omitempty"`
	// InviteURL is absent for people of the tailnet's own domain.
	InviteURL string `json:"inviteUrl,omitempty"`
}

func newInvitesState() invitesState {
	at := stamp(epoch)
	const link, uinv = "https://login.tailscale.com/admin/invite/", "https://login.tailscale.com/uinv/"
	return invitesState{
		devices: []*deviceInvite{
			{ID: "12345", Created: at, TailnetID: 59954, DeviceID: 11, SharerID: 123457, AllowExitNode: true, Email: "bob@example.org", LastEmailSentAt: at, InviteURL: link + "fakeone"},
			{
				ID: "12346", Created: at, TailnetID: 59954, DeviceID: 11, SharerID: 123456, InviteURL: link + "faketwo", Accepted: true, acceptances: 1,
				AcceptedBy: map[string]any{"id": 33223, "loginName": "carol@example.org", "profilePicUrl": ""},
			},
		},
		users: []*userInvite{
			{ID: "29214", Role: "admin", TailnetID: 12345, InviterID: 123456, Email: "bob@example.org", LastEmailSentAt: at, InviteURL: uinv + "fakeone"},
			{ID: "29215", Role: "member", TailnetID: 12345, InviterID: 123456, Email: "dave@example.com", LastEmailSentAt: at},
			{ID: "29216", Role: "member", TailnetID: 12345, InviterID: 123456, InviteURL: uinv + "faketwo"},
		},
	}
}

func (s *Server) listDeviceInvites(r *request) answer {
	row := s.devices.byID[r.params["deviceId"]]
	if row == nil {
		return fail(http.StatusNotFound)
	}
	found := []*deviceInvite{}
	for _, i := range s.invites.devices {
		if strconv.FormatInt(i.DeviceID, 10) == row.ID {
			found = append(found, i)
		}
	}
	return jsonAnswer(found)
}

func (s *Server) createDeviceInvites(r *request) answer {
	row := s.devices.byID[r.params["deviceId"]]
	if row == nil {
		return fail(http.StatusNotFound)
	}
	var wanted []struct {
		MultiUse, AllowExitNode bool
		Email                   string
	}
	if json.Unmarshal(r.body, &wanted) != nil || len(wanted) == 0 {
		return fail(http.StatusBadRequest)
	}
	number, _ := strconv.ParseInt(row.ID, 10, 64)
	made := []*deviceInvite{}
	for _, w := range wanted {
		s.invites.made++
		i := &deviceInvite{
			ID: fmt.Sprint(20000 + s.invites.made), Created: stamp(s.now()), TailnetID: 59954, DeviceID: number, SharerID: 123456,
			MultiUse: w.MultiUse, AllowExitNode: w.AllowExitNode, Email: w.Email,
			InviteURL: fmt.Sprintf("https://login.tailscale.com/admin/invite/fake%d", s.invites.made),
		}
		if w.Email != "" {
			i.LastEmailSentAt = stamp(s.now())
		}
		made = append(made, i)
	}
	s.invites.devices = append(s.invites.devices, made...)
	return jsonAnswer(made)
}

func (s *Server) deviceInviteOf(r *request) *deviceInvite {
	for _, i := range s.invites.devices {
		if i.ID == r.params["deviceInviteId"] {
			return i
		}
	}
	return nil
}

func (s *Server) getDeviceInvite(r *request) answer {
	if i := s.deviceInviteOf(r); i != nil {
		return jsonAnswer(i)
	}
	return fail(http.StatusNotFound)
}

func (s *Server) deleteDeviceInvite(r *request) answer {
	gone := s.deviceInviteOf(r)
	if gone == nil {
		return fail(http.StatusNotFound)
	}
	s.invites.devices = slices.DeleteFunc(s.invites.devices, func(i *deviceInvite) bool { return i == gone })
	return done()
}

func (s *Server) resendDeviceInvite(r *request) answer {
	i := s.deviceInviteOf(r)
	if i == nil || i.Email == "" {
		return fail(http.StatusNotFound)
	}
	i.LastEmailSentAt = stamp(s.now())
	return done()
}

// acceptDeviceInvite accepts as the person of the token, whom the answer and the
// invitation write down in two forms. Of the sharer the fake knows the number. One
// acceptance too many is 400: of a refusal the document says no more.
func (s *Server) acceptDeviceInvite(r *request) answer {
	var body struct{ Invite string }
	if json.Unmarshal(r.body, &body) != nil || body.Invite == "" {
		return fail(http.StatusBadRequest)
	}
	code := body.Invite[strings.LastIndex(body.Invite, "/")+1:]
	for _, i := range s.invites.devices {
		if !strings.HasSuffix(i.InviteURL, "/"+code) {
			continue
		}
		if i.acceptances > 0 && !i.MultiUse || i.acceptances >= mostAcceptances {
			return failWith(http.StatusBadRequest, "invite was already accepted")
		}
		i.acceptances++
		i.Accepted = true
		i.AcceptedBy = map[string]any{"id": 33233, "loginName": r.grant.user, "profilePicUrl": ""}
		person := func(id, name, login string) map[string]any {
			return map[string]any{"id": id, "displayName": name, "loginName": login, "profilePicURL": ""}
		}
		return jsonAnswer(map[string]any{
			"device": map[string]any{
				"id": "12346", "os": "iOS", "name": "my-phone", "fqdn": "my-phone.tail9999.ts.net", "ipv4": "100.64.0.8", "ipv6": "fd7a:115c:a1e0::8",
				"includeExitNode": i.AllowExitNode,
			},
			"sharer":     person(strconv.FormatInt(i.SharerID, 10), "Sam Sharer", "sam@example.org"),
			"acceptedBy": person("33233", "Acceptor", r.grant.user),
		})
	}
	return fail(http.StatusBadRequest)
}

func (s *Server) listUserInvites(*request) answer {
	return jsonAnswer(append([]*userInvite{}, s.invites.users...))
}

func (s *Server) createUserInvites(r *request) answer {
	var wanted []struct{ Role, Email string }
	if json.Unmarshal(r.body, &wanted) != nil || len(wanted) == 0 {
		return fail(http.StatusBadRequest)
	}
	made := []*userInvite{}
	for _, w := range wanted {
		setDefault(&w.Role, "member")
		if w.Role == "owner" || !slices.Contains(userRoles, w.Role) {
			return fail(http.StatusBadRequest)
		}
		s.invites.made++
		i := &userInvite{ID: fmt.Sprint(30000 + s.invites.made), Role: w.Role, TailnetID: 12345, InviterID: 123456, Email: w.Email}
		if w.Email != "" {
			i.LastEmailSentAt = stamp(s.now())
		}
		if !strings.HasSuffix(w.Email, "@"+s.options.Organization) {
			i.InviteURL = fmt.Sprintf("https://login.tailscale.com/uinv/fake%d", s.invites.made)
		}
		made = append(made, i)
	}
	s.invites.users = append(s.invites.users, made...)
	return jsonAnswer(made)
}

func (s *Server) userInviteOf(r *request) *userInvite {
	for _, i := range s.invites.users {
		if i.ID == r.params["userInviteId"] {
			return i
		}
	}
	return nil
}

func (s *Server) getUserInvite(r *request) answer {
	if i := s.userInviteOf(r); i != nil {
		return jsonAnswer(i)
	}
	return fail(http.StatusNotFound)
}

func (s *Server) deleteUserInvite(r *request) answer {
	gone := s.userInviteOf(r)
	if gone == nil {
		return fail(http.StatusNotFound)
	}
	s.invites.users = slices.DeleteFunc(s.invites.users, func(i *userInvite) bool { return i == gone })
	return done()
}

func (s *Server) resendUserInvite(r *request) answer {
	i := s.userInviteOf(r)
	if i == nil || i.Email == "" {
		return fail(http.StatusNotFound)
	}
	i.LastEmailSentAt = stamp(s.now())
	return done()
}
