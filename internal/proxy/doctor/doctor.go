// SPDX-License-Identifier: MIT

// Package doctor walks the way of a request of the relay, from its configuration to the
// tools that are granted, with what the relay itself uses, and stops at the first break
// with what to do about it. Nothing in it fails: what is wrong is a finding.
package doctor

import (
	"context"

	"tailscale-mcp/internal/proxy"
	"tailscale-mcp/internal/proxy/route"
)

// Options are what a walk goes by.
type Options struct {
	// Client and Version are what the doctor calls itself to the server.
	Client, Version string
	// Relay is the configuration of the relay.
	Relay proxy.Config
	// Note is what a person should know of the configuration; empty when nothing.
	Note string
}

// Walk tries the steps, and hands each finding on as it comes. ctx bounds the whole;
// each step has a tighter bound of its own.
func Walk(ctx context.Context, o Options, each func(Finding)) Report {
	w := &walk{o: o, path: route.NewPath(ctx, o.Relay.Route())}
	defer w.close()
	report := Report{Server: o.Relay.Server.String(), OK: true}
	for _, step := range steps {
		f := Finding{Status: NotTried}
		if report.OK {
			f = step.try(ctx, w)
			report.OK = f.Status != Fail
		}
		f.Step = step.name
		report.Steps = append(report.Steps, f)
		each(f)
	}
	return report
}

// Steps are the names of the steps, in the order of a request.
func Steps() []string {
	var names []string
	for _, step := range steps {
		names = append(names, step.name)
	}
	return names
}

// walk is what the steps of the doctor hand on.
type walk struct {
	o    Options
	path *route.Path
	*dialogue
	who whoami
}

// close ends the relay, once there is one.
func (w *walk) close() {
	if w.dialogue != nil {
		w.dialogue.close()
	}
}

// steps are the way of a request, in its order.
var steps = []struct {
	name string
	try  func(context.Context, *walk) Finding
}{
	{"configuration", configuration},
	{"tailscaled", tailscaled},
	{"state", state},
	{"name", name},
	{"node", node},
	{"connection", connection},
	{"protocol", protocol},
	{"identity", identity},
	{"tools", tools},
	{"latency", latency},
}
