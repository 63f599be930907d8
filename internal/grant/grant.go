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
// # Tool selectors
//
//	list_all_devices   this tool, whatever its class
//	*                  every tool that is not escalating
//	read:*             every tool of a class: read, write, destructive, escalating
//	group:dns          every tool of a group that is not escalating
//	group:dns:read     every tool of a group and a class
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
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
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
	Name  string
	Group string // may be empty: then no group selector matches
	Class Class
}

// Decision answers one question. The zero Decision denies.
type Decision struct {
	Allowed bool
	// By names the selector that allowed it, the narrowest one when several
	// did, such as "tools: read:*". It is empty exactly when Allowed is false.
	By string
}

// Rules are the permissions of one caller: an immutable union of entries, safe
// for concurrent use and cheap to copy. The zero Rules deny everything. Compare
// them with [Rules.Equal] or by [Rules.Digest], not with ==.
type Rules struct {
	*index // nil when nothing is granted; never changed after Parse
}

// index arranges the selectors for lookup. Each map leads from what is asked
// about to the text for Decision.By.
type index struct {
	tools, resources []string // every selector, sorted, without duplicates

	toolNames map[string]string
	groups    map[groupClass]string
	classes   map[Class]string
	anyTool   bool

	uris        map[string]string
	templates   map[string]string // key: the literal template
	below       map[string]string // key: the selector without "*", so it ends in "/"
	bases       []string          // the keys of below, sorted
	longestBase int               // bytes of the longest key of below
	anyResource bool

	digest string
}

// groupClass is a group selector; Class is empty for "group:NAME".
type groupClass struct {
	group string
	class Class
}

const (
	byTools       = "tools: "
	byResources   = "resources: "
	byAnyTool     = byTools + "*"
	byAnyResource = byResources + "*"
	byAnyEntry    = "any entry"
)

func allow(by string) Decision { return Decision{Allowed: true, By: by} }

// Tool decides whether t may be called, and so whether it is listed. A tool
// whose class is unknown, or whose name no grant could spell, is denied
// whatever was granted.
func (r Rules) Tool(t Tool) Decision {
	if r.index == nil || !t.Class.known() || !IsToolName(t.Name) {
		return Decision{}
	}
	if by, ok := r.toolNames[t.Name]; ok {
		return allow(by)
	}
	if by, ok := r.groups[groupClass{t.Group, t.Class}]; ok {
		return allow(by)
	}
	broad := t.Class != Escalating // whether selectors that do not name the class may match
	if broad {
		if by, ok := r.groups[groupClass{t.Group, ""}]; ok {
			return allow(by)
		}
	}
	if by, ok := r.classes[t.Class]; ok {
		return allow(by)
	}
	if broad && r.anyTool {
		return allow(byAnyTool)
	}
	return Decision{}
}

// All decides about a prompt that leads to tools: it is allowed when every one
// of them is, and By then names each selector once. A prompt without tools is
// allowed to every caller who was granted anything at all.
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
func (r Rules) Empty() bool { return r.index == nil }

// String returns the rules as one entry in normal form: JSON, sorted, without
// duplicates. Parsing it gives equal rules.
func (r Rules) String() string {
	var b strings.Builder
	b.WriteByte('{')
	if r.index != nil {
		writeList(&b, keyTools, r.tools)
		writeList(&b, keyResources, r.resources)
	}
	b.WriteByte('}')
	return b.String()
}

// writeList writes one member of an entry. A selector that was accepted holds
// nothing that JSON escapes.
func writeList(b *strings.Builder, key string, list []string) {
	if len(list) == 0 {
		return
	}
	if b.Len() > len("{") {
		b.WriteByte(',')
	}
	fmt.Fprintf(b, `"%s":["%s"]`, key, strings.Join(list, `","`))
}

// Digest returns 32 hexadecimal digits of the SHA-256 of the normal form, the
// same for the same set of selectors in every process: a change of the digest
// is a change of the grants.
func (r Rules) Digest() string {
	if r.index == nil {
		return digest("{}")
	}
	return r.index.digest
}

// Equal reports whether r and o hold the same selectors.
func (r Rules) Equal(o Rules) bool { return r.Digest() == o.Digest() }

func digest(normal string) string {
	sum := sha256.Sum256([]byte(normal))
	return hex.EncodeToString(sum[:16])
}
