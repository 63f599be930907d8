// SPDX-License-Identifier: MIT

// Package local holds the tools that the tailscaled on this host answers, as any
// local account may ask it: no API credential, no root, nothing is changed. They
// are what the server offers before anybody has configured anything.
//
// It imports tool and tailnet, and the LocalAPI's types. Every failure is an
// error with a code and a next step, made in package tailnet; an answer that
// would mislead because this host is not on its tailnet is such an error too.
// get_tailnet_status is the exception: to tell what is wrong is what it is for.
package local

import (
	"time"

	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/tailnet"
	"tailscale-mcp/internal/tool"
)

// Client is what the tools ask tailscaled with; *local.Client is one.
type Client = tailnet.LocalAPI

// Tools returns the tools and the prompt that lc answers.
func Tools(lc Client) tool.Set {
	n := &node{tailscaled: tailnet.NewLocal(lc), pingEvery: time.Second, pingTimeout: 5 * time.Second}
	return n.set()
}

// node is this host.
type node struct {
	tailscaled *tailnet.Local
	// pingEvery is the least time from one ping to the next, pingTimeout how
	// long an answer is waited for.
	pingEvery, pingTimeout time.Duration
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
			n.getServeConfig(),
			n.suggestExitNode(),
			n.getNodePreferences(),
			n.getTailnetLockStatus(),
		},
		Prompts: []tool.Prompt{n.diagnosePeer()},
	}
}

// read is the definition that all tools here share.
func read(name, title, description string) tool.Definition {
	return tool.Definition{
		Name: name, Title: title, Group: "local", Class: grant.Read,
		Description: description,
	}
}

// nothing is the input of a tool that takes no arguments.
type nothing struct{}
