// SPDX-License-Identifier: MIT

package fakeapi

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"
)

// SetDevices replaces the devices. What the API needs and a device lacks is made
// up: IDs, a name, a key expiry.
func (s *Server) SetDevices(devices []Device) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.devices = deviceTable{}
	for i, d := range devices {
		setDefault(&d.ID, fmt.Sprint(firstID+int64(i)))
		setDefault(&d.NodeID, "n"+d.ID+"CNTRL")
		setDefault(&d.Hostname, "device-"+d.ID)
		setDefault(&d.Name, d.Hostname+"."+s.options.MagicDNSDomain)
		setDefault(&d.Created, epoch.Format(time.RFC3339))
		setDefault(&d.Expires, epoch.AddDate(0, 6, 0).Format(time.RFC3339))
		s.devices.add(d)
	}
}

// AddDevices adds n made-up devices. The same calls make the same devices,
// whatever the time is.
func (s *Server) AddDevices(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for range n {
		s.devices.add(makeDevice(len(s.devices.rows), s.options.MagicDNSDomain))
	}
}

// Devices returns the devices as they are now.
func (s *Server) Devices() []Device {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]Device, 0, len(s.devices.rows))
	for _, row := range s.devices.rows {
		all = append(all, row.Device)
	}
	return all
}

func (s *Server) listDevices(r *request) answer {
	all, ok := allFields(r)
	if !ok {
		return fail(http.StatusBadRequest)
	}
	body := []byte(`{"devices":[`)
	first := true
rows:
	for _, row := range s.devices.rows {
		for field, values := range r.query {
			if field == "fields" {
				continue
			}
			for _, value := range values {
				fits, valid := row.fits(field, value)
				if !valid {
					return fail(http.StatusBadRequest)
				}
				if !fits {
					continue rows
				}
			}
		}
		if !first {
			body = append(body, ',')
		}
		first = false
		body = append(body, row.json(all)...)
	}
	return answer{status: http.StatusOK, contentType: "application/json", body: append(body, "]}"...)}
}

func (s *Server) getDevice(r *request) answer {
	all, ok := allFields(r)
	if !ok {
		return fail(http.StatusBadRequest)
	}
	row := s.devices.byID[r.params["deviceId"]]
	if row == nil {
		return fail(http.StatusNotFound)
	}
	return answer{status: http.StatusOK, contentType: "application/json", body: row.json(all)}
}

func allFields(r *request) (all, ok bool) {
	switch r.query.Get("fields") {
	case "all":
		return true, true
	case "", "default":
		return false, true
	}
	return false, false
}

func (s *Server) deleteDevice(r *request) answer {
	row := s.devices.byID[r.params["deviceId"]]
	switch {
	case row == nil:
		return fail(http.StatusBadRequest) // no 404 is documented
	case row.IsExternal:
		return fail(http.StatusNotImplemented)
	}
	s.devices.remove(row)
	return done()
}

func (s *Server) expireDeviceKey(r *request) answer {
	row := s.devices.byID[r.params["deviceId"]]
	if row == nil || row.IsExternal { // of the caller's tailnet only, and 501 is not documented
		return fail(http.StatusNotFound)
	}
	now := s.now().UTC().Format(time.RFC3339)
	row.Expires, row.KeyExpiryDisabled = now, false
	if row.ConnectedToControl {
		row.ConnectedToControl, row.LastSeen = false, now
	}
	row.changed()
	return done()
}

func (s *Server) authorizeDevice(r *request) answer {
	row := s.devices.byID[r.params["deviceId"]]
	if row == nil {
		return fail(http.StatusNotFound)
	}
	var body struct {
		Authorized *bool `json:"authorized"`
	}
	if json.Unmarshal(r.body, &body) != nil || body.Authorized == nil {
		return fail(http.StatusBadRequest)
	}
	row.Authorized = *body.Authorized
	row.changed()
	return done()
}

// label is one label of a DNS name (RFC 1123 §2.1).
var label = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)

func (s *Server) setDeviceName(r *request) answer {
	row := s.devices.byID[r.params["deviceId"]]
	if row == nil {
		return fail(http.StatusNotFound)
	}
	var body struct {
		Name string `json:"name"`
	}
	if json.Unmarshal(r.body, &body) != nil {
		return fail(http.StatusBadRequest)
	}
	domain := "." + s.options.MagicDNSDomain
	base := strings.TrimSuffix(strings.ToLower(body.Name), domain)
	if base == "" {
		base = row.osName
	}
	if !label.MatchString(base) {
		return fail(http.StatusBadRequest)
	}
	// A name that is taken gets a number, as when a second machine of the same
	// name joins.
	name := base + domain
	for n := 1; slices.ContainsFunc(s.devices.rows, func(o *deviceRow) bool { return o != row && o.Name == name }); n++ {
		name = fmt.Sprintf("%s-%d%s", base, n, domain)
	}
	row.Name = name
	row.changed()
	return done()
}

func (s *Server) setDeviceTags(r *request) answer {
	row := s.devices.byID[r.params["deviceId"]]
	var body struct {
		Tags []string `json:"tags"`
	}
	decoder := json.NewDecoder(bytes.NewReader(r.body))
	if row == nil || decoder.Decode(&body) != nil || body.Tags == nil {
		return fail(http.StatusBadRequest) // no 404 is documented
	}
	var bad []string
	for _, tag := range body.Tags {
		if !s.policy.hasTag(tag) {
			bad = append(bad, tag)
		}
	}
	if len(bad) > 0 {
		return failWith(http.StatusBadRequest, fmt.Sprintf("requested tags %v are invalid or not permitted", bad))
	}
	row.Tags = body.Tags
	row.changed()
	return done()
}
