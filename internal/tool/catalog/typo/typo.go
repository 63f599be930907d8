// SPDX-License-Identifier: MIT

// Package typo finds selectors of tools in grants that give nothing in this version, and
// what was probably meant by them. It imports the catalog, caller, grant and cli/spelling.
package typo

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"tailscale-mcp/internal/cli/spelling"
	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/tool/catalog"
)

// Given returns the tools of this version that a grant with that selector of tools, and
// nothing else, gives.
func Given(selector string) []grant.Tool {
	entry, err := json.Marshal(map[string][]string{"tools": {selector}})
	if err != nil {
		return nil
	}
	rules, err := grant.Parse([]string{string(entry)})
	if err != nil {
		return nil
	}
	return slices.DeleteFunc(catalog.Known(), func(t grant.Tool) bool { return !rules.Tool(t).Allowed })
}

// Of says why a selector of tools gives nothing in this version, and what was
// probably meant by it, where that can be told. It is empty for one that gives something,
// and for one of a server behind the gateway, whose tools are the server's.
func Of(selector string) string {
	if grant.NamesServer(selector) || len(Given(selector)) > 0 {
		return ""
	}
	var names, groups []string
	for _, t := range catalog.Known() {
		names, groups = append(names, t.Name), append(groups, t.Group)
	}
	near, what := "", "no tools that "+quoted(selector)+" means"
	if group, named := strings.CutPrefix(selector, "group:"); named {
		group, class, narrowed := strings.Cut(group, ":")
		if slices.Contains(groups, group) {
			return "this version has no tool of the class " + class + " in the group " + group
		}
		what = "no group " + quoted(group)
		if near = spelling.Nearest(group, groups); near != "" && narrowed {
			near += ":" + class
		}
		near = prefixed("group:", near)
	} else if grant.IsToolName(selector) {
		what, near = "no tool "+quoted(selector), meant(selector, names, groups)
	}
	if near != "" {
		near = " (did you mean " + near + "?)"
	}
	return "this version has " + what + near
}

// meant is the selector that was probably to be written, by a name that no tool has.
func meant(name string, names, groups []string) string {
	switch _, err := grant.ParseClass(name); {
	case err == nil:
		return name + ":*"
	case slices.Contains(groups, name):
		return "group:" + name
	case slices.Contains(groups, name+"s"):
		return "group:" + name + "s"
	}
	if near := spelling.Nearest(name, names); near != "" {
		return near
	}
	return prefixed("group:", spelling.Nearest(name, groups))
}

func prefixed(prefix, text string) string {
	if text == "" {
		return ""
	}
	return prefix + text
}

// quoted is a selector within a sentence; it is of another's making and may be long.
func quoted(selector string) string {
	const most = 80
	if len(selector) > most {
		selector = selector[:most] + "…"
	}
	return fmt.Sprintf("%+q", selector)
}
