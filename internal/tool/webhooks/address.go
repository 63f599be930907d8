// SPDX-License-Identifier: MIT

package webhooks

import (
	"encoding/json"
	"net/url"

	"tailscale-mcp/internal/tailnet"
	"tailscale-mcp/internal/tool"
)

// Whoever has the URL of a chat service's webhook can write there, and some put a
// token into the query of their own. So reading webhooks does not tell these.

// address is the URL of a webhook as far as it may be shown.
func address(o tailnet.Object) string {
	whole := o.Text("endpointUrl")
	u, err := url.Parse(whole)
	switch {
	case whole == "":
		return ""
	case err != nil:
		return "(not shown)"
	case o.Text("providerType") != "":
		return u.Scheme + "://" + u.Host + "/..."
	case u.RawQuery != "" || u.Fragment != "" || u.User != nil:
		return u.Scheme + "://" + u.Host + u.EscapedPath() + "?..."
	}
	return whole
}

// one is a webhook with the fields that are asked for, and its URL as address says.
func one(fields []string, o tailnet.Object) (tool.Object, error) {
	shown, err := kind.One(fields, o)
	if err != nil {
		return nil, err
	}
	return hide(shown, o)
}

// list are webhooks likewise.
func list(fields []string, objects []tailnet.Object) ([]tool.Object, error) {
	shown, err := kind.All(fields, objects)
	for i := range shown {
		if shown[i], err = hide(shown[i], objects[i]); err != nil {
			return nil, err
		}
	}
	return shown, err
}

func hide(shown tool.Object, o tailnet.Object) (tool.Object, error) {
	if _, there := shown["endpointUrl"]; !there {
		return shown, nil
	}
	text, err := json.Marshal(address(o))
	shown["endpointUrl"] = text
	return shown, err
}
