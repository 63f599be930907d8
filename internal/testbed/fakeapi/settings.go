// SPDX-License-Identifier: MIT

package fakeapi

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
)

// setting is one field of the tailnet settings.
type setting struct {
	name  string
	scope string // needed beside feature_settings; empty: none
	valid func(any) bool
	value any
}

type settings []setting

func newSettings() settings {
	return settings{
		{"aclsExternallyManagedOn", "policy_file", boolOrNull, false},
		{"aclsExternalLink", "policy_file", isString, "https://github.com/example/tailnet-policy"},
		{"devicesApprovalOn", "", boolOrNull, false},
		{"devicesAutoUpdatesOn", "", boolOrNull, false},
		{"devicesKeyDurationDays", "", keyDuration, 180},
		{"usersApprovalOn", "", boolOrNull, true},
		{"usersRoleAllowedToJoinExternalTailnets", "", joinRole, "admin"},
		{"networkFlowLoggingOn", "logs:network", boolOrNull, false},
		{"regionalRoutingOn", "", boolOrNull, false},
		{"postureIdentityCollectionOn", "", boolOrNull, false},
		{"httpsEnabled", "networking_settings", boolOrNull, false},
		{"routeSelection", "", routeSelection, nil}, // absent until it is set
	}
}

func routeSelection(v any) bool {
	return v == "active-passive-failover" || v == "regional-routing" || v == "regional-routing-failover"
}

func boolOrNull(v any) bool { _, ok := v.(bool); return ok || v == nil }
func isString(v any) bool   { _, ok := v.(string); return ok }
func joinRole(v any) bool   { return v == "none" || v == "admin" || v == "member" }
func keyDuration(v any) bool {
	n, ok := v.(float64)
	return ok && n == float64(int(n)) && n >= 1 && n <= 180
}

// getSettings leaves out what the token may not read. (The document does not say
// whether the service does that or answers null.)
func (s *Server) getSettings(r *request) answer {
	visible := map[string]any{}
	for _, f := range s.settings {
		if f.name == "routeSelection" && f.value == nil {
			continue
		}
		if f.scope == "" || r.grant.has(f.scope+":read") {
			visible[f.name] = f.value
		}
	}
	return jsonAnswer(visible)
}

// updateSettings changes all of the fields that are named, or none.
func (s *Server) updateSettings(r *request) answer {
	var patch map[string]any
	if json.Unmarshal(r.body, &patch) != nil || patch == nil {
		return fail(http.StatusBadRequest)
	}
	_, regional := patch["regionalRoutingOn"]
	if _, selection := patch["routeSelection"]; regional && selection {
		return failWith(http.StatusBadRequest, "regionalRoutingOn and routeSelection exclude each other")
	}
	updated := newSettings()
	copy(updated, s.settings)
	for i, f := range updated {
		v, named := patch[f.name]
		if !named {
			continue
		}
		if f.scope != "" && !r.grant.has(f.scope) {
			return fail(http.StatusForbidden)
		}
		if !f.valid(v) {
			return failWith(http.StatusBadRequest, "invalid value for "+f.name)
		}
		updated[i].value = v
		delete(patch, f.name)
	}
	if len(patch) > 0 {
		unknown := slices.Sorted(maps.Keys(patch))
		return failWith(http.StatusBadRequest, "unknown field "+strings.Join(unknown, ", "))
	}
	s.settings = updated
	return s.getSettings(r)
}
