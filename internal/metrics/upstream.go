// SPDX-License-Identifier: MIT

package metrics

import (
	"context"
	"errors"
	"time"

	"tailscale.com/client/local"
	"tailscale.com/client/tailscale/apitype"
	"tailscale.com/ipn/ipnstate"
)

func (m *Metrics) defineUpstream() {
	m.whois = m.counter("whois_total", "Questions to tailscaled who is at an address: found, not_found, or error.", "result")
	for _, result := range []string{found, notFound, failed} {
		m.whois.WithLabelValues(result)
	}
	m.whoisTook = m.histogram("whois_duration_seconds", "How long tailscaled took to say who is at an address.",
		[]float64{0.001, 0.005, 0.025, 0.1, 0.5, 2})
	m.upstream = m.counter("upstream_requests_total",
		"Requests to the Tailscale API: the operation, the class of the status or none, and the code of the error, or ok.",
		"operation", "status", "code")
	m.upstreamTook = m.histogram("upstream_request_duration_seconds", "How long requests to the Tailscale API took, by operation.",
		[]float64{0.1, 0.25, 0.5, 1, 2.5, 10}, "operation")
}

const (
	found    = "found"
	notFound = "not_found"
	failed   = "error"
)

// Tailscaled is what identity asks; *local.Client is one.
type Tailscaled interface {
	WhoIsProto(ctx context.Context, proto, remoteAddr string) (*apitype.WhoIsResponse, error)
	StatusWithoutPeers(ctx context.Context) (*ipnstate.Status, error)
}

// Tailscaled returns a tailscaled that asks next and counts its answers.
func (m *Metrics) Tailscaled(next Tailscaled) Tailscaled { return &tailscaled{next, m} }

type tailscaled struct {
	Tailscaled
	m *Metrics
}

// WhoIsProto implements [Tailscaled].
func (t *tailscaled) WhoIsProto(ctx context.Context, proto, remoteAddr string) (*apitype.WhoIsResponse, error) {
	begun := time.Now()
	who, err := t.Tailscaled.WhoIsProto(ctx, proto, remoteAddr)
	result := found
	switch {
	case errors.Is(err, local.ErrPeerNotFound):
		result = notFound
	case err != nil:
		result = failed
	}
	t.m.whoisTook.WithLabelValues().Observe(time.Since(begun).Seconds())
	t.m.whois.WithLabelValues(result).Inc()
	return who, err
}

// Upstream counts a request to the Tailscale API. status is zero where there was
// no answer, and code is empty where there was no error.
func (m *Metrics) Upstream(operation string, status int, code string, took time.Duration) {
	if code == "" {
		code = "ok"
	}
	operation = m.operations.value(operation)
	m.upstream.WithLabelValues(operation, class(status), m.codes.value(code)).Inc()
	m.upstreamTook.WithLabelValues(operation).Observe(took.Seconds())
}
