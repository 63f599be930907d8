// SPDX-License-Identifier: MIT

package fakeapi

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// route is one operation of the API document. Adding an operation is adding a
// row to routes and its handler.
type route struct {
	id     string // operationId
	method string
	path   string // relative to /api/v2
	// scopes must all be held; "a | b" means one of them. nil means that the
	// operation is open to every token; noToken, that it needs none.
	scopes []string
	// query lists the documented parameters; "*" stands for any.
	query  []string
	handle func(*Server, *request) answer
}

// noToken marks the operations that are called to get a token.
var noToken = []string{"-"}

var routes = slices.Concat(coreRoutes, dnsRoutes, keysRoutes, usersRoutes, invitesRoutes, contactsRoutes, webhooksRoutes, logsRoutes, postureRoutes, servicesRoutes, oauthRoutes, organizationRoutes)

var coreRoutes = []route{
	{"listTailnetDevices", "GET", "/tailnet/{tailnet}/devices", []string{"devices:core:read"}, []string{"fields", "*"}, (*Server).listDevices},
	{"getDevice", "GET", "/device/{deviceId}", []string{"devices:core:read"}, []string{"fields"}, (*Server).getDevice},
	{"deleteDevice", "DELETE", "/device/{deviceId}", []string{"devices:core"}, nil, (*Server).deleteDevice},
	{"expireDeviceKey", "POST", "/device/{deviceId}/expire", []string{"devices:core"}, nil, (*Server).expireDeviceKey},
	{"authorizeDevice", "POST", "/device/{deviceId}/authorized", []string{"devices:core"}, nil, (*Server).authorizeDevice},
	{"setDeviceName", "POST", "/device/{deviceId}/name", []string{"devices:core"}, nil, (*Server).setDeviceName},
	{"setDeviceTags", "POST", "/device/{deviceId}/tags", []string{"devices:core"}, nil, (*Server).setDeviceTags},
	{"listDeviceRoutes", "GET", "/device/{deviceId}/routes", []string{"devices:routes:read"}, nil, (*Server).listDeviceRoutes},
	{"setDeviceRoutes", "POST", "/device/{deviceId}/routes", []string{"devices:routes"}, nil, (*Server).setDeviceRoutes},
	{"updateDeviceKey", "POST", "/device/{deviceId}/key", []string{"devices:core"}, nil, (*Server).updateDeviceKey},
	{"getDevicePostureAttributes", "GET", "/device/{deviceId}/attributes", []string{"devices:posture_attributes:read"}, nil, (*Server).getAttributes},
	{"setCustomDevicePostureAttributes", "POST", "/device/{deviceId}/attributes/{attributeKey}", []string{"devices:posture_attributes"}, nil, (*Server).setAttribute},
	{"deleteCustomDevicePostureAttributes", "DELETE", "/device/{deviceId}/attributes/{attributeKey}", []string{"devices:posture_attributes"}, nil, (*Server).deleteAttribute},
	{"batchUpdateCustomDevicePostureAttributes", "PATCH", "/tailnet/{tailnet}/device-attributes", []string{"devices:posture_attributes"}, nil, (*Server).batchAttributes},
	{"setDeviceIp", "POST", "/device/{deviceId}/ip", []string{"devices:core"}, nil, (*Server).setDeviceIP},

	{"getPolicyFile", "GET", "/tailnet/{tailnet}/acl", []string{"policy_file:read"}, []string{"details"}, (*Server).getPolicyFile},
	{"setPolicyFile", "POST", "/tailnet/{tailnet}/acl", []string{"policy_file"}, nil, (*Server).setPolicyFile},
	{"previewRuleMatches", "POST", "/tailnet/{tailnet}/acl/preview", []string{"policy_file:read"}, []string{"type", "previewFor"}, (*Server).previewRules},
	{"validateAndTestPolicyFile", "POST", "/tailnet/{tailnet}/acl/validate", []string{"policy_file:read"}, nil, (*Server).validatePolicyFile},

	{"getTailnetSettings", "GET", "/tailnet/{tailnet}/settings", []string{"feature_settings:read"}, nil, (*Server).getSettings},
	{"updateTailnetSettings", "PATCH", "/tailnet/{tailnet}/settings", []string{"feature_settings"}, nil, (*Server).updateSettings},

	// Not in the API document; see https://tailscale.com/kb/1215/oauth-clients
	// and https://tailscale.com/kb/1581/workload-identity-federation.
	{"oauthToken", "POST", "/oauth/token", noToken, []string{"tailnet"}, (*Server).oauthToken},
	{"oauthTokenExchange", "POST", "/oauth/token-exchange", noToken, nil, (*Server).oauthTokenExchange},
}

// Operation describes one row of the table, for tests that compare it.
type Operation struct {
	ID     string
	Method string
	Path   string   // relative to /api/v2
	Scopes []string // all needed; "a | b" means one of them
}

// Operations lists what the server answers.
func Operations() []Operation {
	all := make([]Operation, 0, len(routes))
	for _, r := range routes {
		all = append(all, Operation{r.id, r.method, r.path, slices.Clone(r.scopes)})
	}
	return all
}

// match finds the route of a path as it was sent. Segments are compared before
// anything could clean them, so that a request for another operation than the
// client meant is seen as what it is. known reports that the path has other
// methods.
func match(method, escapedPath string) (found *route, params map[string]string, known bool) {
	rest, ok := strings.CutPrefix(escapedPath, "/api/v2/")
	if !ok {
		return nil, nil, false
	}
	segments := strings.Split(rest, "/")
	for i := range routes {
		p, ok := fit(strings.Split(routes[i].path[1:], "/"), segments)
		switch {
		case !ok:
		case routes[i].method == method:
			return &routes[i], p, true
		default:
			known = true
		}
	}
	return nil, nil, known
}

func fit(template, segments []string) (map[string]string, bool) {
	if len(template) != len(segments) {
		return nil, false
	}
	params := map[string]string{}
	for i, t := range template {
		value, err := url.PathUnescape(segments[i])
		switch {
		case err != nil, value == "", value == ".", value == "..":
			return nil, false
		case strings.HasPrefix(t, "{"):
			params[strings.Trim(t, "{}")] = value
		case value != t:
			return nil, false
		}
	}
	return params, true
}

// request is a request on its way to a handler.
type request struct {
	route  *route
	params map[string]string
	query  url.Values
	header http.Header
	body   []byte
	grant  grant // what the token may do
}

// answer is what a handler returns.
type answer struct {
	status      int
	contentType string
	header      map[string]string
	body        []byte
}

func jsonAnswer(v any) answer {
	body, err := json.Marshal(v)
	if err != nil {
		panic(err) // the values are this package's own
	}
	return answer{status: http.StatusOK, contentType: "application/json", body: body}
}

// done is the answer of an operation for which the document defines no body.
func done() answer { return jsonAnswer(struct{}{}) }

// The error texts of the API document, by status.
var errorText = map[int]string{
	400: "bad request",
	401: "API token invalid", // not in the document; as the service answers
	402: "payment required",
	403: "forbidden",
	404: "not found",
	405: "method not allowed",
	409: "conflict",
	412: "precondition failed, invalid old hash",
	429: "too many requests",
	500: "internal server error",
	501: "not implemented",
	502: "bad gateway",
	503: "service unavailable",
	504: "request took too long to process, please try again later",
}

func fail(status int) answer { return failWith(status, errorText[status]) }

func failWith(status int, message string) answer {
	a := jsonAnswer(map[string]string{"message": message})
	a.status = status
	return a
}
