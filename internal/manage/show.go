// SPDX-License-Identifier: MIT

package manage

import (
	"context"
	"maps"
	"net/url"
	"slices"
	"strings"

	"tailscale-mcp/internal/upstream/entry"
	"tailscale-mcp/internal/upstream/pin"
	"tailscale-mcp/internal/upstream/unit"
	"tailscale-mcp/internal/visible"
)

// shown is all that is known of a server, for show.
type shown struct {
	State

	Title    string   `json:"title,omitempty"`
	About    string   `json:"description,omitempty"`
	Program  []string `json:"program,omitempty"`
	Server   string   `json:"server,omitempty"`
	Type     string   `json:"type,omitempty"` // of the transport, where the entry names it
	Headers  []string `json:"headers,omitempty"`
	Needs    []string `json:"credentials,omitempty"`
	CA       string   `json:"ca,omitempty"`
	Network  string   `json:"network"`
	Read     []string `json:"read,omitempty"`
	Write    []string `json:"write,omitempty"`
	User     string   `json:"user,omitempty"`
	Shared   bool     `json:"shared,omitempty"`
	Approved []tool   `json:"approved"`
	Running  []Unit   `json:"running"`
	Notes    []string `json:"notes,omitempty"`
	stderr   string   // the command that shows it
}

type tool struct {
	Name  string `json:"name"`
	Class string `json:"class"`
}

// Show says all about one server: how it stands, what it may reach, what was approved, and
// what of it runs.
func (h Host) Show(ctx context.Context, p Person, name string) error {
	s, err := h.one(name)
	if err != nil {
		return err
	}
	all := shown{
		State: h.state(ctx, entry.File{Name: name, Server: s}), Network: network(s.Network),
		Read: s.Read, Write: s.Write, User: s.User, Shared: s.Shared, Approved: []tool{}, Running: []Unit{},
	}
	if s.Stdio() {
		all.Program = append([]string{s.Command}, s.Args...)
	} else {
		all.Server, all.CA, all.Headers, all.Needs = origin(s.URL), s.CA, slices.Sorted(maps.Keys(s.Headers)), s.Credentials()
	}
	if s.Transport == entry.SSE {
		all.Type = string(s.Transport)
	}
	approved, _, err := pin.Load(pin.Path(h.Dir, name))
	if err != nil {
		return err
	}
	all.Title, all.About = approved.Title.Title, approved.Title.Description
	for _, item := range approved.Tools {
		all.Approved = append(all.Approved, tool{item.Name, string(item.Class)})
	}
	if h.Systemd != nil && s.Stdio() {
		all.stderr = "journalctl -t tailscale-mcp-" + name
		if all.Running, err = h.Systemd.Units(ctx, strings.Replace(unit.ServiceName(name), "@", "@*", 1)); err != nil {
			return err
		}
	}
	all.Notes = append(h.notes(ctx, s), h.lacksCredentials(ctx, s)...)
	if h.Systemd != nil && s.Stdio() {
		if err := h.held(ctx, s); err != nil {
			all.Notes = append(all.Notes, "it is not started: "+err.Error())
		}
	}
	if p.JSON {
		return p.encode(all)
	}
	p.show(all)
	return nil
}

// origin is where a server is, without what in its URL may be a secret.
func origin(text string) string {
	u, err := url.Parse(text)
	if err != nil {
		return ""
	}
	if u.RawQuery != "" {
		return u.Scheme + "://" + u.Host + u.EscapedPath() + "?…"
	}
	return u.Scheme + "://" + u.Host + u.EscapedPath()
}

func (p Person) show(s shown) {
	line := func(key, value string) {
		if value != "" {
			p.say("%-9s %s\n", key, visible.Text(value))
		}
	}
	line("server", s.Name)
	line("title", s.Title)
	line("about", s.About)
	line("state", s.State.State)
	line("program", strings.Join(s.Program, " "))
	line("url", s.Server)
	line("type", s.Type)
	line("headers", strings.Join(s.Headers, ", "))
	line("secrets", strings.Join(s.Needs, ", "))
	line("ca", s.CA)
	line("network", s.Network)
	line("reads", strings.Join(s.Read, " "))
	line("writes", strings.Join(s.Write, " "))
	line("user", s.User)
	line("clients", s.URL)
	for _, t := range s.Approved {
		line("tool", named(t.Name)+" ("+t.Class+")")
	}
	for _, u := range s.Running {
		line("running", u.Name+" "+u.Active)
	}
	for _, note := range s.Notes {
		line("note", note)
	}
	line("stderr", s.stderr)
}

// network is what a server reaches, in a word.
func network(n entry.Network) string {
	var listed []string
	for _, prefix := range n.Listed {
		listed = append(listed, prefix.String())
	}
	switch {
	case n.Unconfined:
		return "unconfined"
	case n.Internet:
		return "internet"
	case len(listed) > 0:
		return strings.Join(listed, ", ")
	}
	return "none"
}
