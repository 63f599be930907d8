// SPDX-License-Identifier: MIT

// Package grammar reads tailnet policy files: HuJSON text to a model that keeps where
// each thing stands, and what is wrong with a file, in the words of the API where they
// are known. It knows no tailnet; what a file means for one is package policy's.
//
// The syntax: https://tailscale.com/docs/reference/syntax/policy-file
package grammar

import "encoding/json"

// Place is where something stands in the text of a file.
type Place struct {
	Line, Column int // from 1; the column counts bytes
	Begin, End   int // the bytes text[Begin:End]
}

// Name is a text of a file at its place: a login, group, tag, host alias, address,
// autogroup, ipset, posture, Service or selector.
type Name struct {
	Text string
	Place
}

// Definition is a name that a section defines, and what it stands for: the members of
// a group, the owners of a tag, the parts of an ipset, the conditions of a posture, the
// approvers of a route.
type Definition struct {
	Name
	Values []Name
}

// File is a policy file. Lists are in the order of the text. A section that is not
// there is nil; an empty one is not.
type File struct {
	Text string

	Groups    []Definition
	Hosts     []Definition // one value each: an address or a prefix
	IPSets    []Definition
	TagOwners []Definition
	Postures  []Definition

	DefaultSrcPosture []Name

	ACLs      []ACL
	Grants    []Grant
	SSH       []SSH
	NodeAttrs []NodeAttr

	AutoApprovers AutoApprovers

	Tests    []Test
	SSHTests []SSHTest

	// Sections are the top-level names, with the place of name and value together:
	// also those that decide about nobody's access.
	Sections []Name

	// faults are what the reader took notice of and the API refuses: unknown fields,
	// and values of another form where the form alone decides about nothing.
	faults []*Error
}

// Open reports whether a file has no access rules at all. The service takes such a
// file for its default, in which everything reaches everything; an empty list of rules
// means that nothing does.
func (f *File) Open() bool { return f.ACLs == nil && f.Grants == nil }

// ACL is one rule of "acls".
type ACL struct {
	Place
	Action     Name
	Proto      Name   // empty: TCP, UDP and ICMP; a number or a name otherwise
	Src        []Name // also "users"
	Dst        []Name // also "ports"; NAME:PORTS as it is written
	SrcPosture []Name
}

// Grant is one rule of "grants".
type Grant struct {
	Place
	Src, Dst, Via, SrcPosture []Name
	IP                        []Name // "*", "443", "tcp:8000-8999", "icmp:*"
	App                       []Capability
}

// Capability is one application capability of a grant, and its values.
type Capability struct {
	Name
	Values []json.RawMessage // plain JSON; nil and empty are the same
}

// SSH is one rule of "ssh".
type SSH struct {
	Place
	Action          Name
	Src, Dst, Users []Name
	CheckPeriod     Name // empty: the default of twelve hours
	AcceptEnv       []Name
	Recorder        []Name
	EnforceRecorder bool
	SrcPosture      []Name
}

// NodeAttr is one entry of "nodeAttrs".
type NodeAttr struct {
	Place
	Target []Name
	Attr   []Name
	IPPool []Name
	App    []Capability
}

// AutoApprovers says who may advertise a route, an exit node or a Service without
// approval.
type AutoApprovers struct {
	Routes   []Definition
	Services []Definition
	ExitNode []Name
}

// Test is one entry of "tests".
type Test struct {
	Place
	Src          Name // also "user"
	Proto        Name
	Accept, Deny []Name // also "allow"
	SrcPosture   map[string]json.RawMessage
}

// SSHTest is one entry of "sshTests".
type SSHTest struct {
	Place
	Src                 Name
	Dst                 []Name
	Accept, Deny, Check []Name // logins on the host
	SrcPosture          map[string]json.RawMessage
}

// Error is one mistake in a file.
type Error struct {
	Place
	// Message is the API's own words where they are known (Known), and ours otherwise.
	Message string
	Known   bool
	// Next says how to mend it.
	Next string
}

func (e *Error) Error() string { return e.Message }
