// SPDX-License-Identifier: MIT

package local

import (
	"cmp"
	"context"
	"time"

	"tailscale.com/ipn/ipnstate"

	"tailscale-mcp/internal/localapi"
	"tailscale-mcp/internal/tool"
)

// statusResult is the answer of get_tailnet_status.
type statusResult struct {
	State          string       `json:"state" jsonschema:"Running when this host is on its tailnet; else NeedsLogin, NeedsMachineAuth, Stopped, Starting or NoState"`
	NextStep       string       `json:"nextStep,omitempty" jsonschema:"what somebody has to do when the state is not Running"`
	Health         []string     `json:"health" jsonschema:"problems that tailscaled has noticed; empty when it knows of none"`
	Version        string       `json:"version" jsonschema:"version of tailscaled"`
	LatestVersion  string       `json:"latestVersion,omitempty" jsonschema:"a newer version that this host could be updated to"`
	SecurityUpdate bool         `json:"securityUpdate,omitempty" jsonschema:"the newer version fixes a security problem"`
	Networking     string       `json:"networking" jsonschema:"kernel, or userspace when there is no network interface of Tailscale"`
	Tailnet        string       `json:"tailnet,omitempty" jsonschema:"name of the tailnet"`
	MagicDNSSuffix string       `json:"magicDNSSuffix,omitempty" jsonschema:"what the names of its nodes end with"`
	MagicDNS       bool         `json:"magicDNS" jsonschema:"whether the tailnet has MagicDNS switched on"`
	Self           *selfStatus  `json:"self,omitempty" jsonschema:"this host as a node of the tailnet"`
	ExitNode       *exitNodeUse `json:"exitNode,omitempty" jsonschema:"the exit node this host sends its internet traffic through; absent when it uses none"`
	Peers          peerCounts   `json:"peers" jsonschema:"the nodes that this host knows, counted; list_peers names them"`
}

type selfStatus struct {
	Peer
	FullName  string    `json:"fullName,omitempty" jsonschema:"full MagicDNS name"`
	HomeDERP  string    `json:"homeDERP,omitempty" jsonschema:"code of the DERP region that peers find this host through"`
	KeyExpiry time.Time `json:"keyExpiry,omitzero" jsonschema:"when somebody has to log this host in again; absent when never"`
}

type exitNodeUse struct {
	ID     string `json:"id" jsonschema:"stable node ID"`
	Name   string `json:"name,omitempty" jsonschema:"MagicDNS name"`
	Online bool   `json:"online" jsonschema:"whether it is online; while it is not, this host has no internet"`
}

type peerCounts struct {
	Total           int            `json:"total"`
	Online          int            `json:"online"`
	Offline         int            `json:"offline"`
	Tagged          int            `json:"tagged" jsonschema:"with tags instead of a user"`
	KeyExpired      int            `json:"keyExpired"`
	SubnetRouters   int            `json:"subnetRouters"`
	ExitNodes       int            `json:"exitNodes" jsonschema:"that can be used as exit nodes"`
	ExitNodesOnline int            `json:"exitNodesOnline"`
	ByOS            map[string]int `json:"byOS,omitempty" jsonschema:"how many of each operating system"`
}

func (n *node) getTailnetStatus() tool.Tool {
	d := read("get_tailnet_status", "Status of this host and its tailnet", `{}`,
		"State, health, version, exit node and peer counts of this host, even logged out. Ask it first when something seems wrong.")
	return tool.New(d, func(ctx context.Context, _ tool.Call, _ nothing) (statusResult, error) {
		st, err := n.tailscaled.Status(ctx)
		if err != nil {
			return statusResult{}, err
		}
		return statusOf(st), nil
	})
}

// statusOf leaves out AuthURL: the person who opens it takes this host into their own
// tailnet.
func statusOf(st *ipnstate.Status) statusResult {
	out := statusResult{
		State:          st.BackendState,
		Health:         filled(st.Health),
		Version:        st.Version,
		Networking:     "userspace",
		MagicDNSSuffix: magicDNSSuffix(st),
		Peers:          countPeers(st),
	}
	if st.TUN {
		out.Networking = "kernel"
	}
	if wrong := localapi.StateError(st.BackendState); wrong != nil {
		out.NextStep = wrong.Next
	}
	if t := st.CurrentTailnet; t != nil {
		out.Tailnet, out.MagicDNS = t.Name, t.MagicDNSEnabled
	}
	if v := st.ClientVersion; v != nil && !v.RunningLatest {
		out.LatestVersion, out.SecurityUpdate = v.LatestVersion, v.UrgentSecurityUpdate
	}
	if self := st.Self; self != nil && len(self.TailscaleIPs) > 0 {
		out.Self = &selfStatus{Peer: peerOf(st, self), FullName: fullName(self), HomeDERP: self.Relay}
		if self.KeyExpiry != nil {
			out.Self.KeyExpiry = seconds(*self.KeyExpiry)
		}
	}
	out.ExitNode = exitNodeOf(st)
	return out
}

// exitNodeOf returns the exit node in use. Its entry among the peers is newer than
// ExitNodeStatus, which is as old as the last full network map.
func exitNodeOf(st *ipnstate.Status) *exitNodeUse {
	for _, ps := range st.Peer {
		if ps.ExitNode {
			return &exitNodeUse{ID: string(ps.ID), Name: nameOf(st, ps), Online: ps.Online}
		}
	}
	if use := st.ExitNodeStatus; use != nil {
		return &exitNodeUse{ID: string(use.ID), Online: use.Online}
	}
	return nil
}

func countPeers(st *ipnstate.Status) peerCounts {
	c := peerCounts{Total: len(st.Peer), ByOS: map[string]int{}}
	for _, ps := range st.Peer {
		c.ByOS[cmp.Or(ps.OS, "unknown")]++
		if ps.Online {
			c.Online++
		} else {
			c.Offline++
		}
		if ps.IsTagged() {
			c.Tagged++
		}
		if ps.Expired {
			c.KeyExpired++
		}
		if ps.PrimaryRoutes != nil && ps.PrimaryRoutes.Len() > 0 {
			c.SubnetRouters++
		}
		if ps.ExitNodeOption {
			c.ExitNodes++
			if ps.Online {
				c.ExitNodesOnline++
			}
		}
	}
	return c
}
