// SPDX-License-Identifier: MIT

package manage

import (
	"context"
	"errors"
	"strings"
	"text/tabwriter"

	"tailscale-mcp/internal/cli"
	"tailscale-mcp/internal/upstream/entry"
	"tailscale-mcp/internal/upstream/npm"
	"tailscale-mcp/internal/upstream/pin"
	"tailscale-mcp/internal/upstream/unit"
)

// State is one server, for list and show.
type State struct {
	Name      string   `json:"name"`
	State     string   `json:"state"`
	Tools     int      `json:"tools"`
	Instances int      `json:"instances"`
	URL       string   `json:"url,omitempty"`
	Mistakes  []string `json:"mistakes,omitempty"`
}

// List says which servers there are.
func (h Host) List(ctx context.Context, p Person) error {
	files, err := h.entries()
	if err != nil {
		return err
	}
	states := []State{}
	for _, f := range files {
		states = append(states, h.state(ctx, f))
	}
	if p.JSON {
		return p.encode(states)
	}
	if len(states) == 0 {
		h.none(p)
		return nil
	}
	w := tabwriter.NewWriter(p.Out, 0, 0, 2, ' ', 0)
	table := p
	table.Out = w
	table.say("NAME\tSTATE\tTOOLS\tRUNNING\n")
	for _, s := range states {
		table.say("%s\t%s\t%d\t%d\n", s.Name, s.State, s.Tools, s.Instances)
	}
	return w.Flush()
}

// none says that there is no server.
func (h Host) none(p Person) { p.say("no servers in %s; the first: %s\n", h.Dir, h.first()) }

// first is how a host gets its first server.
func (h Host) first() string {
	if h.Unconfined {
		return "write its entry, NAME.json, see WITHOUT SYSTEMD in tailscale-mcp-server(8)"
	}
	return "sudo tailscale-mcp server add NAME -- COMMAND, or --url URL"
}

// state is how one server stands.
func (h Host) state(ctx context.Context, f entry.File) State {
	s := State{Name: f.Name, State: "served"}
	approved, ok, err := pin.Load(pin.Path(h.Dir, f.Name))
	s.Tools = len(approved.Tools)
	switch {
	case len(f.Mistakes) > 0:
		s.State = "wrong: see tailscale-mcp server check " + f.Name
		for _, m := range f.Mistakes {
			s.Mistakes = append(s.Mistakes, m.Error())
		}
		return s
	case f.Server.Disabled:
		s.State = "disabled"
	case err != nil: // what was approved cannot be read
		s.State = "wrong: see tailscale-mcp server check " + f.Name
		s.Mistakes = []string{err.Error()}
	case !ok:
		s.State = "not approved: sudo tailscale-mcp server approve " + f.Name
	case h.Systemd != nil && unit.Needed(f.Server):
		sockets, err := h.Systemd.Units(ctx, unit.SocketName(f.Name))
		if err == nil && (len(sockets) == 0 || sockets[0].Active != "active") {
			s.State = "not started: sudo tailscale-mcp server apply"
		}
	}
	if h.Systemd != nil && f.Server.Stdio() {
		instances, _ := h.Systemd.Units(ctx, strings.Replace(unit.ServiceName(f.Name), "@", "@*", 1))
		s.Instances = len(instances)
	}
	if h.URL != nil {
		s.URL = h.URL(ctx, f.Name)
	}
	return s
}

// Check says everything that is wrong with the entries, and what they need; nothing is
// changed. It fails if something is wrong.
func (h Host) Check(ctx context.Context, p Person, name string) error {
	files, err := h.entries()
	if err != nil {
		return err
	}
	type result struct {
		Name     string          `json:"name"`
		Mistakes []entry.Mistake `json:"mistakes"`
		Needs    []string        `json:"needs,omitempty"`
	}
	results, found, wrong := []result{}, false, false
	for _, f := range files {
		if name != "" && f.Name != name {
			continue
		}
		found = true
		r := result{Name: f.Name, Mistakes: append([]entry.Mistake{}, f.Mistakes...)}
		if len(f.Mistakes) == 0 {
			mistakes, err := h.host(ctx, f.Server)
			if err != nil {
				return err
			}
			r.Mistakes = append(r.Mistakes, mistakes...)
			r.Mistakes = append(r.Mistakes, h.unreadable(f.Name)...)
			r.Needs = h.needs(ctx, f.Server)
		}
		wrong = wrong || len(r.Mistakes) > 0
		results = append(results, r)
	}
	if name != "" && !found {
		_, err := h.one(name)
		return err
	}
	if p.JSON {
		if err := p.encode(results); err != nil {
			return err
		}
	} else {
		if len(results) == 0 {
			h.none(p)
		}
		for _, r := range results {
			for _, m := range r.Mistakes {
				p.say("%s\n", m.Error())
			}
			for _, need := range r.Needs {
				p.say("%s: %s\n", r.Name, need)
			}
			if len(r.Mistakes)+len(r.Needs) == 0 {
				p.say("%s: ok\n", r.Name)
			}
		}
	}
	if wrong {
		return cli.Code(cli.Failed)
	}
	return nil
}

// unreadable says why what was approved of a server cannot be read.
func (h Host) unreadable(name string) entry.Mistakes {
	file := pin.Path(h.Dir, name)
	_, _, err := pin.Load(file)
	if err == nil {
		return nil
	}
	what := strings.TrimPrefix(err.Error(), file+": ")
	m := entry.Mistake{File: file, What: what, Remedy: "take it from git, or remove it and approve again"}
	if i := strings.LastIndex(what, ": "); i >= 0 {
		m.What, m.Remedy = what[:i], what[i+2:]
	}
	return entry.Mistakes{m}
}

// needs says what a server that is written rightly still lacks.
func (h Host) needs(ctx context.Context, s entry.Server) []string {
	needs := h.lacks(ctx, s)
	if _, ok, err := pin.Load(pin.Path(h.Dir, s.Name)); err == nil && !ok && !s.Disabled {
		needs = append(needs, "nothing of it is approved: sudo tailscale-mcp server approve "+s.Name)
	}
	return needs
}

// lacks says what the program of a server lacks to be started.
func (h Host) lacks(ctx context.Context, s entry.Server) (needs []string) {
	needs = h.lacksCredentials(ctx, s)
	if !s.Stdio() {
		return needs
	}
	run, isNPM, err := npm.Parse(s.Command, s.Args)
	switch {
	case err != nil:
		needs = append(needs, err.Error())
	case isNPM && !run.Pinned():
		needs = append(needs, "the package "+run.Package+" has no version: write "+run.Package+"@VERSION, so that tomorrow's is the one that was approved")
	case isNPM:
		if _, err := run.Installed(h.NPM + "/" + s.Name); errors.Is(err, npm.ErrNotInstalled) {
			needs = append(needs, "sudo tailscale-mcp server apply installs "+run.Package+"@"+run.Version)
		}
	case s.Command == "uvx" || s.Command == "uv":
		needs = append(needs, `uvx fetches what it runs at every start: it needs "network": "internet", and what it fetches is not what was approved`)
	case s.Command == "docker" || s.Command == "podman":
		needs = append(needs, s.Command+" is out of reach of the sandbox: run what is in the image by itself")
	case missing(s):
		needs = append(needs, s.Command+" is not on this host: install it for all users, or write its absolute path")
	}
	return needs
}
