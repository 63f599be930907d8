// SPDX-License-Identifier: MIT

// Package grant reads the permissions that a tailnet policy file gives a caller
// and answers whether they cover a tool, a resource, a template or a prompt.
//
// # Entries
//
// A policy file grants through the capability of this service, for example
//
//	"app": {"jaxxstorm.com/cap/mcp": [{"tools": ["read:*"], "resources": ["tailscale://devices"]}]}
//
// tailscaled hands over every entry of every grant that matches caller and
// host. [Parse] reads them all or refuses them all; the permissions are their
// union, order and repetition mean nothing, no entry takes anything away, and
// what no entry gives is denied.
//
// An entry may set itself conditions, which hold for all of its selectors and for
// no other entry:
//
//	"devices": ["tag:ci", "alice@example.com"]   only these devices (see [Devices])
//	"until": "2026-12-24T18:00:00Z"              only before this time (RFC 3339)
//	"rate": "30/m"                               30 calls a minute at most (s, m, h, d)
//
// # Tool selectors
//
//	list_all_devices   this tool, whatever its class
//	*                  every tool that is not escalating
//	read:*             every tool of a class: read, write, destructive, escalating
//	group:dns          every tool of a group that is not escalating
//	group:dns:read     every tool of a group and a class
//
// # Servers
//
// A selector without a server's name means the tools and resources of Tailscale
// only, "*" included. For those of a server behind the gateway its name and a slash
// come first:
//
//	files/read_file             this tool, by the name that the server gives it
//	files/get_*                 every tool whose name begins so and that is not escalating
//	files/read:*                every tool of a class
//	files/*                     every tool that is not escalating; every resource; every prompt
//	files/file:///srv/docs/*    a resource selector, as below
//
// Prompts are granted by "prompts", of servers only: one of Tailscale's is offered
// to whoever may call every tool that it uses.
//
// # Resource selectors
//
//	tailscale://devices       this URI, byte for byte; or a template whose alias it is
//	*                         every resource
//	tailscale://device/*      everything below tailscale://device, not that URI itself
//	tailscale://*             everything of the scheme
//	tailscale://device/{id}   every resource of this template (see [Template])
//
// A selector that covers more than one URI, other than "*", covers only plain
// URIs: those that nobody could normalise into a different one (see
// [Rules.Resource]).
//
// # Promises
//
// The package imports the standard library only and does no I/O. It fails
// closed: the zero [Rules] deny everything, and an entry that this version
// cannot read completely makes Parse fail, because what was not understood
// might have been meant as a restriction.
package grant

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Class says how much harm a tool can do. The server keeps it for every tool;
// it is never inferred from what a client or an annotation claims.
type Class string

const (
	// Read changes nothing.
	Read Class = "read"
	// Write changes something that the caller named.
	Write Class = "write"
	// Destructive removes, disconnects, or replaces configuration the caller did not name.
	Destructive Class = "destructive"
	// Escalating can grant privilege or mint credentials. Only selectors that
	// say so reach it: the tool's own name, "escalating:*" and
	// "group:NAME:escalating"; "*" and "group:NAME" do not.
	Escalating Class = "escalating"
)

// Classes returns every class, from the least harmful to the most.
func Classes() []Class { return []Class{Read, Write, Destructive, Escalating} }

// ParseClass returns the class called s, exactly as a grant spells it.
func ParseClass(s string) (Class, error) {
	c := Class(s)
	if !c.known() {
		return "", fmt.Errorf("unknown class %s: accepted are %s", quote(s), classNames)
	}
	return c, nil
}

const classNames = "read, write, destructive, escalating"

func (c Class) known() bool {
	switch c {
	case Read, Write, Destructive, Escalating:
		return true
	}
	return false
}

// Tool is what a decision is asked about.
type Tool struct {
	Server string // behind the gateway; empty for Tailscale's own
	Name   string
	Group  string // may be empty: then no group selector matches
	Class  Class
	// Devices is set when the tool can keep itself to some devices. One that cannot
	// is not granted by an entry with "devices".
	Devices bool
}

// Decision answers one question. The zero Decision denies.
type Decision struct {
	Allowed bool
	// By names the selector that allowed it, the narrowest one when several
	// did, such as "tools: read:*", with the conditions of its entry. It is empty
	// exactly when Allowed is false.
	By string
	// Terms are how it is allowed, when no entry allows it for all devices and at any
	// rate; nil when one does.
	Terms *Terms
}

// Rules are the permissions of one caller: an immutable union of entries, safe
// for concurrent use and cheap to copy. The zero Rules deny everything. Compare
// them with [Rules.Equal] or by [Rules.Digest], not with ==.
//
// Entries with "until" hold only in what [Rules.At] returns.
type Rules struct {
	*rules // nil when nothing is granted; never changed after Parse
	now    time.Time
}

// rules are entries in normal form: first what has no conditions, if anything.
type rules struct {
	entries []entry
	digest  string
}

// At returns the rules for decisions at this time, which must be asked for again
// for each: an entry ends by itself.
func (r Rules) At(now time.Time) Rules { r.now = now; return r }

// decide asks each entry that holds now, the one without conditions first.
func (r Rules) decide(server string, devices bool, ask func(*index) (by string, ok bool)) Decision {
	if r.rules == nil {
		return Decision{}
	}
	var ways []Way
	by := ""
	for i := range r.entries {
		e := &r.entries[i]
		ix := e.servers[server]
		if ix == nil || !e.holds(r.now) || e.devices != nil && !devices {
			continue
		}
		selector, ok := ask(ix)
		if !ok {
			continue
		}
		if e.conditions.none() {
			return allow(selector)
		}
		if by == "" {
			by = selector + e.conditions.words()
		}
		if e.devices == nil && e.rate.Calls == 0 {
			return allow(by)
		}
		ways = append(ways, Way{Entry: e.text, Devices: e.devices, Rate: e.rate})
	}
	if len(ways) == 0 {
		return Decision{}
	}
	return Decision{Allowed: true, By: by, Terms: &Terms{Ways: ways}}
}

// Tool decides whether t may be called, and so whether it is listed. A tool
// whose class is unknown, or whose name no grant could spell, is denied
// whatever was granted.
func (r Rules) Tool(t Tool) Decision {
	if !t.Class.known() || !IsToolName(t.Name) {
		return Decision{}
	}
	return r.decide(t.Server, t.Devices, func(ix *index) (string, bool) { return ix.tool(t) })
}

// Prompt decides whether a server's prompt may be used.
func (r Rules) Prompt(server, name string) Decision {
	if server == "" {
		return Decision{}
	}
	return r.decide(server, false, func(ix *index) (string, bool) { return ix.prompt(name) })
}

// All decides about a prompt that leads to tools of Tailscale's: it is allowed when
// every one of them is, and By then names each selector once. A prompt without tools
// is allowed to every caller who was granted anything at all.
func (r Rules) All(tools []Tool) Decision {
	if r.Empty() {
		return Decision{}
	}
	if len(tools) == 0 {
		return allow(byAnyEntry)
	}
	var by []string
	for _, t := range tools {
		d := r.Tool(t)
		if !d.Allowed {
			return Decision{}
		}
		if s := strings.TrimPrefix(d.By, byTools); !slices.Contains(by, s) {
			by = append(by, s)
		}
	}
	return allow(byTools + strings.Join(by, ", "))
}

// Empty reports whether nothing is granted at all.
func (r Rules) Empty() bool { return r.rules == nil }

// Conditioned reports whether something is granted in a way that older versions do
// not understand (see [Since]).
func (r Rules) Conditioned() bool {
	if r.rules == nil {
		return false
	}
	return slices.ContainsFunc(r.entries, func(e entry) bool {
		_, own := e.servers[""]
		return !e.none() || !own || len(e.servers) > 1
	})
}

// Conditions returns the entries that hold now with conditions, in normal form: so
// many at most, each shortened when it is long.
func (r Rules) Conditions(most int) (all []string) {
	if r.rules == nil {
		return nil
	}
	for i := range r.entries {
		if e := &r.entries[i]; !e.none() && e.holds(r.now) && len(all) < most {
			all = append(all, shortened(e.text))
		}
	}
	return all
}

func shortened(text string) string {
	const longest = 1024
	if len(text) > longest {
		return text[:longest] + "…" // it is ASCII
	}
	return text
}

func allow(by string) Decision { return Decision{Allowed: true, By: by} }

// Reach reports whether an entry that holds now grants something of a server behind the
// gateway.
func (r Rules) Reach(server string) bool {
	if r.rules == nil || server == "" {
		return false
	}
	return slices.ContainsFunc(r.entries, func(e entry) bool { return e.servers[server] != nil && e.holds(r.now) })
}

// Reads reports whether an entry that holds now grants some resource of a server behind
// the gateway.
func (r Rules) Reads(server string) bool {
	if r.rules == nil {
		return false
	}
	return slices.ContainsFunc(r.entries, func(e entry) bool {
		ix := e.servers[server]
		return ix != nil && e.holds(r.now) && (ix.anyResource != "" || len(ix.uris)+len(ix.below)+len(ix.templates) > 0)
	})
}
