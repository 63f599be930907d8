// SPDX-License-Identifier: MIT

package local

import (
	"context"
	"net"
	"net/netip"
	"strings"
	"testing"

	"golang.org/x/net/dns/dnsmessage"
	"tailscale.com/ipn/ipnstate"
	"tailscale.com/net/tsaddr"

	"tailscale-mcp/internal/tool"
)

// resolver answers over UDP in place of 100.100.100.100: with the records of reply, or with
// its code.
func resolver(t *testing.T, f *fake, reply func(name string) (dnsmessage.RCode, []dnsmessage.ResourceBody)) *node {
	t.Helper()
	packets, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		buffer := make([]byte, 1500)
		for {
			n, from, err := packets.ReadFrom(buffer)
			if err != nil {
				return
			}
			var m dnsmessage.Message
			if err := m.Unpack(buffer[:n]); err != nil {
				t.Error(err)
				return
			}
			code, bodies := reply(m.Questions[0].Name.String())
			m.Response, m.RCode = true, code
			for _, body := range bodies {
				m.Answers = append(m.Answers, dnsmessage.Resource{Header: dnsmessage.ResourceHeader{Name: m.Questions[0].Name, Class: dnsmessage.ClassINET, TTL: 300}, Body: body})
			}
			packet, err := m.Pack()
			if err != nil {
				t.Error(err)
				return
			}
			_, _ = packets.WriteTo(packet, from)
		}
	}()
	t.Cleanup(func() {
		_ = packets.Close()
		<-done
	})
	// The question is to leave by an address of this host.
	f.set(func() {
		f.status.Self.TailscaleIPs = []netip.Addr{netip.MustParseAddr("127.0.0.1")}
		f.prefs.CorpDNS, f.prefs.ExitNodeID = true, ""
	})
	n := f.node()
	n.dial = func(ctx context.Context, network, address string) (net.Conn, error) {
		if want := tsaddr.TailscaleServiceIPString + ":53"; address != want {
			t.Errorf("dialled %s, want %s", address, want)
		}
		return (&net.Dialer{}).DialContext(ctx, network, packets.LocalAddr().String())
	}
	return n
}

func refusing(code dnsmessage.RCode) func(string) (dnsmessage.RCode, []dnsmessage.ResourceBody) {
	return func(string) (dnsmessage.RCode, []dnsmessage.ResourceBody) { return code, nil }
}

func TestQueryDNS(t *testing.T) {
	f := newFake(t)
	b := newBench(t, resolver(t, f, func(name string) (dnsmessage.RCode, []dnsmessage.ResourceBody) {
		if name == "web-1."+suffix+"." {
			return 0, []dnsmessage.ResourceBody{&dnsmessage.AResource{A: [4]byte{100, 64, 0, 2}}}
		}
		return 0, []dnsmessage.ResourceBody{&dnsmessage.TXTResource{TXT: []string{strings.Repeat("x", 250), strings.Repeat("y", 250), "z"}}}
	}))
	var got queryResult
	b.check(t, "query_dns", `{"name":"Web-1."}`, &got)
	if !got.Resolves || got.Name != "web-1."+suffix || got.Type != "A" || got.Code != "NOERROR" || len(got.Problems) > 0 ||
		got.Rule.Kind != "MagicDNS name" || len(got.Records) != 1 || got.Records[0] != (dnsAnswer{"web-1." + suffix, "A", 300, "100.64.0.2"}) {
		t.Errorf("got %+v", got)
	}
	b.check(t, "query_dns", `{"name":"x.corp.example.com","type":"TXT"}`, &got)
	if got.Rule.Domain != "corp.example.com" || len(got.Records) != 1 || len(got.Records[0].Value) > 510 {
		t.Errorf("got %+v, want the split DNS of corp.example.com and a long text cut", got)
	}
	b.check(t, "query_dns", `{"name":"100.64.0.2","type":"PTR"}`, &got)
	if got.Name != "2.0.64.100.in-addr.arpa" || got.Rule.Domain != "web-1."+suffix {
		t.Errorf("got %+v, want the reverse of web-1", got)
	}
}

// Why a name does not resolve is told in one answer: each of the causes is named.
func TestQueryDNSCauses(t *testing.T) {
	const corp = `{"name":"db.corp.example.com"}`
	for name, c := range map[string]struct {
		arguments string
		code      dnsmessage.RCode
		change    func(*fake)
		want      []string // problems, by a part of each
	}{
		"acceptDNS off":      {corp, dnsmessage.RCodeServerFailure, func(f *fake) { f.prefs.CorpDNS = false }, []string{"acceptDNS is off"}},
		"acceptRoutes off":   {corp, dnsmessage.RCodeServerFailure, func(f *fake) { f.prefs.RouteAll = false }, []string{"the route 10.0.0.0/16 to the resolver 10.0.0.53, as acceptRoutes is off"}},
		"both":               {corp, dnsmessage.RCodeServerFailure, func(f *fake) { f.prefs.CorpDNS, f.prefs.RouteAll = false, false }, []string{"acceptDNS is off", "acceptRoutes is off"}},
		"route not approved": {corp, dnsmessage.RCodeServerFailure, func(f *fake) { noRoutes(f.status) }, []string{"no approved route of the tailnet leads to the resolver 10.0.0.53"}},
		"router offline":     {corp, dnsmessage.RCodeServerFailure, func(f *fake) { routerOf(f.status).Online = false }, []string{"the router to the resolver 10.0.0.53, router." + suffix + ", is offline"}},
		"resolver silent":    {corp, dnsmessage.RCodeServerFailure, nil, []string{"the resolver 10.0.0.53 does not answer (SERVFAIL)"}},
		"no such name":       {corp, dnsmessage.RCodeNameError, nil, []string{"the resolver 10.0.0.53 knows no such name"}},
		"no such type":       {corp, dnsmessage.RCodeSuccess, nil, []string{"no records of type A"}},
		"no such node":       {`{"name":"nosuch.` + suffix + `"}`, dnsmessage.RCodeNameError, nil, []string{"no node that this host knows has this name"}},
		"nobody's":           {`{"name":"example.org"}`, dnsmessage.RCodeServerFailure, func(f *fake) { f.dns.Resolvers = nil }, []string{"the tailnet has no resolver for this name"}},
		"refused":            {`{"name":"web-1"}`, dnsmessage.RCodeRefused, nil, []string{"Tailscale's resolver does not answer (REFUSED)"}},
		"userspace":          {corp, 0, func(f *fake) { f.status.TUN = false; noRoutes(f.status) }, []string{"no approved route"}},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFake(t)
			n := resolver(t, f, refusing(c.code))
			f.set(func() {
				f.prefs.RouteAll = true
				if c.change != nil {
					c.change(f)
				}
			})
			b := newBench(t, n)
			var got queryResult
			b.check(t, "query_dns", c.arguments, &got)
			if got.Resolves || len(got.Problems) != len(c.want) || (got.NotAsked != "") != !f.status.TUN || (got.Resolver == "") != !f.status.TUN {
				t.Fatalf("got %+v, want %d problems", got, len(c.want))
			}
			for i, part := range c.want {
				if !strings.Contains(got.Problems[i], part) {
					t.Errorf("got %q, want %q in it", got.Problems[i], part)
				}
			}
		})
	}
}

// Where the resolver is not Tailscale's, or there is no network, nothing is asked.
func TestQueryDNSNotAsked(t *testing.T) {
	f := newFake(t)
	n := resolver(t, f, func(string) (dnsmessage.RCode, []dnsmessage.ResourceBody) {
		t.Error("it was asked")
		return 0, nil
	})
	var got queryResult
	f.set(func() { f.status.Self.TailscaleIPs = []netip.Addr{v4(1)} })
	newBench(t, n).check(t, "query_dns", `{"name":"web-1"}`, &got)
	if !strings.Contains(got.NotAsked, "elsewhere than to Tailscale") || got.Resolver != "" {
		t.Errorf("got %+v", got)
	}
	n.dial = func(ctx context.Context, network, _ string) (net.Conn, error) {
		return (&net.Dialer{LocalAddr: &net.UDPAddr{IP: net.IPv4(192, 0, 2, 1)}}).DialContext(ctx, network, "127.0.0.1:9")
	}
	newBench(t, n).check(t, "query_dns", `{"name":"web-1"}`, &got)
	if !strings.Contains(got.NotAsked, "this program has no way to 100.100.100.100") {
		t.Errorf("got %+v", got)
	}
	for _, name := range []string{"", ".", "a..b", strings.Repeat("a", 64) + ".example", strings.Repeat("a.", 127) + "a", "grüße.example", "a b", "100.64.0.2", "https://example.com/", "fe80::1%" + strings.Repeat("x", 1000)} {
		if _, err := newBench(t, n).call("query_dns", `{"name":"`+name+`"}`); code(err) != tool.CodeInvalidArgument {
			t.Errorf("%q: got %v, want code %s", name, err, tool.CodeInvalidArgument)
		} else if len(err.Error()) > 300 {
			t.Errorf("%q: it is repeated: %v", name, err)
		}
	}
}

func routerOf(st *ipnstate.Status) *ipnstate.PeerStatus {
	for _, ps := range st.Peer {
		if ps.HostName == "router" {
			return ps
		}
	}
	return nil
}

func noRoutes(st *ipnstate.Status) { routerOf(st).PrimaryRoutes = nil }
