// SPDX-License-Identifier: MIT

package fakeapi

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
)

var usersRoutes = []route{
	{"listUsers", "GET", "/tailnet/{tailnet}/users", []string{"users:read"}, []string{"type", "role"}, (*Server).listUsers},
	{"getUser", "GET", "/users/{userId}", []string{"users:read"}, nil, (*Server).getUser},
	{"updateUserRole", "POST", "/users/{userId}/role", []string{"users"}, nil, (*Server).updateUserRole},
	{"approveUser", "POST", "/users/{userId}/approve", []string{"users"}, nil, (*Server).approveUser},
	{"suspendUser", "POST", "/users/{userId}/suspend", []string{"users"}, nil, (*Server).suspendUser},
	{"restoreUser", "POST", "/users/{userId}/restore", []string{"users"}, nil, (*Server).restoreUser},
	{"deleteUser", "POST", "/users/{userId}/delete", []string{"users"}, nil, (*Server).deleteUser},
}

// usersState is what the tailnet has of this group.
type usersState struct{ rows []*user }

type user struct {
	ID                 string `json:"id"`
	DisplayName        string `json:"displayName"`
	LoginName          string `json:"loginName"`
	ProfilePicURL      string `json:"profilePicUrl"`
	TailnetID          string `json:"tailnetId"`
	Created            string `json:"created"`
	Type               string `json:"type"`
	Role               string `json:"role"`
	Status             string `json:"status"`
	DeviceCount        int    `json:"deviceCount"`
	LastSeen           string `json:"lastSeen,omitempty"` // absent before the first time
	CurrentlyConnected bool   `json:"currentlyConnected"`
}

func newUsersState() usersState {
	row := func(id, name, domain, kind, role, status string, devices int) *user {
		u := &user{
			ID: id, DisplayName: name + " Example", LoginName: strings.ToLower(name) + "@" + domain, TailnetID: "example.com",
			Created: "2025-12-01T05:23:30Z", Type: kind, Role: role, Status: status, DeviceCount: devices,
		}
		if devices > 0 {
			u.LastSeen = "2026-09-30T08:00:00Z"
		}
		return u
	}
	s := usersState{[]*user{
		row("123456", "Alice", "example.com", "member", "owner", "active", 4),
		row("123457", "Bob", "example.com", "member", "member", "active", 2),
		row("123458", "Carol", "example.com", "member", "admin", "suspended", 1),
		row("123459", "Dave", "example.com", "member", "member", "needs-approval", 0),
		row("123460", "Erin", "example.org", "shared", "member", "idle", 1),
	}}
	s.rows[0].CurrentlyConnected = true
	return s
}

var (
	userTypes = []string{"member", "shared"}
	userRoles = []string{"owner", "member", "admin", "it-admin", "network-admin", "billing-admin", "auditor"}
)

func (s *Server) listUsers(r *request) answer {
	kind, role := r.query.Get("type"), r.query.Get("role")
	setDefault(&kind, "member")
	setDefault(&role, "all")
	if kind != "all" && !slices.Contains(userTypes, kind) || role != "all" && !slices.Contains(userRoles, role) {
		return fail(http.StatusBadRequest)
	}
	found := []*user{}
	for _, u := range s.users.rows {
		if (kind == "all" || u.Type == kind) && (role == "all" || u.Role == role) {
			found = append(found, u)
		}
	}
	return jsonAnswer(map[string]any{"users": found})
}

func (s *Server) userOf(r *request) (*user, bool) {
	i := slices.IndexFunc(s.users.rows, func(u *user) bool { return u.ID == r.params["userId"] })
	if i < 0 {
		return nil, false
	}
	return s.users.rows[i], true
}

func (s *Server) getUser(r *request) answer {
	u, ok := s.userOf(r)
	if !ok {
		return fail(http.StatusNotFound)
	}
	return jsonAnswer(u)
}

// changeUser makes one of the changes that nobody can make to himself.
func (s *Server) changeUser(r *request, change func(*user) answer) answer {
	u, ok := s.userOf(r)
	switch {
	case !ok:
		return fail(http.StatusNotFound)
	case r.grant.user == u.LoginName:
		return failWith(http.StatusForbidden, "you cannot do that to yourself")
	}
	return change(u)
}

func (s *Server) updateUserRole(r *request) answer {
	var body struct{ Role string }
	if json.Unmarshal(r.body, &body) != nil || !slices.Contains(userRoles, body.Role) {
		return failWith(http.StatusBadRequest, "invalid role")
	}
	return s.changeUser(r, func(u *user) answer {
		u.Role = body.Role
		return done()
	})
}

func (s *Server) approveUser(r *request) answer {
	return s.changeUser(r, func(u *user) answer {
		if u.Status == "needs-approval" {
			u.Status = "active"
		}
		return done()
	})
}

func (s *Server) suspendUser(r *request) answer {
	return s.changeUser(r, func(u *user) answer {
		u.Status = "suspended"
		return done()
	})
}

func (s *Server) restoreUser(r *request) answer {
	return s.changeUser(r, func(u *user) answer {
		if u.Status == "suspended" {
			u.Status = "active"
		}
		return done()
	})
}

func (s *Server) deleteUser(r *request) answer {
	return s.changeUser(r, func(u *user) answer {
		s.users.rows = slices.DeleteFunc(s.users.rows, func(other *user) bool { return other == u })
		return done()
	})
}
