// SPDX-License-Identifier: MIT

package testbed

// CutControl takes the control server from the node, as an outage of the way to it does: the stream by which its tailscaled
// is told of changes ends, and of another nothing is answered. Its peers see it offline; packets pass as before. It returns
// at once.
func (tn *Tailnet) CutControl(n *Node) { tn.setCut(n, true) }

// MendControl gives the node its control server back. It does not wait for the node to notice.
func (tn *Tailnet) MendControl(n *Node) { tn.setCut(n, false) }

func (tn *Tailnet) setCut(n *Node, cut bool) {
	tn.control.change(func() { tn.control.cut[n.Name] = cut })
}
