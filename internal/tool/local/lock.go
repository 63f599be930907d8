// SPDX-License-Identifier: MIT

package local

import (
	"cmp"
	"context"
	"strings"

	"tailscale.com/ipn/ipnstate"
	"tailscale.com/tka"

	"tailscale-mcp/internal/tool"
)

type lockInput struct {
	tool.Paging
}

type lockResult struct {
	Enabled       bool           `json:"enabled" jsonschema:"whether the tailnet is locked: only nodes with a signature of a trusted key are let in"`
	Head          string         `json:"head,omitempty" jsonschema:"latest change that this host knows of"`
	PublicKey     string         `json:"publicKey,omitempty" jsonschema:"this host's public tailnet lock key"`
	NodeKey       string         `json:"nodeKey,omitempty" jsonschema:"this host's public node key, the one to be signed"`
	NodeKeySigned bool           `json:"nodeKeySigned" jsonschema:"whether this host itself is signed; means nothing while not enabled"`
	TrustedKeys   []trustedKey   `json:"trustedKeys" jsonschema:"keys that may sign nodes"`
	LockedOut     lockedOutPeers `json:"lockedOut" jsonschema:"peers that cannot be reached from here because they are not signed"`
}

type trustedKey struct {
	Key      string            `json:"key"`
	Kind     string            `json:"kind,omitempty"`
	Votes    uint              `json:"votes"`
	Metadata map[string]string `json:"metadata,omitempty"`
}

type lockedOutPeers struct {
	tool.Listed
	Peers []lockedOutPeer `json:"peers"`
}

type lockedOutPeer struct {
	Name      string   `json:"name"`
	ID        string   `json:"id"`
	Addresses []string `json:"addresses"`
	NodeKey   string   `json:"nodeKey" jsonschema:"the key that a signing node signs: tailscale lock sign NODEKEY"`
}

func (n *node) getTailnetLockStatus() tool.Tool {
	d := read("get_tailnet_lock_status", "Status of tailnet lock", `{}`,
		"Tailnet lock: keys, whether this host is signed, peers locked out.")
	d.Narrow = "ask for fewer peers at once with limit"
	return tool.New(d, func(ctx context.Context, call tool.Call, in lockInput) (lockResult, error) {
		// A host that is logged out would say that nothing is locked.
		if _, err := n.tailscaled.Self(ctx); err != nil {
			return lockResult{}, err
		}
		st, err := n.tailscaled.LockStatus(ctx)
		if err != nil {
			return lockResult{}, err
		}
		out := lockResult{
			Enabled: st.Enabled, NodeKeySigned: st.NodeKeySigned,
			TrustedKeys: []trustedKey{},
		}
		if st.Head != nil {
			out.Head = tka.AUMHash(*st.Head).String()
		}
		if !st.PublicKey.IsZero() {
			out.PublicKey = st.PublicKey.CLIString()
		}
		if st.NodeKey != nil {
			out.NodeKey = st.NodeKey.String()
		}
		for _, k := range st.TrustedKeys {
			out.TrustedKeys = append(out.TrustedKeys, trustedKey{Key: k.Key.CLIString(), Kind: k.Kind, Votes: k.Votes, Metadata: k.Metadata})
		}
		page, listed, err := tool.Page(call, in.Paging, d.Name, st.FilteredPeers, lockKey)
		if err != nil {
			return lockResult{}, err
		}
		out.LockedOut = lockedOutPeers{Listed: listed, Peers: make([]lockedOutPeer, len(page))}
		for i, p := range page {
			out.LockedOut.Peers[i] = lockedOutPeer{
				Name: trimDot(p.Name), ID: string(p.StableID), Addresses: addresses(p.TailscaleIPs), NodeKey: p.NodeKey.String(),
			}
		}
		return out, nil
	})
}

func lockKey(p *ipnstate.TKAPeer) string { return cmp.Or(string(p.StableID), p.NodeKey.String()) }

func trimDot(name string) string { return strings.TrimSuffix(name, ".") }
