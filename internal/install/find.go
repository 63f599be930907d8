// SPDX-License-Identifier: MIT

package install

import (
	"slices"
	"strings"
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
// error names the nearest.
func Find(id string) (Client, error) {
	for _, c := range clients {
		if c.ID == strings.ToLower(id) {
			return c, nil
		}
	}
	return Client{}, refuse("did you mean "+nearest(id)+"? 'tailscale-mcp-proxy install --list' names them all", "unknown client %q", id)
}

// nearest is the client whose name holds what was typed, else the one that
// takes the fewest changes.
func nearest(id string) string {
	id = strings.ToLower(id)
	best, least := "", 0
	for _, c := range clients {
		d := 1 + distance(id, c.ID)
		if id != "" && strings.Contains(c.ID, id) {
			d = 1
		}
		if best == "" || d < least {
			best, least = c.ID, d
		}
	}
	return best
}

// distance is how many letters have to be put in, taken out or exchanged.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
