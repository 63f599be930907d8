// SPDX-License-Identifier: MIT

package servers

import (
	"context"
	"time"

	"tailscale-mcp/internal/upstream/entry"
	"tailscale-mcp/internal/upstream/pin"
	"tailscale-mcp/internal/upstream/process"
)

// Follow has the servers be what the folder says until ctx ends, from before it returns
// for the first time on.
func (s *Servers) Follow(ctx context.Context) {
	s.Read()
	go func() {
		ticker := time.NewTicker(s.o.Every)
		defer ticker.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
				s.Read()
			}
		}
	}()
}

// Read looks at the folder once. An entry that is wrong is said in the log, once for each
// state of its file, and its server is as if it were not there; a folder that cannot be read
// is said once for each reason.
func (s *Servers) Read() {
	orders := s.orders() // before the entries: who begins anew is to find what was written before the order
	files, err := entry.Dir(s.o.Dir)
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil {
		if s.unread == nil || s.unread.Error() != err.Error() {
			s.o.Log.Error("servers are as they were: their folder cannot be read", "dir", s.o.Dir, "err", err)
		}
		s.unread = err
		return
	}
	s.unread = nil
	there := map[string]bool{}
	for _, f := range files {
		there[f.Name] = true
		mark := f.Stamp + entry.Stamp(pin.Path(s.o.Dir, f.Name))
		if k := s.known[f.Name]; k == nil || k.stamp != mark {
			s.read(f, mark)
		}
	}
	for name := range s.known {
		if !there[name] {
			s.forget(name, "its entry is gone")
			delete(s.known, name)
		}
	}
	s.obey(orders)
}

// read takes one entry that is new or has changed. The caller of read holds mu.
func (s *Servers) read(f entry.File, mark string) {
	before := s.known[f.Name]
	p, approved, err := pin.Load(pin.Path(s.o.Dir, f.Name))
	why := ""
	switch {
	case len(f.Mistakes) > 0:
		why = f.Mistakes.Error()
	case f.Server.Disabled:
		why = "it is disabled"
	case err != nil:
		why = err.Error()
	case !approved:
		why = "nothing of it is approved: sudo tailscale-mcp server approve " + f.Name
	}
	k := &server{entry: f.Server, pin: p, stamp: mark, eras: map[learner]*process.Eras{}}
	if why != "" {
		s.forget(f.Name, why)
		s.known[f.Name] = &server{entry: entry.Server{Name: f.Name}, off: true, stamp: mark} // so that it is said once
		return
	}
	if before != nil {
		k.shown = before.shown // until each process that runs was compared with what holds now
	}
	s.set(k)
	for _, holder := range s.pool.Holders(f.Name) {
		s.lookAgain(f.Name, holder, 0)
	}
	if before == nil {
		s.o.Log.Info("server added", "server", f.Name, "tools", len(p.Tools), "prompts", len(p.Prompts))
	} else {
		s.o.Log.Info("server changed", "server", f.Name, "tools", len(p.Tools), "prompts", len(p.Prompts))
	}
}

// forget takes a server away from callers. The caller of forget holds mu.
func (s *Servers) forget(name, why string) {
	s.o.Log.Warn("server not served", "server", name, "why", why)
	s.o.Registry.Remove(name)
	s.pool.Remove(name)
	s.sessions.EndOf(name)
}
