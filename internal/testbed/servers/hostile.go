// SPDX-License-Identifier: MIT

package servers

import (
	"encoding/json"
	"os/exec"
	"path/filepath"
	"sync"

	"tailscale-mcp/internal/testbed/hostile"
	"tailscale-mcp/internal/testbed/launching"
)

// token is what the servers of package hostile are told by the header of their entry.
const token = "behind-the-gate"

// own is where these servers listen: nobody else takes a port of this address while one of
// them is started anew. From 127.0.0.1 everybody on this host connects to somewhere.
const own = "127.0.0.77"

// Hostile is a server by URL that misbehaves as it is told.
type Hostile struct {
	h    *Host
	args []string

	mu      sync.Mutex
	running *hostile.Process
	total   hostile.Ended
}

// Hostile adds the server of package hostile under a name. kind is "http" or "sse", ours
// what stands under "tailscale", and has to list the network 127.0.0.0/8.
func (h *Host) Hostile(name, kind, ours string, args ...string) *Hostile {
	h.t.Helper()
	s := &Hostile{h: h, args: append([]string{"-token", token}, args...), total: hostile.Ended{Report: hostile.Report{Faults: map[string]int{}}}}
	if err := s.start(own + ":0"); err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() {
		if _, err := s.End(); err != nil {
			h.t.Error(err)
		}
	})
	path := map[string]string{"http": "/mcp", "sse": "/sse"}[kind]
	e := launching.Entry{Type: kind, URL: s.running.URL + path, Headers: map[string]string{"Authorization": "Bearer " + token}, Ours: json.RawMessage(ours)}
	if err := h.Host.Write(name, e); err != nil {
		h.t.Fatal(err)
	}
	return s
}

func (s *Hostile) start(address string) (err error) {
	cmd := exec.Command(filepath.Join(built.dir, "serve"), append([]string{"-address", address}, s.args...)...) //nolint:noctx // it ends with its stdin
	s.running, err = hostile.Start(cmd)
	return err
}

// Restart ends the server and starts it anew, at the same address; args are more of its
// arguments, from now on.
func (s *Hostile) Restart(args ...string) error {
	s.args = append(s.args, args...)
	address := s.running.Address()
	if _, err := s.End(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.start(address)
}

// End ends the server, and returns all that has happened since it was first started.
func (s *Hostile) End() (hostile.Ended, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.running == nil {
		return s.total, nil
	}
	e, err := s.running.End()
	s.running = nil
	s.total.Asked += e.Asked
	s.total.Bare += e.Bare
	s.total.Led += e.Led
	for name, n := range e.Faults {
		s.total.Faults[name] += n
	}
	return s.total, err
}
