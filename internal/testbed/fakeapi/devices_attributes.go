// SPDX-License-Identifier: MIT

package fakeapi

import (
	"encoding/json"
	"net/http"
	"strings"
)

// posture is one custom attribute of a device.
type posture struct {
	Value  any    `json:"value"`
	Expiry string `json:"expiry"`
}

func (s *Server) getAttributes(r *request) answer {
	row := s.devices.byID[r.params["deviceId"]]
	if row == nil {
		return fail(http.StatusNotFound)
	}
	values, expiries := row.attributes(), map[string]string{}
	for name, a := range row.custom {
		if a.Expiry != "" {
			expiries[name] = a.Expiry
		}
	}
	return jsonAnswer(map[string]any{"attributes": values, "expiries": expiries})
}

// attributes are what posture conditions read of a device.
func (r *deviceRow) attributes() map[string]any {
	values := map[string]any{"node:os": r.OS, "node:tsVersion": r.ClientVersion}
	for name, a := range r.custom {
		values[name] = a.Value
	}
	return values
}

func (r *deviceRow) setAttribute(name string, a *posture) {
	if r.custom == nil {
		r.custom = map[string]posture{}
	}
	if a == nil {
		delete(r.custom, name)
		return
	}
	r.custom[name] = *a
}

func (s *Server) setAttribute(r *request) answer {
	row, name := s.devices.byID[r.params["deviceId"]], r.params["attributeKey"]
	if row == nil {
		return fail(http.StatusNotFound)
	}
	var a posture
	if json.Unmarshal(r.body, &a) != nil || a.Value == nil || !strings.HasPrefix(name, "custom:") {
		return fail(http.StatusBadRequest)
	}
	row.setAttribute(name, &a)
	return s.getAttributes(r)
}

func (s *Server) deleteAttribute(r *request) answer {
	row, name := s.devices.byID[r.params["deviceId"]], r.params["attributeKey"]
	if row == nil {
		return fail(http.StatusNotFound)
	}
	if _, ok := row.custom[name]; !ok {
		return fail(http.StatusNotFound)
	}
	row.setAttribute(name, nil)
	return done()
}

func (s *Server) batchAttributes(r *request) answer {
	var body struct {
		Nodes map[string]map[string]*posture `json:"nodes"`
	}
	if json.Unmarshal(r.body, &body) != nil || len(body.Nodes) == 0 {
		return fail(http.StatusBadRequest)
	}
	for id := range body.Nodes {
		if s.devices.byID[id] == nil {
			return fail(http.StatusBadRequest)
		}
	}
	for id, attributes := range body.Nodes {
		for name, a := range attributes {
			s.devices.byID[id].setAttribute(name, a)
		}
	}
	return jsonAnswer(nil)
}
