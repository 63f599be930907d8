// SPDX-License-Identifier: MIT

package local

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"time"

	"golang.org/x/net/dns/dnsmessage"
	"tailscale.com/ipn/ipnstate"
	"tailscale.com/tailcfg"

	"tailscale-mcp/internal/localapi/magicdns"
	"tailscale-mcp/internal/tool"
	"tailscale-mcp/internal/tool/local/resolution"
)

type queryInput struct {
	Name string `json:"name" jsonschema:"for PTR an address"`
	Type string `json:"type,omitempty" jsonschema:"of records" enum:"A,AAAA,CNAME,MX,NS,PTR,SRV,TXT" default:"A"`
}

type queryResult struct {
	Name      string          `json:"name" jsonschema:"the full name that was asked for"`
	Type      string          `json:"type"`
	Resolves  bool            `json:"resolves" jsonschema:"programs on this host get records from Tailscale's resolver"`
	Problems  []string        `json:"problems" jsonschema:"what keeps them from that, and what to do, the certain first"`
	Rule      resolution.Rule `json:"rule" jsonschema:"what of the host's DNS configuration is for the name"`
	Resolver  string          `json:"resolver,omitempty" jsonschema:"Tailscale's resolver, if it was asked"`
	Code      string          `json:"code,omitempty" jsonschema:"its response code, such as NOERROR or NXDOMAIN"`
	Records   []dnsAnswer     `json:"records,omitempty"`
	More      bool            `json:"more,omitempty" jsonschema:"there are more records than are shown"`
	LatencyMs float64         `json:"latencyMs,omitempty"`
	NotAsked  string          `json:"notAsked,omitempty" jsonschema:"why it could not be asked; the rest is what tailscaled knows"`
}

type dnsAnswer struct {
	Name  string `json:"name"`
	Type  string `json:"type"`
	TTL   uint32 `json:"ttl"`
	Value string `json:"value"`
}

var queryTypes = map[string]dnsmessage.Type{
	"A": dnsmessage.TypeA, "AAAA": dnsmessage.TypeAAAA, "CNAME": dnsmessage.TypeCNAME, "MX": dnsmessage.TypeMX,
	"NS": dnsmessage.TypeNS, "PTR": dnsmessage.TypePTR, "SRV": dnsmessage.TypeSRV, "TXT": dnsmessage.TypeTXT,
}

// queryDNS asks as any program on the host would: tailscaled's own dns-query is for root.
func (n *node) queryDNS() tool.Tool {
	d := read("query_dns", "Resolve a name on this host", `{"name":"db.corp.internal"}`,
		"Resolves a name on this host by Tailscale's resolver (5 s at most): by which rule and resolver, and why it fails.")
	d.Outside = true // the name goes to whose resolver it is
	d.Weight = 16    // as a ping: somebody else answers
	return tool.New(d, func(ctx context.Context, _ tool.Call, in queryInput) (queryResult, error) {
		in.Type = cmp.Or(in.Type, "A")
		name, err := questionName(in)
		if err != nil {
			return queryResult{}, err
		}
		st, err := n.tailscaled.Peers(ctx)
		if err != nil {
			return queryResult{}, err
		}
		config, err := n.tailscaled.DNSConfig(ctx)
		if err != nil {
			return queryResult{}, err
		}
		prefs, err := n.tailscaled.Prefs(ctx)
		if err != nil {
			return queryResult{}, err
		}
		name = qualified(name, st, config)
		facts := resolution.Facts{Status: st, Config: config, Prefs: prefs, Networks: n.networks()}
		out := queryResult{Name: name, Type: in.Type, Problems: []string{}, Rule: facts.RuleOf(name)}
		if !prefs.CorpDNS {
			out.Problems = append(out.Problems, "acceptDNS is off: programs on this host do not ask Tailscale for any name: tailscale set --accept-dns")
		}
		if err := n.ask(ctx, st, &out); err != nil {
			return queryResult{}, err
		}
		out.explain()
		out.Resolves = prefs.CorpDNS && out.Code == "NOERROR" && len(out.Records) > 0
		return out, nil
	})
}

// questionName returns the name to ask for, in lower case and without a dot at its end.
func questionName(in queryInput) (string, error) {
	name := strings.ToLower(strings.TrimSuffix(strings.TrimSpace(in.Name), "."))
	if addr, err := netip.ParseAddr(name); err == nil && addr.Zone() == "" { // a zone may be any text
		if in.Type != "PTR" {
			return "", tool.Invalidf("set type to PTR for the name of an address; get_whois tells who a Tailscale address is", "%s is an address and no name", addr)
		}
		return resolution.Reverse(addr), nil
	}
	bad := name == "" || len(name) > longestName
	for label := range strings.SplitSeq(name, ".") {
		bad = bad || label == "" || len(label) > 63 // RFC 1035 §2.3.4
	}
	if bad || strings.ContainsFunc(name, func(r rune) bool { return r <= ' ' || r > '~' || strings.ContainsRune(`/\@:"`, r) }) {
		return "", tool.Invalidf("give a name such as db.corp.internal; write international names in their xn-- form", "the name is no DNS name")
	}
	return name, nil
}

// qualified completes a name of one label as systems do, by the search domains: by the one
// in which a node has it, else by the first.
func qualified(name string, st *ipnstate.Status, config *tailcfg.DNSConfig) string {
	if strings.Contains(name, ".") || len(config.Domains) == 0 {
		return name
	}
	for _, domain := range config.Domains {
		full := name + "." + strings.ToLower(strings.TrimSuffix(domain, "."))
		for _, ps := range nodes(st) {
			if fullName(ps) == full {
				return full
			}
		}
	}
	if full := name + "." + strings.ToLower(strings.TrimSuffix(config.Domains[0], ".")); len(full) <= longestName {
		return full
	}
	return name
}

// ask asks Tailscale's resolver, or says why it does not.
func (n *node) ask(ctx context.Context, st *ipnstate.Status, out *queryResult) error {
	if !st.TUN {
		out.NotAsked = "Tailscale runs with userspace networking on this host, where programs do not reach its resolver"
		return nil
	}
	name, err := dnsmessage.NewName(out.Name + ".")
	if err != nil {
		return tool.Invalidf("give a shorter name", "the name is no DNS name")
	}
	client := magicdns.Client{Own: st.Self.TailscaleIPs, Dial: n.dial}
	answer, err := client.Ask(ctx, name, queryTypes[out.Type])
	var failed *net.OpError
	switch {
	case err == nil:
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, magicdns.ErrNoWay):
		out.NotAsked = fmt.Sprintf("this host sends packets for %s elsewhere than to Tailscale; an administrator looks at its routes (ip route get %[1]s)", client.Server())
		return nil
	case errors.As(err, &failed) && failed.Op == "dial":
		out.NotAsked = fmt.Sprintf("this program has no way to %s; if the service has no network (PrivateNetwork=yes), that is why: %s", client.Server(), short(failed.Err.Error()))
		return nil
	default: // silent, refused by the system, or not readable
		out.Resolver, out.Code = client.Server().String(), "no answer"
		return nil
	}
	out.Resolver, out.Code, out.More = answer.Server.String(), codeName(answer.Code), answer.More
	out.LatencyMs = hundredths(float64(answer.Took) / float64(time.Millisecond))
	for _, r := range answer.Records {
		out.Records = append(out.Records, dnsAnswer{Name: r.Name, Type: r.Type, TTL: r.TTL, Value: within(r.Value, 500)})
	}
	return nil
}

// explain adds what keeps the name from being resolved.
func (q *queryResult) explain() {
	var asked []string
	for _, r := range q.Rule.Resolvers {
		asked = append(asked, r.Address)
	}
	who := listed(asked)
	switch kind := q.Rule.Kind; {
	case q.Code == "NOERROR" && len(q.Records) > 0:
	case q.Code == "NOERROR":
		q.Problems = append(q.Problems, "there are no records of type "+q.Type+", and perhaps of another")
	case kind == resolution.NoName:
		q.Problems = append(q.Problems, "no node that this host knows has this name: see list_peers")
	case q.Code == "NXDOMAIN" && who != "":
		q.Problems = append(q.Problems, "the resolver "+who+" knows no such name")
	case q.Code == "NXDOMAIN":
		q.Problems = append(q.Problems, "there is no such name")
	default:
		for _, r := range q.Rule.Resolvers {
			if r.Problem != "" {
				q.Problems = append(q.Problems, r.Problem)
			}
		}
		switch {
		case q.NotAsked != "" || len(q.Problems) > 0:
		case kind == resolution.Host:
			q.Problems = append(q.Problems, "the tailnet has no resolver for this name: programs ask the resolver of this host's own network")
		case who != "":
			q.Problems = append(q.Problems, "the resolver "+who+" does not answer ("+q.Code+"), though nothing known here keeps this host from it: see whether it runs, and whether the policy file allows port 53 there")
		default:
			q.Problems = append(q.Problems, "Tailscale's resolver does not answer ("+q.Code+"): see get_tailnet_status and tailscaled's log")
		}
	}
}

// codeName is a response code as DNS tools write it.
func codeName(code dnsmessage.RCode) string {
	switch code {
	case dnsmessage.RCodeSuccess:
		return "NOERROR"
	case dnsmessage.RCodeFormatError:
		return "FORMERR"
	case dnsmessage.RCodeServerFailure:
		return "SERVFAIL"
	case dnsmessage.RCodeNameError:
		return "NXDOMAIN"
	case dnsmessage.RCodeNotImplemented:
		return "NOTIMP"
	case dnsmessage.RCodeRefused:
		return "REFUSED"
	}
	return fmt.Sprintf("code %d", code)
}

// ownNetworks are the networks that the interfaces of this host are in; nil when they
// cannot be seen.
func ownNetworks() (all []netip.Prefix) {
	addresses, err := net.InterfaceAddrs()
	if err != nil {
		return nil
	}
	all = []netip.Prefix{}
	for _, a := range addresses {
		if p, err := netip.ParsePrefix(a.String()); err == nil && !p.IsSingleIP() {
			all = append(all, p.Masked())
		}
	}
	return all
}
