// SPDX-License-Identifier: MIT

// Package local holds the tools that the tailscaled on this host answers, as any
// local account may ask it: no API credential, no root, nothing is changed. They
// are what the server offers before anybody has configured anything.
//
// It imports tool and tailnet, and the LocalAPI's types. Every failure is an
// error with a code and a next step, made in package localapi; an answer that
// would mislead because this host is not on its tailnet is such an error too.
// get_tailnet_status is the exception: to tell what is wrong is what it is for.
package local

import (
	"context"
	"encoding/json"
	"net"
	"net/netip"
	"time"

	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/localapi"
	"tailscale-mcp/internal/tool"
)

// Client is the client of tailscaled's LocalAPI; *local.Client is one.
type Client = localapi.API

// Tools returns the tools and the prompt that lc answers.
func Tools(lc Client) tool.Set {
	n := &node{tailscaled: localapi.New(lc), pingEvery: time.Second, pingTimeout: 5 * time.Second, networks: ownNetworks}
	return n.set()
}

// node is this host.
type node struct {
	tailscaled *localapi.Local
	// pingEvery is the least time from one ping to the next, pingTimeout how
	// long an answer is waited for.
	pingEvery, pingTimeout time.Duration
	// dial connects to Tailscale's resolver, nil as magicdns does; networks are those that
	// the host is in.
	dial     func(ctx context.Context, network, address string) (net.Conn, error)
	networks func() []netip.Prefix
}

func (n *node) set() tool.Set {
	return tool.Set{
		Tools: []tool.Tool{
			n.getTailnetStatus(),
			n.listPeers(),
			n.getWhoIs(),
			n.pingPeer(),
			n.runNetcheck(),
			n.getNodeDNS(),
			n.queryDNS(),
			n.getServeConfig(),
			n.suggestExitNode(),
			n.getNodePreferences(),
			n.getTailnetLockStatus(),
		},
		Prompts: []tool.Prompt{n.diagnosePeer()},
	}
}

// read returns the definition of a tool here: all of them share the group and the class.
func read(name, title, example, description string) tool.Definition {
	return tool.Definition{
		Name: name, Title: title, Group: "local", Class: grant.Read,
		Example:     json.RawMessage(example),
		Description: description,
	}
}

// nothing is the input of a tool that takes no arguments.
type nothing struct{}
