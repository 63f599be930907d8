// SPDX-License-Identifier: MIT

package services

import (
	"context"
	"encoding/json"
	"net/netip"
	"strconv"
	"strings"
	"unicode/utf8"

	"tailscale-mcp/internal/failure"
	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/tool"
	"tailscale-mcp/internal/tool/devices/tags"
	"tailscale-mcp/internal/tsapi"
)

// setInput names the fields to change; a field whose pointer or list is nil stays as it is.
type setInput struct {
	Service     string   `json:"service" jsonschema:"svc:web or web"`
	NewName     string   `json:"newName,omitempty" jsonschema:"renames it, such as svc:shop"`
	DisplayName *string  `json:"displayName,omitempty" jsonschema:"for people, such as Web shop"`
	Comment     *string  `json:"comment,omitempty" jsonschema:"a remark"`
	Ports       []string `json:"ports,omitempty" jsonschema:"such as tcp:443; do-not-validate alone accepts any"`
	Tags        []string `json:"tags,omitempty" jsonschema:"such as tag:web"`
	IPv4        string   `json:"ipv4,omitempty" jsonschema:"such as 100.100.0.7"`
}

type setOutput struct {
	Created  bool        `json:"created" jsonschema:"there was no Service of this name before"`
	Previous tool.Object `json:"previous,omitempty" jsonschema:"the Service before; absent when it was created"`
	Service  tool.Object `json:"service" jsonschema:"the Service now"`
}

// Idempotent: without a new name a repetition changes nothing; with one it finds no
// Service of the old name and is refused.
func (s *services) set() tool.Tool {
	return tool.New(tool.Definition{
		Name:        "set_service",
		Title:       "Create or change a Service",
		Group:       group,
		Target:      "service",
		Operations:  []string{"getService", "updateService"},
		Class:       grant.Write,
		Idempotent:  true,
		Example:     json.RawMessage(`{"service":"svc:bare","displayName":"Bare","ports":["tcp:443"],"ipv4":"100.93.49.9"}`),
		Description: "Creates a Tailscale Service, or changes the one of that name: what is left out stays, a list replaces the whole one. Its hosts: approve_service_host.",
	}, func(ctx context.Context, _ tool.Call, in setInput) (setOutput, error) {
		name, err := fullName(in.Service)
		if err != nil {
			return setOutput{}, err
		}
		newName := name
		if in.NewName != "" {
			if newName, err = fullName(in.NewName); err != nil {
				return setOutput{}, err
			}
		}
		if err := in.check(); err != nil {
			return setOutput{}, err
		}
		before, err := s.get(ctx, name)
		created := failure.CodeOf(err) == failure.NotFound && newName == name
		if err != nil && !created {
			return setOutput{}, err
		}
		if newName != name {
			if err := s.free(ctx, newName); err != nil {
				return setOutput{}, err
			}
		}
		body, err := in.apply(tool.Whole(before), newName)
		if err != nil {
			return setOutput{}, err
		}
		now, err := s.api.Object(ctx, tsapi.Request{Op: "updateService", Params: []string{name}, Body: body})
		if err != nil {
			return setOutput{}, err
		}
		out := setOutput{Created: created, Service: tool.Whole(now)}
		if !created {
			out.Previous = tool.Whole(before)
		}
		return out, nil
	})
}

// free refuses a name that another Service has: the API does not document what
// becomes of the two.
func (s *services) free(ctx context.Context, name string) error {
	_, err := s.get(ctx, name)
	switch failure.CodeOf(err) {
	case failure.NotFound:
		return nil
	case "":
		return &tsapi.Error{
			Code:    failure.Conflict,
			Message: "nothing was changed: there is a Service " + name + " already",
			Next:    "choose another newName, or see list_services",
		}
	}
	return err
}

// apply returns the body of the request. The meaning of omitted fields is not
// documented, so every field of the present Service is sent back, unknown ones included.
func (in setInput) apply(present tool.Object, name string) (tool.Object, error) {
	changes := map[string]any{"name": name}
	if in.DisplayName != nil {
		changes["displayName"] = *in.DisplayName
	}
	if in.Comment != nil {
		changes["comment"] = *in.Comment
	}
	if in.Ports != nil {
		changes["ports"] = in.Ports
	}
	if in.Tags != nil {
		changes["tags"] = in.Tags
	}
	if in.IPv4 != "" {
		// A Service that exists wants both, and keeps its IPv6 address.
		addrs := []string{in.IPv4}
		var had []string
		if value, ok := present["addrs"]; ok && json.Unmarshal(value, &had) == nil {
			for _, a := range had {
				if parsed, err := netip.ParseAddr(a); err == nil && parsed.Is6() {
					addrs = append(addrs, a)
				}
			}
		}
		changes["addrs"] = addrs
	}
	for field, value := range changes {
		text, err := json.Marshal(value)
		if err != nil {
			return nil, err
		}
		present[field] = text
	}
	return present, nil
}

func (in setInput) check() error {
	if in.DisplayName != nil && utf8.RuneCountInString(*in.DisplayName) > 64 {
		return tool.Invalidf("shorten it to 64 characters", "displayName is too long")
	}
	for _, p := range in.Ports {
		number, isTCP := strings.CutPrefix(p, "tcp:")
		n, err := strconv.ParseUint(number, 10, 16)
		if alone := p == "do-not-validate" && len(in.Ports) == 1; !alone && (!isTCP || err != nil || n == 0) {
			return tool.Invalidf("give ports such as tcp:443, or do-not-validate alone", "a port is neither tcp: with a number from 1 to 65535 nor do-not-validate alone")
		}
	}
	for i, tag := range in.Tags {
		tag = tags.Normal(tag)
		in.Tags[i] = tag
		if len(tag) < len("tag:x") || !strings.HasPrefix(tag, "tag:") {
			return tool.Invalidf("give tags such as tag:web", "a tag does not begin with tag:")
		}
	}
	if a, err := netip.ParseAddr(in.IPv4); in.IPv4 != "" && (err != nil || !a.Is4()) {
		return tool.Invalidf("give an address such as 100.100.0.7", "ipv4 is no IPv4 address")
	}
	return nil
}
