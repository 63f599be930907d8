// SPDX-License-Identifier: MIT

package dns

import (
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"tailscale-mcp/internal/tool"
)

const (
	nextNameserver = "give IP addresses such as 1.1.1.1 or 2606:4700:4700::1111, or https URLs of DNS over HTTPS such as https://dns.nextdns.io/abc123, each once"
	nextDomain     = "give domains such as corp.example.com, each once; one with other letters than a to z in its xn-- form"
)

// checkNameservers refuses addresses that the API would not take, before anything is
// sent, and an address that is given twice: one of the two is a mistake.
func checkNameservers(addresses []string) error {
	for i, a := range addresses {
		switch {
		case !isNameserver(a):
			return tool.Invalidf(nextNameserver, "%s is neither an IP address nor an https URL", printable(a))
		case slices.Contains(addresses[:i], a):
			return tool.Invalidf(nextNameserver, "the nameserver %s is there twice", printable(a))
		}
	}
	return nil
}

// isNameserver refuses a URL that is too long to be shown to the person who confirms it.
func isNameserver(s string) bool {
	if len(s) > mostShown {
		return false
	}
	if addr, err := netip.ParseAddr(s); err == nil {
		return addr.Zone() == ""
	}
	u, err := url.Parse(s)
	return err == nil && u.Scheme == "https" && u.Hostname() != "" && u.User == nil && u.Fragment == "" && !strings.ContainsAny(s, " #")
}

// domains puts domains into the form that is sent: small letters, no final dot.
func domains(given []string) ([]string, error) {
	out := make([]string, 0, len(given))
	for _, name := range given {
		domain := strings.ToLower(strings.TrimSuffix(strings.TrimSpace(name), "."))
		switch {
		case !isDomain(domain):
			return nil, tool.Invalidf(nextDomain, "%s is no domain", printable(name))
		case slices.Contains(out, domain):
			return nil, tool.Invalidf(nextDomain, "the domain %s is there twice", printable(name))
		}
		out = append(out, domain)
	}
	return out, nil
}

// isDomain reports whether s is a domain in small letters (RFC 1035 §2.3.1, and
// underscores, which names of services have).
func isDomain(s string) bool {
	if len(s) > 253 {
		return false
	}
	for label := range strings.SplitSeq(s, ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		if strings.ContainsFunc(label, func(r rune) bool {
			return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-' && r != '_'
		}) {
			return false
		}
	}
	return true
}

// without are the elements of list that are not in other.
func without(list, other []string) []string {
	return slices.DeleteFunc(slices.Clone(list), func(s string) bool { return slices.Contains(other, s) })
}
