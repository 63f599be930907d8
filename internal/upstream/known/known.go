// SPDX-License-Identifier: MIT

// Package known says what of the servers behind the gate can be granted, and what keeps
// one from being served, by the files of their folder: for check, grant and doctor, and for
// the log of the daemon.
package known

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"

	"tailscale-mcp/internal/gate"
	"tailscale-mcp/internal/upstream/entry"
	"tailscale-mcp/internal/upstream/offer"
	"tailscale-mcp/internal/upstream/pin"
)

// Server is one server, as its files are now.
type Server struct {
	entry.File
	Pin pin.Pin
	// Why says why it is not served; empty if nothing in its files is against it.
	Why string
	// Hidden is set where this account may not read the files, so that nothing is known.
	Hidden bool
}

// Servers are those that there are.
type Servers struct {
	// Registry has what they offer.
	Registry *gate.Registry
	// All has those too that are not served; nil where the registry alone is known.
	All []Server
}

// Read reads the folder, and enters what the servers offer in the registry, to be decided
// about: nothing of it can be called. The error is about the folder as a whole.
func Read(dir string, r *gate.Registry) (Servers, error) {
	files, err := entry.Dir(dir)
	if errors.Is(err, fs.ErrPermission) {
		return Servers{Registry: r, All: []Server{{Hidden: true}}}, nil
	}
	if err != nil {
		return Servers{Registry: r}, err
	}
	k := Servers{Registry: r, All: []Server{}}
	for _, f := range files {
		s := Server{File: f}
		if s.Hidden = unreadable(f.Path); !s.Hidden {
			s.read(dir)
		}
		if s.Why == "" && !s.Hidden {
			r.Set(f.Name, f.Server.Allow, offer.Of(f.Server, s.Pin, func(pin.Kind, string) bool { return false }, cannotCall))
		}
		k.All = append(k.All, s)
	}
	return k, nil
}

// read reads the pin, and says what is against serving the server.
func (s *Server) read(dir string) {
	approved, ok, err := pin.Load(pin.Path(dir, s.Name))
	s.Pin = approved
	switch {
	case len(s.Mistakes) > 0:
		s.Why = s.Mistakes.Error()
	case s.Server.Disabled:
		s.Why = "its entry says that it is disabled"
	case errors.Is(err, fs.ErrPermission):
		s.Hidden = true
	case err != nil:
		s.Why = err.Error()
	case !ok:
		s.Why = "nothing of it is approved: sudo tailscale-mcp server approve " + s.Name
	}
}

func unreadable(path string) bool {
	f, err := os.Open(path) //nolint:gosec // a file of the folder, which package entry reads with care
	if err == nil {
		_ = f.Close()
	}
	return errors.Is(err, fs.ErrPermission)
}

func cannotCall(context.Context, gate.Call, offer.What, string, json.RawMessage) (json.RawMessage, error) {
	return nil, errors.New("here nothing is called")
}

// find returns a server by its name; nil if there is none that is known.
func (k Servers) find(name string) *Server {
	for i := range k.All {
		if k.All[i].Name == name {
			return &k.All[i]
		}
	}
	return nil
}

// hidden reports whether there may be servers, or something of one, that cannot be known.
func (k Servers) hidden(name string) bool {
	for _, s := range k.All {
		if s.Hidden && (s.Name == "" || s.Name == name) {
			return true
		}
	}
	return false
}

// names are the names of all servers that are known.
func (k Servers) names() []string {
	names := k.Registry.Servers()
	for _, s := range k.All {
		names = append(names, s.Name)
	}
	return names
}

// Names are the tools of all servers, as SERVER/NAME.
func (k Servers) Names() (names []string) {
	for _, server := range k.Registry.Servers() {
		for _, t := range k.Registry.Of(server).Tools() {
			names = append(names, server+"/"+t.Name)
		}
	}
	return names
}
