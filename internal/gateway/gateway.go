// SPDX-License-Identifier: MIT

// Package gateway serves each server behind the gate at a path of its own, /NAME/mcp, to
// whom the policy file grants something of it. Whoever is granted nothing is answered as
// if it were not there, and nothing of it is started.
package gateway

import (
	"log/slog"
	"net/http"
	"sync"
	"time"

	"tailscale-mcp/internal/asking"
	"tailscale-mcp/internal/front"
	"tailscale-mcp/internal/gate"
	"tailscale-mcp/internal/mcpserver"
	"tailscale-mcp/internal/mcpserver/parked"
	"tailscale-mcp/internal/upstream/servers"
)

// Path is where a server is served; its name takes the place of the variable.
const Path = "/{server}/mcp"

// nothingHere is what a path answers that has nothing for the caller.
const nothingHere = "there is nothing here for you: this server answers at /mcp, and at /NAME/mcp for each server behind it that you are granted something of"

// Options are what a Gateway is made of; all but Recheck are required.
type Options struct {
	Servers *servers.Servers
	// Dispatcher is the way to our own tools, of which those to the servers are made.
	Dispatcher *gate.Dispatcher
	Version    string
	Log        *slog.Logger
	// Recheck is how often an open stream is decided anew; zero means that of package
	// mcpserver.
	Recheck time.Duration
}

// Gateway is the way to all servers behind the gate.
type Gateway struct {
	o Options

	parked *parked.Table

	mu       sync.Mutex
	shown    map[string]shown
	draining bool
}

// shown is a server as clients see it.
type shown struct {
	about servers.About
	mcp   *mcpserver.Server
}

// New returns a Gateway.
func New(o Options) *Gateway { return &Gateway{o: o, parked: parked.New(), shown: map[string]shown{}} }

// Handle has a Front serve all of it.
func (g *Gateway) Handle(f *front.Front) {
	f.HandleAnswers(Path, g.Serve, mcpserver.MayAnswer)
	f.Handle(ListPath, g.List)
}

// Serve answers one request, as a front.Handler.
func (g *Gateway) Serve(w http.ResponseWriter, r *http.Request, v *front.Visit) {
	name := r.PathValue("server")
	s := g.of(name)
	if s == nil || !v.Caller.Rules.At(time.Now()).Reach(name) {
		front.Refuse(w, http.StatusNotFound, nothingHere)
		return
	}
	s.Serve(w, r, v)
}

// of returns what serves the server called name; nil if there is none now.
func (g *Gateway) of(name string) *mcpserver.Server {
	about, ok := g.o.Servers.About(name)
	g.mu.Lock()
	defer g.mu.Unlock()
	was, had := g.shown[name]
	switch {
	case !ok:
		if had {
			was.mcp.Drain()
			delete(g.shown, name)
		}
		return nil
	case had && was.about == about:
		return was.mcp
	case had:
		was.mcp.Drain() // its streams tell of what is no more
	}
	s := mcpserver.New(mcpserver.Options{
		Dispatcher: g.o.Dispatcher.Of(name), Version: g.o.Version, Log: g.o.Log,
		Parked: g.parked, Sessions: g.o.Servers.Sessions(), Recheck: g.o.Recheck,
		Behind: &mcpserver.Behind{
			Name: name, Instructions: about.Instructions, Tools: about.Tools, Prompts: about.Prompts, Resources: about.Resources,
			Subscribe: about.Subscribe, Logging: about.Logging, Completions: about.Completions, Shared: about.Shared, Tell: g.o.Servers.Tell, RootsChanged: g.o.Servers.RootsChanged,
			Asks: about.Asks, Hides: func(holder string, offers asking.Offers) func(gate.Kind, string) bool {
				return g.o.Servers.Hides(name, holder, offers)
			},
		},
	})
	if g.draining {
		s.Drain()
	}
	g.shown[name] = shown{about, s}
	return s
}

// Drain ends the streams of all servers, and voids what clients were asked.
func (g *Gateway) Drain() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.draining = true
	g.parked.Drain()
	for _, s := range g.shown {
		s.mcp.Drain()
	}
}
