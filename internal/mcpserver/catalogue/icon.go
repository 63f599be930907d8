// SPDX-License-Identifier: MIT

package catalogue

import (
	"net/url"

	"github.com/mark3labs/mcp-go/mcp"
)

// ServerIcon is a host and two peers. It travels inside of the handshake, as a data URI,
// and nowhere else: a client fetches nothing for it, least of all without the identity
// that this server asks for. Tools have none: a list would carry it for each of them.
var ServerIcon = icon(`<path d="M8 4L3 12h10z" fill="none" stroke="#567"/><g fill="#234"><circle cx="8" cy="4" r="3"/><circle cx="3" cy="12" r="2"/><circle cx="13" cy="12" r="2"/></g>`)

func icon(shape string) mcp.Icon {
	svg := `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16">` + shape + `</svg>`
	return mcp.Icon{Src: "data:image/svg+xml," + url.PathEscape(svg), MIMEType: "image/svg+xml", Sizes: []string{"any"}}
}
