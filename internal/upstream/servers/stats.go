// SPDX-License-Identifier: MIT

package servers

import (
	"cmp"
	"slices"

	"tailscale-mcp/internal/failure"
	"tailscale-mcp/internal/upstream/pin"
)

// Stat is how a server stands now.
type Stat struct {
	Name string
	// Processes run or are being started.
	Processes int
	// Withheld are how many things of its pin are withheld since a process has shown them
	// differently: from everybody, or from the holder of that process.
	Withheld int
}

// Stats returns those of all servers that are served, by name.
func (s *Servers) Stats() []Stat {
	running := s.pool.Count()
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]Stat, 0, len(s.known))
	for name, k := range s.known {
		if !s.o.Registry.Offers(name, "") {
			continue
		}
		different := map[item]bool{}
		for _, s := range k.shown {
			for i, why := range s.why {
				if k.pin.Find(i.kind, i.name) != nil && why != string(pin.Gone) {
					different[i] = true
				}
			}
		}
		all = append(all, Stat{name, running[name], len(different)})
	}
	slices.SortFunc(all, func(a, b Stat) int { return cmp.Compare(a.Name, b.Name) })
	return all
}

// Cut ends all processes at once, as the daemon does that stops and has waited long enough:
// whoever waits for an answer is told so.
func (s *Servers) Cut() {
	s.pool.Cut(&failure.Error{
		Code:    failure.UpstreamUnavailable,
		Message: "this host restarts its gateway, and the call had not ended in the time that was left; what the server did of it is not known",
		Next:    "look whether it was carried out before you call again, in a minute",
	})
}
