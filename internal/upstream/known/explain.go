// SPDX-License-Identifier: MIT

package known

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"tailscale-mcp/internal/caller"
	"tailscale-mcp/internal/gate"
	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/visible"
)

// Lines says which lines of the policy file give a tool, for the end of a line; empty where
// that is not known.
type Lines func(grant.Tool) string

// Explain prints what a caller may use of each server, and by which entry. d decides.
func (k Servers) Explain(w io.Writer, d *gate.Dispatcher, c caller.Caller, lines Lines) error {
	for _, s := range k.All {
		switch {
		case s.Hidden && s.Name == "":
			fmt.Fprintf(w, "\nServers behind this one: not known, since this account may not read their folder: run this with sudo.\n")
		case s.Hidden:
			fmt.Fprintf(w, "\nThe server %s: not known, since this account may not read its files: run this with sudo.\n", s.Name)
		case s.Why != "":
			fmt.Fprintf(w, "\nThe server %s is not served: %s\n", s.Name, s.Why)
		default:
			if err := k.explain(w, d.Of(s.Name), c, s, lines); err != nil {
				return err
			}
		}
	}
	return nil
}

func (k Servers) explain(w io.Writer, d *gate.Dispatcher, c caller.Caller, s Server, lines Lines) error {
	now := d.Snapshot()
	var all []grant.Tool
	for _, t := range now.Tools() {
		all = append(all, t.Granted())
	}
	may := func(t grant.Tool) bool { decision, _ := d.Explain(c, t.Name); return decision.Allowed }
	var given []string
	for _, selector := range grant.Summary(all, may) {
		given = append(given, s.Name+"/"+selector)
	}
	if given == nil {
		given = []string{"nothing"}
	}
	fmt.Fprintf(w, "\nThe server %s: %d of %d tools: %s\n", s.Name, len(d.Tools(c)), len(all), strings.Join(given, ", "))
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, one := range all {
		k.line(t, d, c, one, lines)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	var prompts []string
	for _, p := range d.Prompts(c) {
		prompts = append(prompts, visible.Text(p.Name))
	}
	if n := len(now.Prompts()); n > 0 {
		fmt.Fprintf(w, "  %d of %d prompts: %s\n", len(prompts), n, orNothing(prompts))
	}
	if now.Others() {
		var resources []string
		_, named, _ := c.Rules.OfServers()
		for _, selector := range named {
			if rest, ok := strings.CutPrefix(selector, s.Name+"/"); ok {
				resources = append(resources, rest)
			}
		}
		fmt.Fprintf(w, "  resources: %s\n", orNothing(resources))
	}
	return nil
}

// line is the line of one tool, in the form of those of our own.
func (k Servers) line(w io.Writer, d *gate.Dispatcher, c caller.Caller, t grant.Tool, lines Lines) (missing string) {
	decision, missing := d.Explain(c, t.Name)
	word, by := "no", ""
	if decision.Allowed {
		word, by = "yes", "by "+decision.By+lines(t)
	} else if at := lines(t); at != "" {
		by = "tailscaled does not say so (yet), but it is granted" + at
	}
	fmt.Fprintf(w, "  %s\t%s/%s\t%s\t%s\n", word, t.Server, visible.Text(t.Name), t.Class, by)
	return missing
}

// One prints whether a caller may call one tool, SERVER/NAME, and the grant that is missing.
func (k Servers) One(w io.Writer, d *gate.Dispatcher, c caller.Caller, t grant.Tool, lines Lines) error {
	out := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	missing := k.line(out, d.Of(t.Server), c, t, lines)
	if err := out.Flush(); err != nil {
		return err
	}
	if missing != "" {
		fmt.Fprintf(w, "\nThis in \"grants\" of the tailnet policy file would allow it:\n%s\n", missing)
	}
	return nil
}

// Named returns the tool that SERVER/NAME names, or why there is none.
func (k Servers) Named(selector string) (grant.Tool, string) {
	server, name, _ := strings.Cut(selector, "/")
	for _, t := range k.Registry.Of(server).Tools() {
		if t.Name == name {
			return t.Granted(), ""
		}
	}
	if k.hidden(server) {
		return grant.Tool{}, "this account may not read the files of the servers: run this with sudo"
	}
	if why := k.Tool(selector); why != "" {
		return grant.Tool{}, why
	}
	return grant.Tool{}, quoted(selector) + " means several tools: name one"
}

func orNothing(names []string) string {
	if len(names) == 0 {
		return "nothing"
	}
	return strings.Join(names, ", ")
}
