// SPDX-License-Identifier: MIT

package localapi

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"tailscale.com/net/netcheck"
	"tailscale.com/net/netmon"
	"tailscale.com/tailcfg"
	"tailscale.com/types/logger"

	"tailscale-mcp/internal/failure"
)

// netcheckTimeout bounds a netcheck. It ends by itself after
// netcheck.ReportTimeout (5 s); this is for what is beside it, as name lookups.
const netcheckTimeout = netcheck.ReportTimeout + 3*time.Second

// Netcheck is what was found out about the network around this host.
type Netcheck struct {
	*netcheck.Report
	// Map names the regions of Report.
	Map *tailcfg.DERPMap
	// Took is how long it took to find out.
	Took time.Duration
}

// Netcheck probes the network as `tailscale netcheck` does: in this process, with
// sockets of its own, towards the DERP servers that tailscaled has been told of.
// Mapping ports on the router is left out. It ends once the nearest regions have
// answered, or with everyRegion when all have; always within 8 seconds. Those
// who ask at the same time share one run and its answer. No socket is left open.
func (l *Local) Netcheck(ctx context.Context, everyRegion bool) (*Netcheck, error) {
	m, err := ask(ctx, l, l.api.CurrentDERPMap)
	if err != nil {
		return nil, err
	}
	if m == nil || len(m.Regions) == 0 {
		if _, err := l.Self(ctx); err != nil {
			return nil, err
		}
		return nil, &failure.Error{
			Code:    failure.UpstreamUnavailable,
			Message: "tailscaled has not been told of any DERP region, so there is nothing to probe",
			Next:    "try again in a moment; if it lasts, an administrator of the tailnet looks at \"derpMap\" in the policy file",
		}
	}
	found, err := l.checks.Do(ctx, strconv.FormatBool(everyRegion), func(ctx context.Context) (*Netcheck, error) {
		return l.probe(ctx, m, everyRegion)
	})
	return found, ended(ctx, err)
}

func (l *Local) probe(ctx context.Context, m *tailcfg.DERPMap, everyRegion bool) (*Netcheck, error) {
	ctx, cancel := context.WithTimeout(ctx, netcheckTimeout)
	defer cancel() // closes the sockets as well
	start := time.Now()
	monitor := netmon.NewStatic() // looks once, watches nothing
	if monitor.InterfaceState() == nil {
		return nil, &failure.Error{
			Code:    failure.PermissionDenied,
			Message: "this program may not see the network interfaces of this host",
			Next: "do without the network check if the service is meant to have no network (PrivateNetwork=yes); " +
				"else an administrator of this host admits AF_NETLINK in RestrictAddressFamilies= of tailscale-mcp.service",
		}
	}
	c := &netcheck.Client{
		NetMon: monitor,
		Logf:   logger.Discard,
		// The client's way of waiting for every region, see its enoughRegions.
		Verbose: everyRegion,
	}
	// Without a UDP socket it goes on over HTTPS; that UDP does not work is then
	// what there is to report.
	_ = c.Standalone(ctx, l.bind)
	report, err := c.GetReport(ctx, m, nil)
	if err != nil {
		return nil, fmt.Errorf("running a netcheck: %w", err)
	}
	return &Netcheck{Report: report, Map: m, Took: time.Since(start)}, nil
}
