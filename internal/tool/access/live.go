// SPDX-License-Identifier: MIT

package access

import (
	"context"
	"fmt"

	"tailscale-mcp/internal/policy"
	"tailscale-mcp/internal/policy/tailnet"
	"tailscale-mcp/internal/tsapi"
)

// ends are the two devices of a question; nil where an end is none, or several.
type ends struct{ src, dst *tailnet.Device }

// ends copies what outlives the evaluation.
func (q question) ends() ends {
	one := func(e policy.Endpoint) *tailnet.Device {
		devices := e.Devices(q.policy)
		if len(devices) != 1 {
			return nil
		}
		d := q.Tailnet.Devices[devices[0]]
		return &d
	}
	return ends{one(q.Src), one(q.Dst)}
}

// live are the layers that are asked about when the policy has been evaluated: they take
// their time, and others wait for an evaluation.
func (e explainer) live(ctx context.Context, between ends) []layer {
	return append(e.name(ctx, between), e.ping(ctx, between)...)
}

// name is the layer of the destination's MagicDNS name.
//
// https://tailscale.com/api#tag/dns/GET/tailnet/{tailnet}/dns/preferences
func (e explainer) name(ctx context.Context, between ends) []layer {
	if between.dst == nil || between.dst.FQDN == "" {
		return nil
	}
	o, err := e.api.Object(ctx, tsapi.Request{Op: "getDnsPreferences"})
	if err != nil {
		return nil // a name is a convenience: addresses work without
	}
	if on, ok := o.Field("magicDNS"); ok && string(on) == "false" {
		return []layer{{
			Layer: "name", Holds: policy.Unknown.String(), Text: "MagicDNS is off in the tailnet: the name " + between.dst.FQDN + " does not resolve, and the address works.",
			Next: "use the address, or turn MagicDNS on with set_dns_preferences",
		}}
	}
	return []layer{{Layer: "name", Holds: policy.Yes.String(), Text: "Its name is " + between.dst.FQDN + ", for a source that takes the tailnet's DNS."}}
}

// elsewhere is the layer of the path between two other devices, which this host does not
// see: where to ask for it.
func (e explainer) elsewhere(ctx context.Context, between ends) []layer {
	src, dst := between.src, between.dst
	if src == nil || dst == nil || src.ID == dst.ID {
		return nil
	}
	if here := e.host.ID(ctx); here == "" || here == src.ID || here == dst.ID {
		return nil
	}
	return []layer{{
		Layer: "path", Holds: policy.Unknown.String(), Text: "Whether they are connected directly or by a relay only they can tell: neither is this host.",
		Next: fmt.Sprintf("run tailscale ping %s on %s", dst.Name, src.Name),
	}}
}

// ping is the layer of a ping, where this host is one end.
func (e explainer) ping(ctx context.Context, between ends) []layer {
	src, dst := between.src, between.dst
	if src == nil || dst == nil || src.ID == dst.ID {
		return nil
	}
	other := dst
	switch e.host.ID(ctx) {
	case src.ID:
	case dst.ID:
		other = src
	default:
		return nil
	}
	if len(other.Addrs) == 0 {
		return nil
	}
	path, err := e.host.Ping(ctx, other.Addrs[0])
	if err != nil {
		return []layer{{Layer: "ping", Holds: policy.Unknown.String(), Text: fmt.Sprintf("%s does not answer a ping from this host: %v.", other.Name, err), Next: "see ping_peer"}}
	}
	return []layer{{Layer: "ping", Holds: policy.Yes.String(), Text: fmt.Sprintf("%s answers a ping from this host (%s).", other.Name, path)}}
}
