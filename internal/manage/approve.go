// SPDX-License-Identifier: MIT

package manage

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"tailscale-mcp/internal/cli"
	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/upstream/pin"
	"tailscale-mcp/internal/visible"
)

// Approval is how what a server offers is approved.
type Approval struct {
	// AsIs approves what is withheld, where it can be.
	AsIs bool
	// Suggested takes for each new tool the class that it claims for itself.
	Suggested bool
	// Classes are those of tools, by a name or a pattern with one * at its end.
	Classes map[string]grant.Class
}

// ParseClasses reads CLASS=NAME[,NAME…].
func ParseClasses(texts []string) (map[string]grant.Class, error) {
	all := map[string]grant.Class{}
	for _, text := range texts {
		word, names, ok := strings.Cut(text, "=")
		class, err := grant.ParseClass(word)
		if !ok || err != nil || names == "" {
			return nil, cli.Misused("write read, write, destructive or escalating, and which tools: --class read=read_file,search_*", "%q is no class of tools", text)
		}
		for name := range strings.SplitSeq(names, ",") {
			if name == "" {
				return nil, cli.Misused("--class read=read_file,search_*", "%q names no tool beside a comma", text)
			}
			if before, twice := all[name]; twice && before != class {
				return nil, cli.Misused("give each name one class", "%q is %s and %s", name, before, class)
			}
			all[name] = class
		}
	}
	return all, nil
}

// class is the one that was given for a tool: by its name, else by the longest pattern.
func (a Approval) class(tool string) (class grant.Class, given bool) {
	longest := ""
	for pattern, of := range a.Classes {
		if pattern == tool {
			return of, true
		}
		if means(pattern, tool) && len(pattern) > len(longest) {
			longest, class, given = pattern, of, true
		}
	}
	return class, given
}

// means reports whether a name, or a pattern with one * at its end, is for a tool.
func means(pattern, tool string) bool {
	beginning, open := strings.CutSuffix(pattern, "*")
	return pattern == tool || open && strings.HasPrefix(tool, beginning)
}

// Approve shows how a server differs from what was approved, and approves it if the person
// wants that.
func (h Host) Approve(ctx context.Context, p Person, name string, a Approval) error {
	s, err := h.one(name)
	switch {
	case err != nil:
		return err
	case s.Disabled:
		return cli.Hint(fmt.Errorf("the server %s is disabled, as its entry says", name), `take "disabled" out of `+s.File+", and apply that")
	}
	seen, hello, err := h.look(ctx, s)
	if err != nil {
		return err
	}
	file := pin.Path(h.Dir, name)
	before, _, err := pin.Load(file)
	if err != nil {
		return err
	}
	changes := pin.Compare(before, seen)
	approval := pin.Approval{AsIs: a.AsIs, Classes: map[string]grant.Class{}}
	for _, c := range changes {
		if class, given := a.class(c.Name); given && c.Kind == pin.Tool {
			approval.Classes[c.Name] = class
		} else if a.Suggested && c.Kind == pin.Tool && c.Was == nil && c.Suggested != "" {
			approval.Classes[c.Name] = c.Suggested
		}
	}
	for _, item := range before.Tools {
		if class, given := a.class(item.Name); given {
			approval.Classes[item.Name] = class
		}
	}
	if err := a.unused(seen, before); err != nil {
		return err
	}
	after := pin.Approve(before, seen, approval)
	if string(after.Text()) == string(before.Text()) && len(changes) == 0 {
		p.say("%s is what was approved: %s\n", name, summary(after))
		return nil
	}
	p.say("%s says that it is %q %s\n\n%s", name, hello.Name, hello.Version, after.Title.Text(before.Title))
	for _, c := range changes {
		p.say("%s", c.Text())
	}
	p.say("\n%s\n", classes(after))
	if !p.Yes && len(after.Tools) > 0 {
		p.say("Another class: say no, and then --class read=NAME[,NAME...], or --suggested for what the tools claim.\n")
	}
	if yes, err := p.asked("Approve this?"); err != nil || !yes {
		if err == nil {
			p.say("nothing was approved\n")
			err = cli.Code(cli.Failed)
		}
		return err
	}
	if err := pin.Save(file, after); err != nil {
		return err
	}
	p.say("approved: %s, in %s\n", summary(after), file)
	for _, c := range changes {
		if c.State == pin.Withheld && (c.Final || !a.AsIs) {
			p.say("still withheld: %s %s: %s\n", c.Kind, named(c.Name), visible.Text(c.Why))
		}
	}
	return nil
}

// unused refuses a class that no tool gets: a misspelt name would leave the tool as it was.
func (a Approval) unused(seen pin.Seen, before pin.Pin) error {
	var names []string
	all := pin.Approve(before, seen, pin.Approval{AsIs: true})
	shown := []string{}
	for _, item := range all.Tools {
		names, shown = append(names, item.Name), append(shown, named(item.Name))
	}
	for pattern := range a.Classes {
		found := false
		for _, name := range names {
			found = found || means(pattern, name)
		}
		if !found {
			return cli.Misused("its tools are: "+strings.Join(shown, ", "), "the server has no tool %q", pattern)
		}
	}
	return nil
}

// named is the name of a thing of a server for a terminal: one that is no name for a tool
// could begin a line of its own, or move the cursor.
func named(name string) string {
	if name == "" || grant.IsToolName(name) {
		return name
	}
	return strconv.QuoteToASCII(name)
}

// classes are the tools by class.
func classes(p pin.Pin) string {
	var b strings.Builder
	for _, class := range grant.Classes() {
		var names []string
		for _, item := range p.Tools {
			if item.Class == class {
				names = append(names, named(item.Name))
			}
		}
		if len(names) > 0 {
			fmt.Fprintf(&b, "%s: %s\n", class, strings.Join(names, ", "))
		}
	}
	if b.Len() == 0 {
		return "it has no tools"
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// summary counts what is approved.
func summary(p pin.Pin) string {
	return fmt.Sprintf("%s, %s, %s", counted(len(p.Tools), "tool"), counted(len(p.Prompts), "prompt"), counted(len(p.Templates), "template"))
}

func counted(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// noSystemd is the answer of what needs systemd where it does not run the servers.
func (h Host) noSystemd() error {
	return cli.Hint(errors.New("TAILSCALE_MCP_SERVERS_UNCONFINED is set: something else than systemd runs the servers here, and so adds, applies and removes them"),
		"write or remove entries in "+h.Dir+" yourself; check, list, show and approve work here too")
}
