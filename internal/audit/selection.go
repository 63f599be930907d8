// SPDX-License-Identifier: MIT

package audit

import (
	"slices"
	"strings"
	"time"
)

// Selection says which records are looked for. What is empty does not matter.
type Selection struct {
	Caller       string // login, tag, node, node ID or address
	Server       string // the server behind this one
	Tool         string // the tool, the resource or the prompt, with its server's name or without
	Target       string // a part of what a change touched
	Since, Until time.Time
	Refused      *bool // the refusals, or all but those
}

// Has reports whether r is one of them. That records are missing always is.
func (s Selection) Has(r Record) bool {
	switch {
	case !s.Since.IsZero() && r.Time.Before(s.Since), !s.Until.IsZero() && r.Time.After(s.Until):
		return false
	case r.Event == Lost:
		return true
	case s.Refused != nil && *s.Refused != r.refusal():
		return false
	}
	return (s.Caller == "" || from(r, s.Caller)) && (s.Server == "" || of(r, s.Server)) && (s.Tool == "" || about(r, s.Tool)) &&
		(s.Target == "" || strings.Contains(strings.ToLower(r.Target), strings.ToLower(s.Target)))
}

// from reports whether who made the request.
func from(r Record, who string) bool {
	short, _, _ := strings.Cut(r.Node, ".")
	names := append([]string{r.Login, r.Node, short, r.NodeID}, r.Tags...)
	if r.Addr.IsValid() {
		names = append(names, r.Addr.Addr().String(), r.Addr.String())
	}
	return slices.ContainsFunc(names, func(name string) bool { return strings.EqualFold(name, who) })
}

// about reports whether the record, or one of those folded into it, is about name.
func about(r Record, name string) bool {
	is := func(n string) bool { return n == name || r.Server != "" && n == r.Server+"/"+name }
	return is(r.Name) || slices.ContainsFunc(r.Names, func(n string) bool { _, n, _ = strings.Cut(n, " "); return is(n) })
}

// of reports whether the record, or one of those folded into it, is about a server.
func of(r Record, server string) bool {
	return r.Server == server || slices.ContainsFunc(r.Names, func(n string) bool { _, n, _ = strings.Cut(n, " "); return strings.HasPrefix(n, server+"/") })
}

// Line is the record as a person reads it: when, and what. It is one line that a
// terminal shows and does not act on.
func (r Record) Line() string { return r.Time.Local().Format(time.DateTime) + "  " + r.message() }
