// SPDX-License-Identifier: MIT

package logs

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"net/netip"
	"slices"
	"strings"

	"tailscale-mcp/internal/failure"
	"tailscale-mcp/internal/tsapi"
)

// flow is all traffic between two ends that is of one service.
type flow struct {
	From     string `json:"from" jsonschema:"the device that asked for the service, as far as the ports tell, or its address"`
	To       string `json:"to" jsonschema:"the device that offers it, or its address"`
	Service  string `json:"service" jsonschema:"protocol and port, such as tcp/443; no port where both are of the kind that systems choose"`
	Kind     string `json:"kind" jsonschema:"virtual (between devices), subnet or exit"`
	Sent     uint64 `json:"sent" jsonschema:"bytes from from to to"`
	Received uint64 `json:"received" jsonschema:"bytes from to to from"`
	Packets  uint64 `json:"packets" jsonschema:"both ways"`
}

func (f flow) bytes() uint64 { return f.Sent + f.Received }

// key orders flows by their bytes, the largest first.
func (f flow) key() string {
	return fmt.Sprintf("%020d %s", math.MaxUint64-f.bytes(), strings.Join([]string{f.From, f.To, f.Service, f.Kind}, " "))
}

// kinds are those of traffic that is added up. The fourth, physical, is what carries them:
// it would count twice.
var kinds = []string{"virtual", "subnet", "exit"}

// connection is one of a report. Its protocol may be a name or a number.
type connection struct {
	Proto   json.RawMessage `json:"proto"`
	Src     string          `json:"src"`
	Dst     string          `json:"dst"`
	TxPkts  uint64          `json:"txPkts"`
	TxBytes uint64          `json:"txBytes"`
	RxPkts  uint64          `json:"rxPkts"`
	RxBytes uint64          `json:"rxBytes"`
}

// sumUp adds up the traffic in reports. Both ends report what they exchange, so of a flow
// that several devices have reported, the report with the most counts.
func sumUp(reports []tsapi.Object, who *directory) ([]flow, error) {
	type same struct{ from, to, service, kind string }
	sums := map[same]map[string]flow{}
	for _, report := range reports {
		reporter := report.Text("nodeId")
		for _, kind := range kinds {
			connections, err := connectionsOf(report, kind+"Traffic")
			if err != nil {
				return nil, err
			}
			for _, c := range connections {
				f, wanted := who.flowOf(reporter, kind, c)
				if !wanted {
					continue
				}
				id := same{f.From, f.To, f.Service, f.Kind}
				if sums[id] == nil {
					sums[id] = map[string]flow{}
				}
				sum := sums[id][reporter]
				f.Sent, f.Received, f.Packets = f.Sent+sum.Sent, f.Received+sum.Received, f.Packets+sum.Packets
				sums[id][reporter] = f
			}
		}
	}
	all := make([]flow, 0, len(sums))
	for _, reported := range sums {
		all = append(all, slices.MaxFunc(slices.Collect(maps.Values(reported)), func(a, b flow) int {
			return cmp.Or(cmp.Compare(a.bytes(), b.bytes()), cmp.Compare(a.Packets, b.Packets))
		}))
	}
	return all, nil
}

func connectionsOf(report tsapi.Object, field string) (all []connection, err error) {
	value, ok := report.Field(field)
	if ok && json.Unmarshal(value, &all) != nil {
		return nil, &tsapi.Error{
			Code:    failure.UpstreamMalformed,
			Message: "the field " + field + " of a flow log is not as documented, so its bytes cannot be added up",
			Next:    "set raw to true to see it",
		}
	}
	return all, nil
}

// flowOf returns the flow that a connection is of, and whether that is asked for.
func (d *directory) flowOf(reporter, kind string, c connection) (flow, bool) {
	src, dst := endOf(c.Src), endOf(c.Dst)
	if !d.wants(reporter, src.Addr(), dst.Addr()) {
		return flow{}, false
	}
	port := servicePort(src.Port(), dst.Port())
	f := flow{Service: serviceOf(c.Proto, port), Kind: kind, Sent: c.TxBytes, Received: c.RxBytes, Packets: c.TxPkts + c.RxPkts}
	// The other end reports the same the other way round: where no port tells who offers the
	// service, the order of addresses decides.
	untold := port == 0 || src.Port() == dst.Port()
	if untold && dst.Addr().Less(src.Addr()) || !untold && port == src.Port() {
		src, dst, f.Sent, f.Received = dst, src, f.Received, f.Sent
	}
	f.From, f.To = d.nameOf(src, c.Src), d.nameOf(dst, c.Dst)
	return f, true
}

// nameOf is name for an end as a report writes it.
func (d *directory) nameOf(end netip.AddrPort, text string) string {
	if !end.IsValid() {
		return cmp.Or(text, "not reported")
	}
	return d.name(end.Addr())
}

func endOf(text string) netip.AddrPort {
	end, err := netip.ParseAddrPort(text)
	if err != nil {
		return netip.AddrPort{}
	}
	return netip.AddrPortFrom(end.Addr().Unmap(), end.Port())
}

// servicePort returns the port that names a service: the lower one, unless both are of
// those that systems choose by themselves (from 32768, Linux). None is 0.
func servicePort(a, b uint16) uint16 {
	const chosen = 32768
	if port := min(a, b); port < chosen {
		return port
	}
	return 0
}

// serviceOf writes a protocol and a port. The API names those protocols that have a name
// there, and may come to write all of them as numbers.
func serviceOf(proto json.RawMessage, port uint16) string {
	var name string
	if json.Unmarshal(proto, &name) != nil {
		switch name = string(proto); name {
		case "1":
			name = "icmp"
		case "6":
			name = "tcp"
		case "17":
			name = "udp"
		case "58":
			name = "ipv6-icmp"
		case "":
			name = "unknown"
		default:
			name = "protocol " + name
		}
	}
	if port == 0 {
		return name
	}
	return fmt.Sprintf("%s/%d", name, port)
}
