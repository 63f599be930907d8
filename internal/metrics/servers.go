// SPDX-License-Identifier: MIT

package metrics

import (
	"strings"

	"github.com/prometheus/client_golang/prometheus"

	"tailscale-mcp/internal/audit"
)

func (m *Metrics) defineServers() {
	m.serverCalls = m.counter("server_calls_total",
		"Requests to servers behind this one that were refused or have ended: the server, its tool if one was called, "+
			"and ok, is_error where the tool says that it failed, refused, or the code of the error.",
		"server", "tool", "outcome")
	m.serverTook = m.histogram("server_call_duration_seconds",
		"How long allowed requests to servers behind this one took, the start of a process included.",
		[]float64{0.005, 0.025, 0.1, 0.5, 1, 5, 15, 60, 300}, "server")
	m.serverStarts = m.counter("server_starts_total",
		"Starts of processes of servers behind this one: started; not_started, where it did not come to say what it is; "+
			"died_early, of those that were started and ended by themselves within ten seconds.",
		"server", "result")
}

// Server is one server behind this one at one moment.
type Server struct {
	Name string
	// Processes run or are being started; Withheld are the things of its pin that are not
	// served, since a process has shown them differently.
	Processes, Withheld float64
}

// ServerStart counts what became of a start of a server.
func (m *Metrics) ServerStart(server, result string) {
	m.serverStarts.WithLabelValues(m.servers.value(server), among(result, []string{"started", "not_started", "died_early"})).Inc()
}

// server counts a record about a server. Only what it offers has a label of its own.
func (m *Metrics) server(r audit.Record, offers func(server, tool string) bool) {
	outcome := r.Code
	switch {
	case r.Event == audit.Decision && !r.Allowed:
		outcome = "refused"
	case r.Event != audit.Outcome:
		return
	case r.IsError:
		outcome = "is_error"
	case outcome == "":
		outcome = "ok"
	}
	server, tool := unknown, ""
	if offers != nil && offers(r.Server, "") {
		server = m.servers.value(r.Server)
	}
	if r.Method == "tools/call" {
		tool = unknown
		if name := strings.TrimPrefix(r.Name, r.Server+"/"); server != unknown && name != "" && offers(r.Server, name) {
			tool = m.serverTools.value(name)
		}
	}
	m.serverCalls.WithLabelValues(server, tool, m.codes.value(outcome)).Inc()
	if r.Event == audit.Outcome {
		m.serverTook.WithLabelValues(server).Observe(r.Duration.Seconds())
	}
}

var (
	serverProcesses = prometheus.NewDesc(prefix+"server_processes", "Processes of a server behind this one that run or are being started now.", []string{"server"}, nil)
	serverWithheld  = prometheus.NewDesc(prefix+"server_withheld",
		"Approved tools, prompts and other things of a server that are withheld now, from everybody or from some callers, since it shows them differently than they were approved.", []string{"server"}, nil)
)

// collect are the gauges of servers.
func collect(all []Server, ch chan<- prometheus.Metric) {
	for _, s := range all {
		ch <- prometheus.MustNewConstMetric(serverProcesses, prometheus.GaugeValue, s.Processes, s.Name)
		ch <- prometheus.MustNewConstMetric(serverWithheld, prometheus.GaugeValue, s.Withheld, s.Name)
	}
}
