// SPDX-License-Identifier: MIT

package config

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"tailscale-mcp/internal/cli/spelling"
)

// Problem is one thing that is wrong with the configuration.
type Problem struct {
	Name   string // the variable or systemd credential
	Value  string // its value, quoted for people; empty when it may not be shown
	Reason string // what is wrong
	Remedy string // what to write instead
}

// Error is everything that is wrong with the configuration.
type Error struct{ Problems []Problem }

// Error lists the problems, one a line, and ends with where to mend them.
func (e *Error) Error() string {
	var b strings.Builder
	for _, p := range e.Problems {
		b.WriteString(p.Name)
		if p.Value != "" {
			b.WriteString("=" + p.Value)
		}
		fmt.Fprintf(&b, " %s: %s\n", p.Reason, p.Remedy)
	}
	b.WriteString("correct this in " + File + " and run: systemctl restart tailscale-mcp.service")
	return b.String()
}

// loader collects the problems of one Load.
type loader struct {
	problems []Problem
	secrets  []string // never to be shown, wherever they were written
}

func (l *loader) add(name, reason, remedy string) {
	l.problems = append(l.problems, Problem{Name: name, Reason: reason, Remedy: remedy})
}

func (l *loader) addValue(name, value, reason, remedy string) {
	l.problems = append(l.problems, Problem{Name: name, Value: l.show(value), Reason: reason, Remedy: remedy})
}

// show quotes a value for an error message. A secret that was pasted into the
// wrong variable must not come out here either.
func (l *loader) show(value string) string {
	const hidden = "(not shown: it may hold a secret)"
	if strings.Contains(value, "tskey-") {
		return hidden
	}
	for _, secret := range l.secrets {
		if strings.Contains(value, secret) || len(value) >= 8 && strings.Contains(secret, value) {
			return hidden
		}
	}
	if runes := []rune(value); len(runes) > 80 {
		value = string(runes[:80]) + "..."
	}
	return strconv.QuoteToASCII(value)
}

// nearest returns the known name that was probably meant by name, or "".
func nearest(name string, known []string) string {
	best, bestDistance := "", len(name)/4+1 // a quarter of the letters may be wrong
	for _, candidate := range known {
		if d := spelling.Distance(name, candidate); d < bestDistance {
			best, bestDistance = candidate, d
		}
	}
	return best
}

// proxyPrefix begins the variables of tailscale-mcp-proxy, which a person's
// shell may hold too.
const proxyPrefix = serverPrefix + "_PROXY_"

// unknownNames refuses TAILSCALE_MCP_* names that do not exist. Their values are
// never shown: an unknown name may well be a misspelt secret.
func (l *loader) unknownNames(environ []string) {
	known := names()
	reported := map[string]bool{}
	for _, entry := range environ {
		name, _, _ := strings.Cut(entry, "=")
		if strings.HasPrefix(name, proxyPrefix) || !strings.HasPrefix(name, serverPrefix+"_") || slices.Contains(known, name) || reported[name] {
			continue
		}
		reported[name] = true
		remedy := "remove it; the variables are listed in " + File + " and by: tailscale-mcp help"
		if meant := nearest(name, known); meant != "" {
			remedy = "did you mean " + meant + "?"
		} else if api := apiPrefix + strings.TrimPrefix(name, serverPrefix); slices.Contains(known, api) {
			remedy = "did you mean " + api + "?"
		}
		l.add(printable(name), "is not a variable of tailscale-mcp", remedy)
	}
}

// printable keeps a strange name from writing lines of its own into a log.
func printable(name string) string {
	if quoted := strconv.QuoteToASCII(name); quoted != `"`+name+`"` {
		return quoted
	}
	return name
}

func names() []string {
	var list []string
	for _, v := range Reference() {
		list = append(list, v.Name)
	}
	return list
}
