// SPDX-License-Identifier: MIT

package metrics

import "github.com/prometheus/client_golang/prometheus"

// Gauges are what is there at one moment.
type Gauges struct {
	// Connections are the open ones; Idle and Unidentified are some of them.
	Connections, Idle, Unidentified float64
	Calls, Streams                  float64
	// Callers are those that limits are kept for.
	Callers float64
	// BodyBytes are those of bodies that are being read.
	BodyBytes float64
	// Servers are those behind this one.
	Servers []Server
}

// Gauges sets what is asked at every scrape. Without it there are no gauges of
// this program.
func (m *Metrics) Gauges(read func() Gauges) { m.gauges.Store(&read) }

var gauges = []struct {
	desc  *prometheus.Desc
	value func(Gauges) float64
}{
	{describe("open_connections", "Connections that are open now."), func(g Gauges) float64 { return g.Connections }},
	{describe("idle_connections", "Open connections without a request."), func(g Gauges) float64 { return g.Idle }},
	{describe("unidentified_connections", "Open connections of which tailscaled has not said yet whose they are."), func(g Gauges) float64 { return g.Unidentified }},
	{describe("calls_in_flight", "Requests other than streams that are being answered now, and changes whose caller has gone."), func(g Gauges) float64 { return g.Calls }},
	{describe("open_streams", "Streams that are open now."), func(g Gauges) float64 { return g.Streams }},
	{describe("callers", "Callers that limits are kept for now."), func(g Gauges) float64 { return g.Callers }},
	{describe("body_bytes", "Bytes of the bodies of requests that are being read now."), func(g Gauges) float64 { return g.BodyBytes }},
}

func describe(name, help string) *prometheus.Desc {
	return prometheus.NewDesc(prefix+name, help, nil, nil)
}

// state collects the gauges, all from one answer, so that they fit together.
type state struct{ m *Metrics }

// Describe implements prometheus.Collector.
func (s state) Describe(ch chan<- *prometheus.Desc) {
	for _, g := range gauges {
		ch <- g.desc
	}
	ch <- serverProcesses
	ch <- serverWithheld
}

// Collect implements prometheus.Collector. Should it panic, the registry makes
// an error of that.
func (s state) Collect(ch chan<- prometheus.Metric) {
	read := s.m.gauges.Load()
	if read == nil {
		return
	}
	now := (*read)()
	for _, g := range gauges {
		ch <- prometheus.MustNewConstMetric(g.desc, prometheus.GaugeValue, g.value(now))
	}
	collect(now.Servers, ch)
}
