// SPDX-License-Identifier: MIT

package fakeapi

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
)

var postureRoutes = []route{
	{"getPostureIntegrations", "GET", "/tailnet/{tailnet}/posture/integrations", []string{"feature_settings:read"}, nil, (*Server).listPosture},
	{"createPostureIntegration", "POST", "/tailnet/{tailnet}/posture/integrations", []string{"feature_settings"}, nil, (*Server).createPosture},
	{"getPostureIntegration", "GET", "/posture/integrations/{id}", []string{"feature_settings:read"}, nil, (*Server).getPosture},
	{"updatePostureIntegration", "PATCH", "/posture/integrations/{id}", []string{"feature_settings"}, nil, (*Server).updatePosture},
	{"deletePostureIntegration", "DELETE", "/posture/integrations/{id}", []string{"feature_settings"}, nil, (*Server).deletePosture},
}

// postureState is what the tailnet has of this group.
type postureState struct {
	rows []*postureIntegration
	made int
}

type postureIntegration struct {
	ID            string         `json:"id"`
	Provider      string         `json:"provider"`
	CloudID       string         `json:"cloudId"`
	ClientID      string         `json:"clientId"`
	TenantID      string         `json:"tenantId,omitempty"`
	ConfigUpdated string         `json:"configUpdated"`
	Status        *postureStatus `json:"status,omitempty"` // nil before the first synchronisation
}

type postureStatus struct {
	LastSync             string `json:"lastSync"`
	Error                string `json:"error,omitempty"`
	ProviderHostCount    int    `json:"providerHostCount"`
	MatchedCount         int    `json:"matchedCount"`
	PossibleMatchedCount int    `json:"possibleMatchedCount"`
}

func newPostureState() postureState {
	at := stamp(epoch)
	return postureState{rows: []*postureIntegration{
		{ID: "pFalconDEVEL", Provider: "falcon", CloudID: "us-1", ClientID: "myclientid", ConfigUpdated: at, Status: &postureStatus{LastSync: at, ProviderHostCount: 98, MatchedCount: 11, PossibleMatchedCount: 16}},
		{ID: "pIntuneDEVEL", Provider: "intune", CloudID: "global", ClientID: "93013672-b00c-4344-80ca-7ecf74f9dce1", TenantID: "d1ae389b", ConfigUpdated: at, Status: &postureStatus{LastSync: at, Error: "Invalid Tenant ID."}},
		{ID: "pKandjiDEVEL", Provider: "kandji", CloudID: "mydomain.kandji.io", ConfigUpdated: at},
	}}
}

var postureProviders = []string{"falcon", "intune", "jamfpro", "kandji", "kolide", "sentinelone"}

func (s *Server) listPosture(*request) answer {
	return jsonAnswer(map[string]any{"integrations": append([]*postureIntegration{}, s.posture.rows...)})
}

func (s *Server) postureOf(r *request) *postureIntegration {
	for _, p := range s.posture.rows {
		if p.ID == r.params["id"] {
			return p
		}
	}
	return nil
}

func (s *Server) getPosture(r *request) answer {
	if p := s.postureOf(r); p != nil {
		return jsonAnswer(p)
	}
	return fail(http.StatusNotFound)
}

// postureBody is what a client may send; clientSecret is never shown again.
type postureBody struct {
	Provider                                  string
	CloudID, ClientID, TenantID, ClientSecret *string
}

func (b postureBody) apply(p *postureIntegration, now string) {
	for from, to := range map[*string]*string{b.CloudID: &p.CloudID, b.ClientID: &p.ClientID, b.TenantID: &p.TenantID} {
		if from != nil {
			*to = *from
		}
	}
	p.ConfigUpdated = now
}

func (s *Server) createPosture(r *request) answer {
	var body postureBody
	if json.Unmarshal(r.body, &body) != nil || !slices.Contains(postureProviders, body.Provider) || body.ClientSecret == nil || *body.ClientSecret == "" {
		return fail(http.StatusBadRequest)
	}
	if slices.ContainsFunc(s.posture.rows, func(p *postureIntegration) bool { return p.Provider == body.Provider }) {
		return fail(http.StatusConflict)
	}
	s.posture.made++
	p := &postureIntegration{ID: fmt.Sprintf("pNew%dDEVEL", s.posture.made), Provider: body.Provider}
	body.apply(p, stamp(s.now()))
	s.posture.rows = append(s.posture.rows, p)
	return jsonAnswer(p)
}

func (s *Server) updatePosture(r *request) answer {
	p := s.postureOf(r)
	if p == nil {
		return fail(http.StatusNotFound)
	}
	var body postureBody
	if json.Unmarshal(r.body, &body) != nil {
		return fail(http.StatusBadRequest)
	}
	body.apply(p, stamp(s.now()))
	return jsonAnswer(p)
}

func (s *Server) deletePosture(r *request) answer {
	p := s.postureOf(r)
	if p == nil {
		return fail(http.StatusNotFound)
	}
	s.posture.rows = slices.DeleteFunc(s.posture.rows, func(other *postureIntegration) bool { return other == p })
	return done()
}
