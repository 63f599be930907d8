// SPDX-License-Identifier: MIT

// Package effect says what a change of a tailnet policy file gives and takes: who gains
// and who loses what, in words for a person who must say yes or no, the frightening first.
//
// It compares effects, not texts: what the compiled rules of both files let devices,
// people and addresses do in one tailnet. Devices that no rule tells apart are one class,
// and pairs of classes are compared. What cannot be known is told as "may gain" and "may
// lose". It is pure.
package effect

import (
	"net/netip"

	"tailscale-mcp/internal/policy"
	"tailscale-mcp/internal/policy/compiled"
)

// Kind is which way something changes.
type Kind int

// The kinds. Other is a change that moves nobody's access.
const (
	Gain Kind = iota
	MayGain
	Loss
	MayLose
	Other
)

// String returns "gain", "may gain", "loss", "may lose" or "other".
func (k Kind) String() string { return [...]string{"gain", "may gain", "loss", "may lose", "other"}[k] }

// Gravity is how frightening a change is: the greater, the more.
type Gravity int

// The gravities, from what changes nothing for anybody today to what everyone gains.
const (
	Nothing     Gravity = iota // for nobody today
	Less                       // somebody loses
	More                       // somebody gains
	OwnWay                     // the caller's way to this server is lost, or may be
	Server                     // a capability of servers like this one is gained
	WholeServer                // the same, with every tool or those that escalate
	Network                    // exit nodes and whole subnets are gained
	Root                       // root by ssh is gained
	Everyone                   // everyone gains
)

// String names the gravity in a word or two.
func (g Gravity) String() string {
	return [...]string{"nothing today", "less", "more", "own way", "server", "whole server", "network", "root", "everyone"}[g]
}

// Change is one thing that a new file gives or takes.
type Change struct {
	Kind    Kind
	Gravity Gravity
	Who     Who
	What    What
	Rules   []compiled.Rule // of the new file for a gain, of the old one for a loss
	// Text is a sentence without its full stop. What others wrote is quoted in it, unless
	// it is plain.
	Text    string
	Unknown []string // what would have to be known, a phrase each
}

// Who is who gains or loses. Lists have at most [MostNames] entries.
type Who struct {
	Everyone bool     // the rule is for everyone
	People   []Member // by login
	Count    int      // of all people, those that are not listed too
	Tags     []string // of devices that are nobody's
	Others   []string // addresses, people of other tailnets, and names that nobody has today
}

// Member is a person.
type Member struct {
	Login string
	By    string // the selector of the rule that makes them one: "group:eng"
}

// What is what somebody gains or loses. Lists have at most [MostNames] entries.
type What struct {
	On      []string // destinations, as the sentence names them
	Ports   []string // "tcp:443", "80-90", "*"
	Users   []string // logins on the host of ssh; "*" is every user but root
	Entries []Entry  // of capabilities
	Other   []string // attributes, tags and routes
}

// Entry is one value of an application capability.
type Entry struct {
	Capability string
	Value      string // compact JSON; empty for a capability without values
}

// MostNames is how many names a list of a change has at most.
const MostNames = 50

// Focus is what a comparison looks at with most care.
type Focus struct {
	Capability string       // of servers like this one
	Tags       []string     // of this server's host; nil: not known
	Addrs      []netip.Addr // of this server's host; nil: not known
	Port       uint16       // TCP, of this server; 0: not known

	// Who asks. Without a login and tags nobody has a way to lose.
	CallerLogin string
	CallerTags  []string
	CallerAddr  netip.Addr

	// Most is how many changes are told at most; 0 is 40. Frightening ones beyond it are
	// joined, and others counted.
	Most int
}

// Result is what a change of a file gives and takes.
type Result struct {
	Changes []Change // the frightening first
	// Of the changes that are left out: how many there are of each kind.
	MoreGains, MoreLosses, MoreNothing int

	// LosesOwnWay says that the caller's access to this server is lost, or may be: a
	// grant of its capability, or the network without which the grant is worth nothing.
	LosesOwnWay bool

	// SameText says that the files differ in comments and white space alone.
	SameText bool
}

// Between compares two files that are compiled for one tailnet, that of now. It takes
// neither for what the API would accept: see [grammar.Validate].
func Between(old, now *policy.Policy, focus Focus) *Result {
	w := newWorld(old.File(), now.File(), now.Tailnet(), focus)
	r := Result{SameText: w.sameText()}
	var all []draft
	for _, l := range []*layer{w.network(), w.capabilities(), w.ssh()} {
		c := l.compare()
		all = append(all, w.told(l, c)...)
		w.ownWay(l, c)
	}
	for _, c := range append(w.assigned(), w.settings()...) {
		all = append(all, written(c))
	}
	if own, lost := w.lost(); lost {
		r.LosesOwnWay = true
		all = append(all, written(own))
	}
	r.arrange(all, focus.Most)
	return &r
}
