// SPDX-License-Identifier: MIT

package fakeapi

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

var organizationRoutes = []route{
	{"listOrganizationTailnets", "GET", "/organizations/{organization}/tailnets", []string{"tailnets:read"}, []string{"limit", "cursor"}, (*Server).listOrganizationTailnets},
	{"createOrganizationTailnet", "POST", "/organizations/{organization}/tailnets", []string{"tailnets"}, nil, (*Server).createOrganizationTailnet},
	{"deleteTailnet", "DELETE", "/tailnet/{tailnet}", []string{"all"}, nil, (*Server).deleteTailnet},
}

const organizationID = "oFakeXk11CNTRL"

// maxTailnets is how many tailnets an organization may have, without a contract.
const maxTailnets = 10

type organizationTailnet struct {
	ID          string `json:"id"`
	DisplayName string `json:"displayName"`
	OrgID       string `json:"orgId"`
	CreatedAt   string `json:"createdAt"`
}

// organizationState is the tailnets of the organization. The one whose ID is
// empty is the server's own.
type organizationState struct {
	tailnets []organizationTailnet
	made     int
}

func newOrganizationState() organizationState {
	return organizationState{tailnets: []organizationTailnet{
		{"", "example.com", organizationID, "2023-03-01T09:00:00Z"},
		{"TFakeStaging1CNTRL", "Production staging", organizationID, "2025-01-01T12:00:00Z"},
		{"TFakeLab1CNTRL", "Lab", organizationID, "2025-06-01T12:00:00Z"},
	}}
}

func (s *Server) isOrganization(r *request) bool {
	id := r.params["organization"]
	return id == "-" || id == organizationID
}

// listOrganizationTailnets answers page by page; the last has no cursor. (The
// document does not say how the last page shows itself, and vendor pages say that
// a person's token is not enough, which would leave the default key out.)
func (s *Server) listOrganizationTailnets(r *request) answer {
	if !s.isOrganization(r) {
		return fail(http.StatusNotFound)
	}
	limit, from := 100, 0
	if text := r.query.Get("limit"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > 100 {
			return failWith(http.StatusBadRequest, "invalid limit")
		}
		limit = n
	}
	if text := r.query.Get("cursor"); text != "" {
		after, err := base64.RawURLEncoding.DecodeString(text)
		n, ok := strings.CutPrefix(string(after), "after ")
		if from, _ = strconv.Atoi(n); err != nil || !ok || from < 1 {
			return failWith(http.StatusBadRequest, "invalid cursor")
		}
	}
	all := slices.Clone(s.organization.tailnets)
	for i := range all {
		setDefault(&all[i].ID, s.options.TailnetID)
	}
	from = min(from, len(all))
	end := min(from+limit, len(all))
	page := map[string]any{"tailnets": all[from:end], "totalCount": len(all)}
	if end < len(all) {
		page["cursor"] = base64.RawURLEncoding.EncodeToString(fmt.Append(nil, "after ", end))
	}
	return jsonAnswer(page)
}

var displayName = regexp.MustCompile(`^[\pL\pN '-]+$`)

// createOrganizationTailnet answers with a client that has all scopes, but does
// not let it in: it would be another tailnet's.
func (s *Server) createOrganizationTailnet(r *request) answer {
	if !s.isOrganization(r) {
		return fail(http.StatusNotFound)
	}
	var body struct{ DisplayName string }
	if json.Unmarshal(r.body, &body) != nil || !displayName.MatchString(body.DisplayName) {
		return failWith(http.StatusBadRequest, "invalid displayName")
	}
	o := &s.organization
	if slices.ContainsFunc(o.tailnets, func(t organizationTailnet) bool { return t.DisplayName == body.DisplayName }) {
		return failWith(http.StatusBadRequest, "displayName is taken")
	}
	if len(o.tailnets) >= maxTailnets {
		return failWith(http.StatusBadRequest, "too many tailnets")
	}
	o.made++
	t := organizationTailnet{fmt.Sprintf("TFakeNew%dCNTRL", o.made), body.DisplayName, organizationID, s.now().UTC().Format(time.RFC3339)}
	o.tailnets = append(o.tailnets, t)
	client := fmt.Sprintf("kFakeNew%dCNTRL", o.made)
	return jsonAnswer(map[string]any{
		"id": t.ID, "displayName": t.DisplayName, "orgId": t.OrgID, "createdAt": t.CreatedAt,
		"dnsName":       fmt.Sprintf("tailfe%02d.ts.net", o.made),
		"oauthClient":   map[string]string{"id": client, "secret": "tskey-client-" + client + "-fakefakefakefake"},
		"alreadyExists": false,
	})
}

// deleteTailnet takes the server's own tailnet off the organization's list; the
// server goes on, since tests have no use for one that is gone. With "-" it is what
// a client with an empty parameter sends by accident, so that is refused, and kept
// as unexpected.
func (s *Server) deleteTailnet(r *request) answer {
	if r.params["tailnet"] == "-" {
		s.journal.unexpected(Request{Operation: r.route.id, Method: r.route.method, Path: "/api/v2/tailnet/-"}, "no such operation")
		return fail(http.StatusNotFound)
	}
	o := &s.organization
	i := slices.IndexFunc(o.tailnets, func(t organizationTailnet) bool { return t.ID == "" })
	if i < 0 {
		return fail(http.StatusNotFound)
	}
	o.tailnets = slices.Delete(o.tailnets, i, i+1)
	return done()
}
