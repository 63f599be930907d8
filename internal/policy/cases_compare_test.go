// SPDX-License-Identifier: MIT

package policy

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"go4.org/netipx"

	"tailscale-mcp/internal/policy/address"
)

// expanded is sets of sources by what they may do: a destination of one port range and
// protocol, or a capability. Two filters that expand alike let the same pass.
type expanded map[string]*netipx.IPSetBuilder

func (e expanded) add(key string, src []netipx.IPRange) {
	if e[key] == nil {
		e[key] = &netipx.IPSetBuilder{}
	}
	for _, r := range src {
		e[key].AddRange(r)
	}
}

// entry enters a destination for each protocol, in pieces that a cut of addresses and
// ports makes the same however they were written.
func (e expanded) entry(cut *cuts, src []netipx.IPRange, to netipx.IPRange, ports Ports, protos []int) {
	if len(protos) == 0 {
		protos = []int{1, 6, 17, 58}
	}
	for _, proto := range protos {
		for _, port := range cut.ports(ports) {
			for _, a := range cut.addrs(to) {
				e.add(fmt.Sprintf("%v port %v protocol %d", a, port, proto), src)
			}
		}
	}
}

// finish drops what has no source, and writes the rest.
func (e expanded) finish() map[string]string {
	out := map[string]string{}
	for key, b := range e {
		s, _ := b.IPSet()
		if len(s.Ranges()) > 0 {
			out[key] = fmt.Sprint(s.Ranges())
		}
	}
	return out
}

// cuts are the places at which addresses and ports of either filter begin.
type cuts struct {
	at    []netip.Addr
	begin []int
}

func (c *cuts) note(to netipx.IPRange, ports Ports) {
	c.at = append(c.at, to.From(), to.To().Next())
	c.begin = append(c.begin, int(ports.First), int(ports.Last)+1)
}

func (c *cuts) sort() {
	c.at = slices.DeleteFunc(c.at, func(a netip.Addr) bool { return !a.IsValid() })
	slices.SortFunc(c.at, netip.Addr.Compare)
	c.at = slices.Compact(c.at)
	slices.Sort(c.begin)
	c.begin = slices.Compact(c.begin)
}

func (c *cuts) addrs(r netipx.IPRange) (out []netipx.IPRange) {
	from := r.From()
	for _, a := range c.at {
		if r.Contains(a) && a != from && a.Is4() == from.Is4() {
			out = append(out, netipx.IPRangeFrom(from, a.Prev()))
			from = a
		}
	}
	return append(out, netipx.IPRangeFrom(from, r.To()))
}

func (c *cuts) ports(r Ports) (out []Ports) {
	from := int(r.First)
	for _, b := range c.begin {
		if from < b && b <= int(r.Last) {
			out = append(out, Ports{First: uint16(from), Last: uint16(b - 1)})
			from = b
		}
	}
	return append(out, Ports{First: uint16(from), Last: r.Last})
}

func ranges(text string) []netipx.IPRange {
	if text == "*" {
		return address.All()
	}
	r, ok := address.Parse(text)
	if !ok {
		panic("not an address in a case: " + text)
	}
	return []netipx.IPRange{r}
}

func (c *policyCase) compareFilter(p *Policy) (int, error) {
	for host, theirs := range c.Filter {
		ours := p.Filter(host)
		cut := &cuts{}
		for _, f := range theirs {
			for _, d := range f.DstPorts {
				for _, to := range ranges(d.IP) {
					cut.note(to, d.Ports)
				}
			}
		}
		for _, f := range ours {
			for _, d := range f.Dst {
				cut.note(d.Addrs, d.Ports)
			}
		}
		cut.sort()
		want, got := expanded{}, expanded{}
		for _, f := range theirs {
			var src []netipx.IPRange
			for _, s := range f.SrcIPs {
				src = append(src, ranges(s)...)
			}
			for _, d := range f.DstPorts {
				for _, to := range ranges(d.IP) {
					want.entry(cut, src, to, d.Ports, f.IPProto)
				}
			}
			for _, g := range f.CapGrant {
				want.grant(src, g.Dsts, g.CapMap)
			}
		}
		for _, f := range ours {
			if len(f.Unknown) > 0 {
				return 1, fmt.Errorf("the filter of %s is not known: %q", host, f.Unknown)
			}
			for _, d := range f.Dst {
				got.entry(cut, f.Src, d.Addrs, d.Ports, f.Protos)
			}
			for _, g := range f.Caps {
				got.grant(f.Src, g.Dsts, g.Caps)
			}
		}
		if err := differ(want.finish(), got.finish()); err != nil {
			return 1, fmt.Errorf("the filter of %s: %w", host, err)
		}
	}
	return len(c.Filter), nil
}

func (e expanded) grant(src []netipx.IPRange, dsts []netip.Prefix, caps map[string][]json.RawMessage) {
	for _, d := range dsts {
		for name, values := range caps {
			e.add(fmt.Sprintf("%v capability %s %s", d.Masked(), name, written(values)), src)
		}
	}
}

// written writes values such that equal ones are written alike; none and null are the same.
func written(values []json.RawMessage) string {
	var all []string
	for _, v := range values {
		var any any
		if err := json.Unmarshal(v, &any); err != nil {
			return "not JSON: " + string(v)
		}
		text, _ := json.Marshal(any)
		all = append(all, string(text))
	}
	return strings.Join(all, ",")
}

// differ names the first few differences of two maps.
func differ(want, got map[string]string) error {
	var out bytes.Buffer
	n := 0
	keys := map[string]bool{}
	for k := range want {
		keys[k] = true
	}
	for k := range got {
		keys[k] = true
	}
	for _, k := range slices.Sorted(maps.Keys(keys)) {
		if want[k] != got[k] && n < 4 {
			fmt.Fprintf(&out, "\n  %s\n    theirs %s\n    ours   %s", k, want[k], got[k])
			n++
		}
	}
	if n == 0 {
		return nil
	}
	return fmt.Errorf("%s", out.String())
}

func (c *policyCase) compareWhoIs(p *Policy) (int, error) {
	compared := 0
	for host, peers := range c.WhoIs {
		h := c.Nodes[host]
		want, got := map[string]string{}, map[string]string{}
		for peer, n := range c.Nodes {
			if peer == host {
				continue
			}
			for i, text := range []string{n.IPv4, n.IPv6} {
				a := netip.MustParseAddr(text)
				own := netip.MustParseAddr([]string{h.IPv4, h.IPv6}[i])
				for name, values := range peers[a] {
					want[peer+" "+text+" "+name] = "has " + written(values)
				}
				sure, may, _ := p.Capabilities(a, own)
				for name, values := range sure {
					got[peer+" "+text+" "+name] = "has " + written(values)
				}
				if len(may) > 0 {
					return 1, fmt.Errorf("what %s has on %s is not known", peer, host)
				}
				compared++
			}
		}
		if err := differ(want, got); err != nil {
			return 1, fmt.Errorf("WhoIs on %s: %w", host, err)
		}
	}
	return compared, nil
}

func (c *policyCase) compareSSH(p *Policy) (int, error) {
	for host, theirs := range c.SSH {
		want, got := map[string]string{}, map[string]string{}
		enter := func(to map[string]string, src netip.Addr, users map[string]string, check bool, env []string) {
			for user, becomes := range users {
				to[fmt.Sprintf("%v as %q to %q check %t env %q", src, user, becomes, check, env)] = "may"
			}
		}
		for _, s := range theirs {
			for _, who := range s.Principals {
				enter(want, who.NodeIP, s.SSHUsers, s.Action.HoldAndDelegate != "", s.AcceptEnv)
			}
		}
		for _, s := range p.SSHRules(host) {
			if len(s.Unknown) > 0 {
				return 1, fmt.Errorf("the ssh rules of %s are not known: %q", host, s.Unknown)
			}
			for _, a := range s.Src {
				enter(got, a, s.Users, s.Check, s.AcceptEnv)
			}
		}
		if err := differ(want, got); err != nil {
			return 1, fmt.Errorf("the ssh rules of %s: %w", host, err)
		}
	}
	return len(c.SSH), nil
}
