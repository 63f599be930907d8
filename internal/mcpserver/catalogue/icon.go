// SPDX-License-Identifier: MIT

package catalogue

import (
	"net/url"

	"github.com/mark3labs/mcp-go/mcp"

	"tailscale-mcp/internal/grant"
)

// Icons travel inside of the lists, as data URIs: a client fetches nothing for
// them, least of all without the identity that this server asks for. So they are
// small. A tool's is that of its class: what it can do shows before it is read, by
// shape as well as by colour.
var icons = map[grant.Class]mcp.Icon{
	grant.Read:        icon(`<circle cx="8" cy="8" r="6" fill="#197"/>`),
	grant.Write:       icon(`<path d="M3 3h10v10H3z" fill="#26c"/>`),
	grant.Destructive: icon(`<path d="M8 2l7 12H1z" fill="#c22"/>`),
	grant.Escalating:  icon(`<path d="M8 1l7 7-7 7-7-7z" fill="#b60"/>`),
}

// ServerIcon is a host and two peers.
var ServerIcon = icon(`<path d="M8 4L3 12h10z" fill="none" stroke="#567"/><g fill="#234"><circle cx="8" cy="4" r="3"/><circle cx="3" cy="12" r="2"/><circle cx="13" cy="12" r="2"/></g>`)

func icon(shape string) mcp.Icon {
	svg := `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16">` + shape + `</svg>`
	return mcp.Icon{Src: "data:image/svg+xml," + url.PathEscape(svg), MIMEType: "image/svg+xml", Sizes: []string{"any"}}
}
