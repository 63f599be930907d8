// SPDX-License-Identifier: MIT

package streaming

import (
	"cmp"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"tailscale-mcp/internal/tsapi"
)

// destination names the destination of a stream.
func destination(o tsapi.Object) string {
	return where(o.Text("destinationType"), o.Text("url"), o.Text("s3Bucket"), o.Text("gcsBucket"))
}

// where names a destination without the query and the password of its URL, which may be
// secrets.
func where(kind, address, s3Bucket, gcsBucket string) string {
	text := cmp.Or(kind, "an unknown destination")
	if bucket := cmp.Or(s3Bucket, gcsBucket); bucket != "" {
		text += ", bucket " + bucket
	}
	if u, err := url.Parse(address); err == nil && u.Host != "" {
		text += " at " + u.Scheme + "://" + u.Host + u.EscapedPath()
	}
	return text
}

// warning names the danger of a destination, if any.
func warning(address string) string {
	u, err := url.Parse(address)
	switch {
	case err != nil || u.Host == "":
		return ""
	case private(u.Hostname()):
		return "; it is within the tailnet, so Tailscale may be let in to that device by a share and a rule in the policy file"
	case u.Scheme == "http":
		return "; it is not encrypted on its way, and neither is the token"
	}
	return ""
}

// tailnetRanges are the addresses of devices (https://tailscale.com/kb/1033, 1121).
var tailnetRanges = []netip.Prefix{netip.MustParsePrefix("100.64.0.0/10"), netip.MustParsePrefix("fd7a:115c:a1e0::/48")}

func private(host string) bool {
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	if addr, err := netip.ParseAddr(host); err == nil {
		return slices.ContainsFunc(tailnetRanges, func(p netip.Prefix) bool { return p.Contains(addr.Unmap()) })
	}
	return strings.HasSuffix(host, ".ts.net") || !strings.Contains(host, ".")
}
