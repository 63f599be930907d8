// SPDX-License-Identifier: MIT

package gate

// KeptViews is how many views of a snapshot are kept.
func KeptViews(s *Snapshot) int {
	s.views.mu.Lock()
	defer s.views.mu.Unlock()
	return len(s.views.kept)
}
