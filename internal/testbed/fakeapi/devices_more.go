// SPDX-License-Identifier: MIT

package fakeapi

import (
	"encoding/json"
	"net/http"
	"net/netip"
	"slices"
)

func (s *Server) listDeviceRoutes(r *request) answer {
	row := s.devices.byID[r.params["deviceId"]]
	if row == nil {
		return fail(http.StatusNotFound)
	}
	routes := struct {
		Advertised []string `json:"advertisedRoutes"`
		Enabled    []string `json:"enabledRoutes"`
	}{[]string{}, []string{}}
	if row.Details != nil {
		routes.Advertised = append(routes.Advertised, row.AdvertisedRoutes...)
		routes.Enabled = append(routes.Enabled, row.EnabledRoutes...)
	}
	return jsonAnswer(routes)
}

func (s *Server) setDeviceRoutes(r *request) answer {
	row := s.devices.byID[r.params["deviceId"]]
	if row == nil {
		return fail(http.StatusNotFound)
	}
	var body struct {
		Routes []string `json:"routes"`
	}
	if json.Unmarshal(r.body, &body) != nil || body.Routes == nil ||
		slices.ContainsFunc(body.Routes, func(text string) bool { _, err := netip.ParsePrefix(text); return err != nil }) {
		return fail(http.StatusBadRequest)
	}
	details := Details{}
	if row.Details != nil {
		details = *row.Details
	}
	details.EnabledRoutes = body.Routes
	row.Details = &details
	row.changed()
	return s.listDeviceRoutes(r)
}

func (s *Server) updateDeviceKey(r *request) answer {
	row := s.devices.byID[r.params["deviceId"]]
	if row == nil {
		return fail(http.StatusNotFound)
	}
	var body struct {
		Disabled *bool `json:"keyExpiryDisabled"`
	}
	if json.Unmarshal(r.body, &body) != nil || body.Disabled == nil {
		return fail(http.StatusBadRequest)
	}
	row.KeyExpiryDisabled = *body.Disabled
	row.changed()
	return done()
}

func (s *Server) setDeviceIP(r *request) answer {
	row := s.devices.byID[r.params["deviceId"]]
	if row == nil {
		return fail(http.StatusNotFound)
	}
	var body struct {
		IPv4 string `json:"ipv4"`
	}
	if json.Unmarshal(r.body, &body) != nil {
		return fail(http.StatusBadRequest)
	}
	addr, err := netip.ParseAddr(body.IPv4)
	if err != nil || !netip.MustParsePrefix("100.64.0.0/10").Contains(addr) {
		return fail(http.StatusBadRequest)
	}
	others := slices.DeleteFunc(slices.Clone(row.Addresses), func(text string) bool {
		old, err := netip.ParseAddr(text)
		return err == nil && old.Is4()
	})
	row.Addresses = append([]string{body.IPv4}, others...)
	row.changed()
	return done()
}
