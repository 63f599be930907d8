// SPDX-License-Identifier: MIT

// Package tailnet describes a tailnet as far as a policy is decided by it: people,
// devices, addresses, routes and posture. A leaf: values only; who fills them says what
// could not be read.
package tailnet

import "net/netip"

// Tailnet is what a policy is compiled for.
type Tailnet struct {
	// Domains are the mail domains of its people, nil when they are not known.
	Domains  []string
	People   []Person
	Devices  []Device
	Services []Service

	// Missing says what of the tailnet could not be read or was not asked, a phrase
	// each, as in "the posture attributes of 40 devices". An answer that may hang on
	// what is missing is unknown.
	Missing []string
	// Partial says that there may be people or devices that are not listed.
	Partial bool
}

// Person is a user of the tailnet.
type Person struct {
	Login string
	// Role is owner, member, admin, it-admin, network-admin, billing-admin or auditor, as
	// the API says it; empty when it is not known.
	Role string
	// Groups are those that an identity provider or the console gives, "group:NAME" or
	// "group:NAME@DOMAIN"; GroupsKnown says whether that is all of them.
	Groups      []string
	GroupsKnown bool
	Suspended   bool
	Shared      bool // of another tailnet: a device of theirs is shared into this one, or one of this with them
}

// Device is a node of the tailnet.
type Device struct {
	ID    string   // the node ID, as nABC123CNTRL
	Name  string   // the machine name: the first label of its MagicDNS name
	FQDN  string   // the MagicDNS name without a dot at its end; may be empty
	Login string   // whose it is; empty for a tagged device
	Tags  []string // "tag:NAME"
	Addrs []netip.Addr

	Advertised, Approved []netip.Prefix // 0.0.0.0/0 and ::/0 for an exit node
	Services             []string       // "svc:NAME" that it serves, approved

	// Posture are attributes such as "node:os" and "custom:tier": a string, a float64 or
	// a bool. PostureKnown says whether that is all of them.
	Posture      map[string]any
	PostureKnown bool

	External bool // shared into this tailnet from another
}

// Service is a Tailscale Service.
type Service struct {
	Name  string // "svc:NAME"
	Addrs []netip.Addr
	Ports []string // "tcp:443", "*"
	Tags  []string
}
