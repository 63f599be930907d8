// SPDX-License-Identifier: MIT

package main

import (
	"fmt"
	"strings"
	"time"

	"tailscale-mcp/internal/caller"
	"tailscale-mcp/internal/cli"
	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/tool/access/held"
)

// everybody prints who may use what here by the policy file, rule by rule.
func (k checker) everybody() error {
	var asked *grant.Tool
	what := "anything"
	own := k.one && k.foreign == nil
	switch {
	case own:
		t := k.tools[0].Granted()
		asked, what = &t, t.Name
	case k.one:
		asked, what = k.foreign, k.foreign.Server+"/"+k.foreign.Name
	}
	if own && k.tools[0].ForEveryone {
		fmt.Fprintf(k.out, "Every identified caller may call %s, but for those to whom an entry that cannot be read refuses everything: tailscale-mcp check\n", what)
		return nil
	}
	if !k.one {
		k.holders()
	}
	s, err := k.file.Table(k.out, asked, time.Now())
	if err != nil {
		return err
	}
	if s.Rows == 0 {
		fmt.Fprintf(k.out, "No rule of the policy file grants %s here; tailscale-mcp grant prints one.\n", what)
	}
	if own && lacking(k.tools[0], k.cfg) != "" {
		fmt.Fprintf(k.out, "\nBut %s.\n", lacking(k.tools[0], k.cfg))
	}
	for _, one := range s.Selectors {
		if note := noteTool(one.Text, grant.Classes(), k.servers); note != "" {
			k.note("line %d: %s", one.Line, note)
		}
	}
	if len(s.Unknown) > 0 {
		fmt.Fprintf(k.out, "\nIt is not known: %s.\n", strings.Join(s.Unknown, "; "))
	}
	for _, r := range s.Refused {
		fmt.Fprintf(k.out, "\nLine %d refuses everything, whatever other rules give, to %s: %s.\n", r.Line, r.To, r.Why)
	}
	if len(s.Shut) > 0 {
		k.shut(fmt.Sprintf("no rule lets these connect to tcp:%d of this host: %s", k.cfg.Port, strings.Join(s.Shut, ", ")), s.Missing)
	}
	return nil
}

// holders prints in a line or two who may do something here, and who everything.
func (k checker) holders() {
	var tools []grant.Tool
	for _, t := range k.tools {
		tools = append(tools, t.Granted())
	}
	some, every := k.file.Holders(tools, time.Now())
	if len(some) == 0 {
		return // as is said below
	}
	fmt.Fprintf(k.out, "Something is granted here to %d people and tags: %s\n", len(some), fewOf(some))
	if len(every) > 0 {
		fmt.Fprintf(k.out, "Everything is granted to: %s\n", fewOf(every))
	}
	fmt.Fprintln(k.out)
}

// absent answers by the policy file for a caller of whom this host sees no node, or for
// a group.
func (k checker) absent(as string) error {
	if strings.HasPrefix(as, "group:") || strings.HasPrefix(as, "autogroup:") {
		return k.group(as)
	}
	found, err := k.file.Absent(as)
	if err != nil {
		return cli.Hint(fmt.Errorf("this host sees no node of %s in its tailnet, and %w", as, err), "tailscale status lists the nodes that it sees")
	}
	for _, note := range found.Notes {
		k.note("%s", note)
	}
	why := "no node of " + as + " is there yet"
	if found.Listed {
		why = "this host sees no such node"
	}
	for _, by := range found.Callers {
		if err := k.byFile(by, why); err != nil {
			return err
		}
	}
	if found.More > 0 {
		k.note("%d more devices of %s are left out: name one", found.More, as)
	}
	return nil
}

// byFile prints what the policy file gives a caller, and why it is the file that says so.
func (k checker) byFile(by *held.Caller, why string) error {
	c := caller.Caller{Login: by.Who, Node: by.Node, Rules: by.Rules}
	if strings.HasPrefix(by.Who, "tag:") {
		c.Login, c.Tags = "", []string{by.Who}
	}
	if by.Problem != "" {
		fmt.Fprintf(k.out, "%s, by the policy file: %s: every request is refused: %s\n", c, why, by.Problem)
		return nil
	}
	fmt.Fprintf(k.out, "%s, by the policy file: %s:\n", c, why)
	return k.explain(c, by, false)
}

// group prints who is in a group, and what the rules that name it give them here.
func (k checker) group(name string) error {
	g, err := k.file.Group(name)
	if err != nil {
		return cli.Hint(err, "a group is no caller; its members are: tailscale-mcp check --as alice@example.com")
	}
	members := "who is in it, the policy file does not say"
	if g.Known {
		members = strings.Join(g.Members, ", ")
		if members == "" {
			members = "nobody is in it"
		}
	}
	fmt.Fprintf(k.out, "%s: %s\n", name, members)
	return k.byFile(g.Caller, "what the rules that name it give each of them (others may give more: --as LOGIN)")
}
