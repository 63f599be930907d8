// SPDX-License-Identifier: MIT

package local

import (
	"fmt"

	"tailscale-mcp/internal/tool"
)

// diagnosePeer is the question that administrators ask most.
func (n *node) diagnosePeer() tool.Prompt {
	return tool.Prompt{
		Name:        "diagnose_peer",
		Title:       "Why is this peer slow or unreachable?",
		Description: "Has the assistant find out, from the host this server runs on, why a node of the tailnet is slow or cannot be reached.",
		Arguments: []tool.Argument{{
			Name:        "peer",
			Description: "the node's MagicDNS name, hostname or Tailscale address",
			Required:    true,
			Complete:    n.completePeer,
		}},
		Tools:  []string{"get_tailnet_status", "list_peers", "ping_peer", "run_netcheck"},
		Render: func(arguments map[string]string) string { return fmt.Sprintf(diagnosis, short(arguments["peer"])) },
	}
}

const diagnosis = `Find out why the node %q of this tailnet is slow or cannot be reached, as seen from the host this server runs on.

1. get_tailnet_status: is this host itself Running, what does its health say, does an expired key or an exit node explain it?
2. list_peers, filtered by the name: is there such a node, is it online, when was it last seen, has its key expired? If it is not there, this host may not talk to it, or it does not exist.
3. ping_peer with count 5: does it answer, how fast, and is the path direct, by peer-relay or by derp? If disco works, try type ICMP with count 2: no answer to that points to the node's own firewall or to a missing grant.
4. Only if the path is derp, slow, or there is no answer though the node is online: run_netcheck. No UDP, or a NAT mapping that varies, keeps this host from direct connections; if both are fine, the cause is probably on the other side.

Then say in a few sentences what is wrong, which of the findings shows it, and who does what next. If all is well, say so. Do not guess what no tool has shown.
`
