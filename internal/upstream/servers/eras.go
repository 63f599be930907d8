// SPDX-License-Identifier: MIT

package servers

import (
	"slices"

	"tailscale-mcp/internal/asking"
	"tailscale-mcp/internal/upstream/pin"
	"tailscale-mcp/internal/upstream/process"
)

// mostLearners bounds what is remembered of one server; beyond it all is forgotten.
const mostLearners = 4096

// learner is whose processes learn of the eras of a server together. A server may be another
// for each caller, and for what a client declares, which is that client's own word: what one
// sees of it is not to decide about the era, and by that about what is withheld, for others.
type learner struct {
	caller string // empty for the shared process
	offers asking.Offers
}

// eras are what processes have learned of the eras of a server; nil when it is not there.
func (s *Servers) eras(name, caller string, offers asking.Offers) *process.Eras {
	s.mu.Lock()
	defer s.mu.Unlock()
	k, of := s.known[name], learner{caller, offers}
	if k == nil || k.eras == nil {
		return nil
	}
	if k.eras[of] == nil {
		if len(k.eras) >= mostLearners {
			clear(k.eras)
		}
		k.eras[of] = new(process.Eras)
	}
	return k.eras[of]
}

// otherEra reports whether a new process is not to be used since its server shows in the
// other era what was approved: a definition may be written otherwise in either. What the
// server says that it can is none of what is withheld, and what is not there misleads nobody.
func otherEra(changes []pin.Change, p *process.Process) bool {
	return slices.ContainsFunc(changes, func(c pin.Change) bool {
		return c.Was != nil && c.State != pin.Gone && c.Kind != pin.Capabilities
	}) && p.OtherEra()
}
