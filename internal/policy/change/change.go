// SPDX-License-Identifier: MIT

// Package change compares two policy files for one tailnet: who gains and loses what, by
// person, group and tag, the frightening first. It compares what the files mean, not
// their words: a rule that is written anew and gives the same is no change.
package change

import (
	"encoding/json"
	"net/netip"
	"slices"

	"tailscale-mcp/internal/policy"
	"tailscale-mcp/internal/policy/compiled"
)

// Focus is what matters most to whoever asks: this server, and the caller's way to it.
type Focus struct {
	Capability string     // the application capability that this server decides by
	Host       netip.Addr // an address of this server; may be invalid
	Port       uint16     // where it listens; 0: any port
	Peer       netip.Addr // the address that the caller uses; may be invalid
}

// Change is that somebody gains or loses something.
type Change struct {
	Gains bool // else it is lost
	// Answer is Yes, or Unknown where it hangs on what cannot be known: then they may
	// gain, or may lose.
	Answer policy.Answer

	Who  []Party // who it is, the largest first
	Kind string  // "network", "ssh", "capability", "attribute", "tag" or "approval"
	What []string
	On   []Party // where, or on what; none for attributes, tags and approvals

	Rules []policy.Rule // of the new file where it is gained, of the old one where it is lost
	Rank  Rank          // how frightening it is
	Text  string        // a sentence
}

// Party is one end of a change.
type Party struct {
	Kind string // "everyone", "autogroup", "group", "tag", "person", "device", "address", "service" or "everything"
	Name string
}

// most is how many changes a difference has at most; the last says that there are more.
const most = 400

// Diff says who gains and loses what by the file of now, compared with that of old. Both
// have to be compiled for the same tailnet.
func Diff(old, now *policy.Policy, focus Focus) []Change {
	d := newDifference(old, now, focus)
	var all []Change
	for _, kind := range kinds {
		all = append(all, d.of(kind)...)
	}
	order(all)
	if len(all) > most {
		more := Change{Kind: all[most].Kind, Answer: policy.Unknown, Rank: Rest, Text: "there are more changes than can be listed: compare the files"}
		all = append(all[:most:most], more)
	}
	return all
}

// LocksOut reports whether the caller may lose the way to this server, or a capability on
// it that they have, or may have: what is unknown counts as lost. It says what, a phrase
// each. Without the addresses of both it cannot be known, and nothing is said to be lost.
func LocksOut(old, now *policy.Policy, focus Focus) (lost []string) {
	if !focus.Peer.IsValid() || !focus.Host.IsValid() {
		return nil
	}
	if before := reach(old, focus); before != policy.No && reach(now, focus) != policy.Yes {
		lost = append(lost, "the network access to this server")
	}
	had, maybe, _ := old.Capabilities(focus.Peer, focus.Host)
	has, _, _ := now.Capabilities(focus.Peer, focus.Host)
	for _, caps := range []compiled.CapMap{had, maybe} {
		for _, value := range caps[focus.Capability] {
			if !slices.ContainsFunc(has[focus.Capability], func(v json.RawMessage) bool { return same(v, value) }) {
				lost = append(lost, "what "+focus.Capability+" gives here: "+string(value))
			}
		}
	}
	return lost
}

// reach asks whether the caller reaches this server.
func reach(p *policy.Policy, focus Focus) policy.Answer {
	src, err := p.Endpoint(focus.Peer.String())
	dst, err2 := p.Endpoint(focus.Host.String())
	if err != nil || err2 != nil {
		return policy.Unknown
	}
	return p.Reach(policy.Question{Src: src, Dst: dst, Proto: 6, Port: focus.Port}).Answer
}
