// SPDX-License-Identifier: MIT

// Package caller holds who is asking: the answer of package identity in the
// form that every later stage takes as a required argument. It is a leaf of
// the import graph (standard library and package grant only) so that deciding,
// auditing and running can all name a caller without knowing how one is found.
//
// A Caller is made in two places only: by identity from tailscaled's WhoIs, and
// by Operator for the person who runs `tailscale-mcp stdio` with the credential
// in hand. Its zero value may do nothing.
package caller

import (
	"net/netip"
	"strconv"
	"strings"

	"tailscale-mcp/internal/grant"
)

// Caller is one peer as tailscaled attested it for one request. Nothing in it
// comes from the peer's own words.
type Caller struct {
	// Login is the user's login name. Empty when the node is tagged: a tagged
	// node is its tags, never the person who once logged it in.
	Login string
	// Name is the user's name for people, such as "Alice Smith"; empty when there is no
	// login, or no such name. It decides nothing: two users may have the same.
	Name string
	// Tags are the node's ACL tags, sorted, each with its "tag:" prefix.
	Tags []string
	// Node is the MagicDNS name without the trailing dot.
	Node string
	// NodeID is the stable node ID, which survives renames and new addresses.
	NodeID string
	// Addr is the remote end of the connection the request came on.
	Addr netip.AddrPort
	// Rules are the permissions that the tailnet policy file grants this
	// caller on this host, decoded from WhoIs' CapMap.
	Rules grant.Rules
	// Capabilities are the values of other app capabilities that the policy file grants
	// this caller on this host, as JSON texts by the capability's name: those only that
	// some server behind the gate is to be told. Nobody changes them.
	Capabilities map[string][]string
}

// Principals are the names that a grant's "src" would match this caller by:
// its tags, or its login. There are none when nobody has been identified.
func (c Caller) Principals() []string {
	if len(c.Tags) > 0 {
		return c.Tags
	}
	if c.Login == "" {
		return nil
	}
	return []string{c.Login}
}

// String names the caller for a person: "alice@example.com on laptop" or
// "tag:ci on runner-1".
func (c Caller) String() string {
	who := strings.Join(c.Principals(), ",")
	if who == "" {
		who = "unknown caller"
	}
	if c.Node == "" {
		return who
	}
	return who + " on " + c.Node
}

// Key identifies whoever the caller is across requests: two requests belong
// together only when node and principal are both the same. Two callers have the
// same key only when they are the same, whatever their names are: a user who is
// called like a tag is not that tag. The key is printable ASCII and says nothing
// about permissions, which are decided anew each time.
func (c Caller) Key() string {
	kind := " user "
	if len(c.Tags) > 0 {
		kind = " tags "
	}
	var room [128]byte // of nearly every key
	key := strconv.AppendQuoteToASCII(room[:0], c.NodeID)
	key = append(key, kind...)
	for _, name := range c.Principals() {
		key = strconv.AppendQuoteToASCII(key, name)
	}
	return string(key)
}

// Operator is the person who holds the API credential and started the program
// on standard input and output: there is no peer to identify and no grant to
// read, so everything inside the host's ceiling is allowed.
func Operator(login string) Caller {
	rules, err := grant.Parse([]string{`{"tools":["*","escalating:*"],"resources":["*"]}`})
	if err != nil {
		panic("caller: the operator's own rules do not parse: " + err.Error())
	}
	return Caller{Login: login, Node: "standard input", Rules: rules}
}
