// SPDX-License-Identifier: MIT

package fakeapi

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// Hosts and approvals need write scopes, for reads too.
var serviceHostScopes = []string{"services", "devices:core"}

var servicesRoutes = []route{
	{"listServices", "GET", "/tailnet/{tailnet}/services", []string{"services:read"}, nil, (*Server).listServices},
	{"getService", "GET", "/tailnet/{tailnet}/services/{serviceName}", []string{"services:read"}, nil, (*Server).getService},
	{"updateService", "PUT", "/tailnet/{tailnet}/services/{serviceName}", []string{"services"}, nil, (*Server).updateService},
	{"deleteService", "DELETE", "/tailnet/{tailnet}/services/{serviceName}", []string{"services"}, nil, (*Server).deleteService},
	{"listServiceHosts", "GET", "/tailnet/{tailnet}/services/{serviceName}/devices", serviceHostScopes, nil, (*Server).listServiceHosts},
	{"getServiceDeviceApproval", "GET", "/tailnet/{tailnet}/services/{serviceName}/device/{deviceId}/approved", serviceHostScopes, nil, (*Server).getServiceApproval},
	{"updateServiceDeviceApproval", "POST", "/tailnet/{tailnet}/services/{serviceName}/device/{deviceId}/approved", serviceHostScopes, nil, (*Server).updateServiceApproval},
}

// servicesState is what the tailnet has of this group.
type servicesState struct {
	rows []*service
	next int // the last byte of the next one's addresses
}

type service struct {
	Name        string   `json:"name"`
	DisplayName string   `json:"displayName,omitempty"`
	Addrs       []string `json:"addrs"`
	Comment     string   `json:"comment,omitempty"`
	Ports       []string `json:"ports,omitempty"`
	Tags        []string `json:"tags,omitempty"`

	hosts []*serviceHost
}

// serviceHost is a device that serves a Service or was approved to.
type serviceHost struct {
	node           string
	approved, auto bool
}

func newServicesState() servicesState {
	return servicesState{next: 182, rows: []*service{
		{
			Name: "svc:example", DisplayName: "Example Service", Addrs: []string{"100.93.49.180", "fd7a:115c:a1e0::3456:3cb4"},
			Comment: "Example Service", Ports: []string{"tcp:80", "tcp:443"}, Tags: []string{"tag:web"},
			hosts: []*serviceHost{{node: "nWeb1CNTRL", approved: true}, {node: "nWeb2CNTRL"}},
		},
		{
			Name: "svc:bare", Addrs: []string{"100.93.49.181", "fd7a:115c:a1e0::3456:3cb5"},
			hosts: []*serviceHost{{node: "nWeb1CNTRL", approved: true, auto: true}},
		},
	}}
}

func (s *Server) service(name string) *service {
	for _, v := range s.services.rows {
		if v.Name == name {
			return v
		}
	}
	return nil
}

func (s *Server) listServices(*request) answer {
	return jsonAnswer(map[string]any{"vipServices": s.services.rows})
}

func (s *Server) getService(r *request) answer {
	v := s.service(r.params["serviceName"])
	if v == nil {
		return fail(http.StatusNotFound)
	}
	return jsonAnswer(v)
}

// updateService creates, replaces or renames. What the body lacks is gone
// afterwards: the document does not say, and this is what a PUT does.
func (s *Server) updateService(r *request) answer {
	var body service
	if json.Unmarshal(r.body, &body) != nil {
		return fail(http.StatusBadRequest)
	}
	v := s.service(r.params["serviceName"])
	if why := s.wrongService(v, body, r.params["serviceName"]); why != "" {
		return failWith(http.StatusBadRequest, why)
	}
	if v == nil {
		n := s.services.next
		s.services.next++
		v = &service{Addrs: []string{fmt.Sprintf("100.93.49.%d", n), fmt.Sprintf("fd7a:115c:a1e0::3456:3c%02x", n)}}
		s.services.rows = append(s.services.rows, v)
	}
	if len(body.Addrs) > 0 {
		v.Addrs[0] = body.Addrs[0]
	}
	body.Addrs, body.hosts = v.Addrs, v.hosts
	*v = body
	return jsonAnswer(v)
}

// wrongService says what is wrong with a body for the Service v, nil for a new
// one.
func (s *Server) wrongService(v *service, body service, path string) string {
	label, ok := strings.CutPrefix(body.Name, "svc:")
	other := s.service(body.Name)
	switch {
	case !ok || label == "" || len(label) > 63:
		return "a Service's name is svc: and a label"
	case v == nil && body.Name != path:
		return "the name of a new Service must be that of the path"
	case other != nil && other != v:
		return "there is a Service of this name"
	case len(body.DisplayName) > 64:
		return "the display name is too long"
	case v == nil && len(body.Addrs) > 1:
		return "a new Service takes one address"
	case v != nil && (len(body.Addrs) != 2 || body.Addrs[1] != v.Addrs[1]):
		return "a Service keeps its IPv6 address"
	}
	if len(body.Addrs) > 0 {
		if a, err := netip.ParseAddr(body.Addrs[0]); err != nil || !a.Is4() {
			return "the first address must be IPv4"
		}
	}
	for _, p := range body.Ports {
		number, tcp := strings.CutPrefix(p, "tcp:")
		if n, err := strconv.Atoi(number); p != "do-not-validate" && (!tcp || err != nil || n < 1 || n > 65535) {
			return "invalid port " + p
		}
	}
	for _, tag := range body.Tags {
		if !s.policy.hasTag(tag) {
			return "invalid tag " + tag
		}
	}
	return ""
}

func (s *Server) deleteService(r *request) answer {
	v := s.service(r.params["serviceName"])
	if v == nil {
		return fail(http.StatusNotFound)
	}
	s.services.rows = slices.DeleteFunc(s.services.rows, func(o *service) bool { return o == v })
	return done()
}

// listServiceHosts names a host by both keys: the document has stableNodeID, the
// service is said to answer nodeId.
func (s *Server) listServiceHosts(r *request) answer {
	v := s.service(r.params["serviceName"])
	if v == nil {
		return fail(http.StatusNotFound)
	}
	hosts := []map[string]any{}
	for _, h := range v.hosts {
		level := "not-approved"
		if h.approved {
			level = map[bool]string{true: "approved:auto", false: "approved:manual"}[h.auto]
		}
		hosts = append(hosts, map[string]any{"stableNodeID": h.node, "nodeId": h.node, "approvalLevel": level, "configured": "ready"})
	}
	return jsonAnswer(map[string]any{"hosts": hosts})
}

// serviceHost returns the host of the path; a device of the tailnet that is none
// yet may be approved ahead.
func (s *Server) serviceHost(r *request) (*service, *serviceHost) {
	v := s.service(r.params["serviceName"])
	if v == nil {
		return nil, nil
	}
	node := r.params["deviceId"]
	row := s.devices.byID[node]
	if row != nil {
		node = cmp.Or(row.NodeID, node)
	}
	for _, h := range v.hosts {
		if h.node == node {
			return v, h
		}
	}
	if row == nil {
		return v, nil
	}
	return v, &serviceHost{node: node}
}

func (h *serviceHost) answer() answer {
	return jsonAnswer(map[string]bool{"approved": h.approved, "autoApproved": h.auto})
}

func (s *Server) getServiceApproval(r *request) answer {
	_, h := s.serviceHost(r)
	if h == nil {
		return fail(http.StatusNotFound)
	}
	return h.answer()
}

func (s *Server) updateServiceApproval(r *request) answer {
	v, h := s.serviceHost(r)
	if h == nil {
		return fail(http.StatusNotFound)
	}
	var body struct {
		Approved *bool `json:"approved"`
	}
	if json.Unmarshal(r.body, &body) != nil || body.Approved == nil {
		return fail(http.StatusBadRequest)
	}
	h.approved, h.auto = *body.Approved, false
	if !slices.Contains(v.hosts, h) {
		v.hosts = append(v.hosts, h)
	}
	return h.answer()
}
