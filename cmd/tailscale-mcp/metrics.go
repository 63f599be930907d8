// SPDX-License-Identifier: MIT

package main

import (
	"errors"
	"io"
	"net/http"

	"tailscale-mcp/internal/front"
	"tailscale-mcp/internal/gate"
	"tailscale-mcp/internal/mcpserver"
	"tailscale-mcp/internal/metrics"
	"tailscale-mcp/internal/tool"
	"tailscale-mcp/internal/tool/catalog"
	"tailscale-mcp/internal/upstream/servers"
)

// offered are the names in the registry, by which the metrics count.
func offered(r *gate.Registry) metrics.Offered {
	var o metrics.Offered
	own := r.Of("")
	for _, t := range own.Tools() {
		o.Tools = append(o.Tools, t.Name)
	}
	for _, res := range own.Resources() {
		o.Resources = append(o.Resources, res.URI)
	}
	for _, p := range own.Prompts() {
		o.Prompts = append(o.Prompts, p.Name)
	}
	o.Server = r.Offers
	return o
}

// inUse are the gauges of what callers use now.
func inUse(f *front.Front, behind func() []servers.Stat) func() metrics.Gauges {
	return func() metrics.Gauges {
		s := f.Stats()
		var all []metrics.Server
		for _, one := range behind() {
			all = append(all, metrics.Server{Name: one.Name, Processes: float64(one.Processes), Withheld: float64(one.Withheld)})
		}
		return metrics.Gauges{
			Servers:     all,
			Connections: float64(s.Connections), Idle: float64(s.Idle), Unidentified: float64(s.Unidentified),
			Calls: float64(s.Calls), Streams: float64(s.Streams), Callers: float64(s.Callers), BodyBytes: float64(s.BodyBytes),
		}
	}
}

// metricsPath is where Prometheus asks by itself.
const metricsPath = "/metrics"

// scrape answers GET /metrics with the text of the resource, by the same decision and
// record.
func scrape(d *gate.Dispatcher) front.Handler {
	return func(w http.ResponseWriter, r *http.Request, v *front.Visit) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			front.Refuse(w, http.StatusMethodNotAllowed, "the metrics are read with GET")
			return
		}
		request := mcpserver.Request(r)
		request.Name = catalog.MetricsURI
		text, mimeType, err := d.Read(r.Context(), v.Caller, request)
		front.Recorded(w)
		var refused *tool.Error
		switch {
		case errors.As(err, &refused) && refused.Code == tool.CodeAccessDenied:
			front.Refuse(w, http.StatusForbidden, err.Error())
		case err != nil:
			front.Refuse(w, http.StatusInternalServerError, err.Error())
		default:
			w.Header().Set("Content-Type", mimeType)
			_, _ = io.WriteString(w, text) //nolint:gosec // plain text, and declared as such
		}
	}
}
