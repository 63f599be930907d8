// SPDX-License-Identifier: MIT

package metrics

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"tailscale.com/client/local"
	"tailscale.com/client/tailscale/apitype"
	"tailscale.com/ipn/ipnstate"
)

// peers is a tailscaled with one answer.
type peers struct {
	who *apitype.WhoIsResponse
	err error
}

func (p peers) WhoIsProto(context.Context, string, string) (*apitype.WhoIsResponse, error) {
	return p.who, p.err
}

func (p peers) StatusWithoutPeers(context.Context) (*ipnstate.Status, error) {
	return &ipnstate.Status{BackendState: "Running"}, p.err
}

func TestTailscaled(t *testing.T) {
	m, who := New("1.2.3"), &apitype.WhoIsResponse{}
	for _, want := range []error{nil, local.ErrPeerNotFound, fmt.Errorf("so: %w", local.ErrPeerNotFound), errors.New("away"), context.DeadlineExceeded} {
		asked := m.Tailscaled(peers{who, want})
		if got, err := asked.WhoIsProto(t.Context(), "tcp", "100.64.0.1:1"); got != who || err != want {
			t.Errorf("got %v and %v, want what tailscaled said", got, err)
		}
		if status, err := asked.StatusWithoutPeers(t.Context()); status.BackendState != "Running" || err != want {
			t.Errorf("got %v and %v, want what tailscaled said", status, err)
		}
	}
	has(t, m, `tailscale_mcp_whois_total{result="found"} 1`, `tailscale_mcp_whois_total{result="not_found"} 2`,
		`tailscale_mcp_whois_total{result="error"} 2`, `tailscale_mcp_whois_duration_seconds_count 5`)
}

func TestUpstream(t *testing.T) {
	m := New("1.2.3")
	m.Upstream("listDevices", 200, "", 300*time.Millisecond)
	m.Upstream("listDevices", 429, "rate_limited", time.Second)
	m.Upstream("listDevices", 0, "upstream_unavailable", time.Second)
	m.Upstream("\xff", 999, "\xff", time.Second)
	has(t, m,
		`tailscale_mcp_upstream_requests_total{code="ok",operation="listDevices",status="2xx"} 1`,
		`tailscale_mcp_upstream_requests_total{code="rate_limited",operation="listDevices",status="4xx"} 1`,
		`tailscale_mcp_upstream_requests_total{code="upstream_unavailable",operation="listDevices",status="none"} 1`,
		`tailscale_mcp_upstream_requests_total{code="other",operation="other",status="none"} 1`,
		`tailscale_mcp_upstream_request_duration_seconds_bucket{operation="listDevices",le="0.5"} 1`,
	)
}
