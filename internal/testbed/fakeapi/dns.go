// SPDX-License-Identifier: MIT

package fakeapi

import (
	"encoding/json"
	"net/http"
	"net/netip"
	"strings"
)

var dnsRoutes = []route{
	{"listDnsNameservers", "GET", "/tailnet/{tailnet}/dns/nameservers", []string{"dns:read"}, nil, (*Server).listDNSNameservers},
	{"setDnsNameservers", "POST", "/tailnet/{tailnet}/dns/nameservers", []string{"dns"}, nil, (*Server).setDNSNameservers},
	{"getDnsPreferences", "GET", "/tailnet/{tailnet}/dns/preferences", []string{"dns:read"}, nil, (*Server).getDNSPreferences},
	{"setDnsPreferences", "POST", "/tailnet/{tailnet}/dns/preferences", []string{"dns"}, nil, (*Server).setDNSPreferences},
	{"listDnsSearchPaths", "GET", "/tailnet/{tailnet}/dns/searchpaths", []string{"dns:read"}, nil, (*Server).listDNSSearchPaths},
	{"setDnsSearchPaths", "POST", "/tailnet/{tailnet}/dns/searchpaths", []string{"dns"}, nil, (*Server).setDNSSearchPaths},
	{"getSplitDns", "GET", "/tailnet/{tailnet}/dns/split-dns", []string{"dns:read"}, nil, (*Server).getSplitDNS},
	{"updateSplitDns", "PATCH", "/tailnet/{tailnet}/dns/split-dns", []string{"dns"}, nil, (*Server).updateSplitDNS},
	{"setSplitDns", "PUT", "/tailnet/{tailnet}/dns/split-dns", []string{"dns"}, nil, (*Server).setSplitDNS},
	{"getDnsConfiguration", "GET", "/tailnet/{tailnet}/dns/configuration", []string{"dns:read"}, nil, (*Server).getDNSConfiguration},
	{"setDnsConfiguration", "POST", "/tailnet/{tailnet}/dns/configuration", []string{"dns"}, nil, (*Server).setDNSConfiguration},
}

// resolver is one nameserver of the configuration.
type resolver struct {
	Address         string `json:"address"`
	UseWithExitNode bool   `json:"useWithExitNode"`
}

type dnsPreferences struct {
	OverrideLocalDNS bool `json:"overrideLocalDNS"`
	MagicDNS         bool `json:"magicDNS"`
}

// dnsState is the DNS configuration, of which the other calls show parts.
type dnsState struct {
	Nameservers []resolver            `json:"nameservers"`
	SplitDNS    map[string][]resolver `json:"splitDNS"`
	SearchPaths []string              `json:"searchPaths"`
	Preferences dnsPreferences        `json:"preferences"`
}

func newDnsState() dnsState {
	return dnsState{
		Nameservers: []resolver{{"8.8.8.8", true}, {"1.2.3.4", false}},
		SplitDNS: map[string][]resolver{
			"example.com": {{"1.1.1.1", false}, {"1.2.3.4", false}},
			"other.com":   {{"2.2.2.2", true}},
		},
		SearchPaths: []string{"user1.example.com", "user2.example.com"},
		Preferences: dnsPreferences{MagicDNS: true},
	}
}

// resolvers reads addresses: IP addresses, or https URLs of DNS over HTTPS. What
// is set by address alone is not used with exit nodes. (The document does not say
// what becomes of that mark.)
func resolvers(addresses []string) ([]resolver, bool) {
	list := []resolver{}
	for _, a := range addresses {
		if !isResolver(a) {
			return nil, false
		}
		list = append(list, resolver{Address: a})
	}
	return list, true
}

func isResolver(address string) bool {
	_, err := netip.ParseAddr(address)
	return err == nil || strings.HasPrefix(address, "https://")
}

func resolverAddresses(list []resolver) []string {
	out := []string{}
	for _, r := range list {
		out = append(out, r.Address)
	}
	return out
}

func (s *Server) listDNSNameservers(*request) answer {
	return jsonAnswer(map[string]any{"dns": resolverAddresses(s.dns.Nameservers)})
}

// setDNSNameservers replaces the list; without any, MagicDNS goes off and stays so.
func (s *Server) setDNSNameservers(r *request) answer {
	var body struct{ DNS []string }
	if json.Unmarshal(r.body, &body) != nil {
		return fail(http.StatusBadRequest)
	}
	list, ok := resolvers(body.DNS)
	if !ok {
		return failWith(http.StatusBadRequest, "invalid nameserver")
	}
	s.dns.Nameservers = list
	if len(list) == 0 {
		s.dns.Preferences.MagicDNS = false
	}
	return jsonAnswer(map[string]any{"dns": resolverAddresses(list), "magicDNS": s.dns.Preferences.MagicDNS})
}

func (s *Server) getDNSPreferences(*request) answer {
	return jsonAnswer(map[string]any{"magicDNS": s.dns.Preferences.MagicDNS})
}

func (s *Server) setDNSPreferences(r *request) answer {
	var body struct{ MagicDNS *bool }
	if json.Unmarshal(r.body, &body) != nil || body.MagicDNS == nil {
		return fail(http.StatusBadRequest)
	}
	if *body.MagicDNS && len(s.dns.Nameservers) == 0 {
		return failWith(http.StatusBadRequest, "need at least one nameserver to enable MagicDNS")
	}
	s.dns.Preferences.MagicDNS = *body.MagicDNS
	return s.getDNSPreferences(r)
}

func (s *Server) listDNSSearchPaths(*request) answer {
	return jsonAnswer(map[string]any{"searchPaths": append([]string{}, s.dns.SearchPaths...)})
}

func (s *Server) setDNSSearchPaths(r *request) answer {
	var body struct{ SearchPaths []string }
	if json.Unmarshal(r.body, &body) != nil {
		return fail(http.StatusBadRequest)
	}
	s.dns.SearchPaths = body.SearchPaths
	return s.listDNSSearchPaths(r)
}

func (s *Server) getSplitDNS(*request) answer {
	out := map[string][]string{}
	for domain, list := range s.dns.SplitDNS {
		out[domain] = resolverAddresses(list)
	}
	return jsonAnswer(out)
}

// updateSplitDNS changes the domains that are named; null clears one.
func (s *Server) updateSplitDNS(r *request) answer {
	return s.changeSplitDNS(r, s.dns.SplitDNS)
}

// setSplitDNS replaces all domains.
func (s *Server) setSplitDNS(r *request) answer {
	return s.changeSplitDNS(r, nil)
}

func (s *Server) changeSplitDNS(r *request, before map[string][]resolver) answer {
	var body map[string][]string
	if json.Unmarshal(r.body, &body) != nil || body == nil {
		return fail(http.StatusBadRequest)
	}
	after := map[string][]resolver{}
	for domain, list := range before {
		after[domain] = list
	}
	for domain, given := range body {
		list, ok := resolvers(given)
		switch {
		case !ok || domain == "":
			return failWith(http.StatusBadRequest, "invalid nameserver or domain")
		case given == nil:
			delete(after, domain)
		default:
			after[domain] = list
		}
	}
	s.dns.SplitDNS = after
	return s.getSplitDNS(r)
}

func (s *Server) getDNSConfiguration(*request) answer { return jsonAnswer(s.dns) }

// setDNSConfiguration replaces everything: what is not named is gone, and a
// boolean that is not named is false.
func (s *Server) setDNSConfiguration(r *request) answer {
	var body dnsState
	if json.Unmarshal(r.body, &body) != nil {
		return fail(http.StatusBadRequest)
	}
	all := append([]resolver{}, body.Nameservers...)
	for _, list := range body.SplitDNS {
		all = append(all, list...)
	}
	for _, one := range all {
		if !isResolver(one.Address) {
			return failWith(http.StatusBadRequest, "invalid nameserver")
		}
	}
	s.dns = body
	return s.getDNSConfiguration(r)
}
