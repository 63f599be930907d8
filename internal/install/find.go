// SPDX-License-Identifier: MIT

package install

import (
	"slices"
	"strings"

	"tailscale-mcp/internal/cli/spelling"
)

// Clients returns all clients that are known, in the order of the table.
func Clients() []Client { return slices.Clone(clients) }

// Names are the names by which the clients are found.
func Names() []string {
	names := make([]string, len(clients))
	for i, c := range clients {
		names[i] = c.ID
	}
	return names
}

// Find returns the client of that name. For a name that it does not know, the
// error names the one that was probably meant, if any.
func Find(id string) (Client, error) {
	for _, c := range clients {
		if c.ID == strings.ToLower(id) {
			return c, nil
		}
	}
	hint := "'tailscale-mcp-proxy install --list' names them all"
	if near := spelling.Nearest(strings.ToLower(id), Names()); near != "" {
		hint = "did you mean " + near + "? " + hint
	}
	return Client{}, refuse(hint, "unknown client %q", id)
}
