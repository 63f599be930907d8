// SPDX-License-Identifier: MIT

package webhooks

import (
	"net/url"

	"tailscale-mcp/internal/tsapi"
)

// The URL of a chat service's webhook lets its holder write there, and other URLs may
// have a token in the query. So the tools that read webhooks do not show them.

// address is the URL of a webhook as far as it may be shown.
func address(o tsapi.Object) string { return shown(o.Text("endpointUrl"), o.Text("providerType")) }

func shown(whole, provider string) string {
	u, err := url.Parse(whole)
	switch {
	case whole == "":
		return ""
	case err != nil:
		return "(not shown)"
	case provider != "":
		return u.Scheme + "://" + u.Host + "/..."
	case u.RawQuery != "" || u.Fragment != "" || u.User != nil:
		return u.Scheme + "://" + u.Host + u.EscapedPath() + "?..."
	}
	return whole
}
