// SPDX-License-Identifier: MIT

// Package metrics counts what passes between the stages, in Prometheus' format.
// It decorates what is there: the stream of audit records, the questions to
// tailscaled, the requests to the Tailscale API; a stage needs no code for it.
//
// It imports audit, for the records, and the LocalAPI's types. It never changes
// what it decorates: answers and errors pass through as they are.
//
// No label holds a login, a node, an address or the URI of one member of a
// family, and no caller can make a value up: what callers name is counted by the
// names that this host offers, and everything else as "unknown" or "other".
package metrics

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/common/expfmt"
)

// scrapeTimeout bounds one scrape. Prometheus itself waits ten seconds, unless
// it is told otherwise.
const scrapeTimeout = 5 * time.Second

// Metrics are the metrics of one daemon. It is safe for concurrent use.
type Metrics struct {
	registry *prometheus.Registry
	// scraping has room for one: a second scrape waits for the first.
	scraping chan struct{}
	gauges   atomic.Pointer[func() Gauges]

	decisions    *prometheus.CounterVec
	outcomes     *prometheus.CounterVec
	outcomeTook  *prometheus.HistogramVec
	records      *prometheus.CounterVec
	recordsLost  *prometheus.CounterVec
	journalLost  *prometheus.CounterVec
	whois        *prometheus.CounterVec
	whoisTook    *prometheus.HistogramVec
	upstream     *prometheus.CounterVec
	upstreamTook *prometheus.HistogramVec
	limited      *prometheus.CounterVec
	requests     *prometheus.CounterVec
	requestTook  *prometheus.HistogramVec
	serverCalls  *prometheus.CounterVec
	serverTook   *prometheus.HistogramVec
	serverStarts *prometheus.CounterVec

	codes      few
	operations few
	// servers and serverTools are names that an administrator has approved.
	servers, serverTools few
}

// New returns the metrics of a program of that version, in a registry of their
// own, with those of the Go runtime and of the process.
func New(version string) *Metrics {
	m := &Metrics{
		registry:   prometheus.NewRegistry(),
		scraping:   make(chan struct{}, 1),
		codes:      few{most: 40},
		operations: few{most: 120}, // the API has 93
		servers:    few{most: 128}, serverTools: few{most: 1000},
	}
	build := prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: prefix + "build_info", Help: "The version of tailscale-mcp that runs; the value is always 1.",
	}, []string{"version"})
	build.WithLabelValues(clean(version)).Set(1)
	m.defineAudit()
	m.defineUpstream()
	m.defineHTTP()
	m.defineServers()
	m.registry.MustRegister(build, state{m}, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

const prefix = "tailscale_mcp_"

func (m *Metrics) counter(name, help string, labels ...string) *prometheus.CounterVec {
	v := prometheus.NewCounterVec(prometheus.CounterOpts{Name: prefix + name, Help: help}, labels)
	m.registry.MustRegister(v)
	return v
}

func (m *Metrics) histogram(name, help string, buckets []float64, labels ...string) *prometheus.HistogramVec {
	v := prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: prefix + name, Help: help, Buckets: buckets}, labels)
	m.registry.MustRegister(v)
	return v
}

// Text returns all metrics in the text format 0.0.4. One scrape is made at a
// time. A scrape that hangs is given up with an error, and those after it wait
// no longer than that either, so no more than one can ever hang.
func (m *Metrics) Text(ctx context.Context) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, scrapeTimeout)
	defer cancel()
	select {
	case m.scraping <- struct{}{}:
	case <-ctx.Done():
		return "", fmt.Errorf("waiting for another scrape of the metrics to end: %w", ctx.Err())
	}
	type scrape struct {
		text string
		err  error
	}
	done := make(chan scrape, 1)
	go func() {
		defer func() { <-m.scraping }()
		text, err := m.gather()
		done <- scrape{text, err}
	}()
	select {
	case s := <-done:
		return s.text, s.err
	case <-ctx.Done():
		return "", fmt.Errorf("gathering metrics: %w", ctx.Err())
	}
}

// gather reports a panic as an error: it runs where nobody above could recover.
func (m *Metrics) gather() (text string, err error) {
	defer func() {
		if p := recover(); p != nil {
			text, err = "", fmt.Errorf("gathering metrics: panic: %v", p)
		}
	}()
	families, err := m.registry.Gather()
	if err != nil {
		return "", fmt.Errorf("gathering metrics: %w", err)
	}
	var b bytes.Buffer
	for _, family := range families {
		if strings.HasPrefix(family.GetName(), "process_network_") {
			continue // what all of the host sends and receives, whatever the help text says
		}
		if _, err := expfmt.MetricFamilyToText(&b, family); err != nil {
			return "", fmt.Errorf("writing metrics: %w", err)
		}
	}
	return b.String(), nil
}
