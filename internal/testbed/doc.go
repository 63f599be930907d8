// SPDX-License-Identifier: MIT

// Package testbed is a real tailnet on one machine, for tests, the demo and benchmarks: no account, no network, nothing
// faked between the caller and the program under test but the control server. Each node is a tailscaled process of the
// pinned version, so WhoIs, grants, address changes and restarts are what they are in the field.
//
// # A first test
//
//	tn := testbed.New(t, testbed.Options{})
//	nodes, err := tn.AddNodes(ctx,
//		testbed.NodeOptions{Name: "server", Tags: []string{"tag:mcp"}},
//		testbed.NodeOptions{Name: "laptop", Login: "alice@example.com"},
//	)
//	server, laptop := nodes[0], nodes[1]
//	err = tn.SetGrants(ctx, server, testbed.Grant{
//		Src:    []*testbed.Node{laptop},
//		Cap:    "example.com/cap/thing",
//		Values: []string{`{"verbs": ["look"]}`},
//	})
//
// Point the program under test at server.Socket or give it server.LocalClient(); let it listen where Node.Listen says; call
// it with laptop.HTTPClient() or laptop.Dial. When a method returns, what it did is in force on every node: nothing has to be
// slept for. Programs that are no tests use Start and Tailnet.Close; the package's example is one.
//
// # What a node is
//
// A node belongs to a user (NodeOptions.Login) or to its tags, never to both. It has a 100.64/10 address, the fd7a: address
// that goes with it and a MagicDNS name under Options.Domain; the n-th node of a tailnet has the same address in every run.
// It is of one of two kinds:
//
//   - Userspace, without any privilege. A connection from a peer arrives at 127.0.0.1:port of this machine, and only the full
//     ip:port of it tells WhoIs who the peer is. What the node dials goes through its tailscaled.
//   - Namespaced (Options.Namespaces, root): it has a network namespace with a TUN device, so that its addresses are real ones
//     to bind to and to connect from. Node.InNamespace, Node.Listen, Node.Dial and Node.Command reach into it. The
//     namespaces have no names and no connection to the machine's network: tailnets can run side by side, and the kernel
//     removes them when the process is gone, even by SIGKILL. To look around in one: nsenter -t $(pidof tailscaled) -n.
//
// A whole host in a container can join over the bridge between the namespaces, see Tailnet.Bridge and Tailnet.Adopt, and the
// package host below this one, which boots them.
//
// # What can happen to it
//
// The machine: Node.Stop, Kill and Start; LogOut and LogIn; LogInAs for another user with another address. The administrator:
// Tailnet.SetGrants, or SetPolicy for a whole policy file; SetTags, SetAddress and Remove. A large tailnet: Tailnet.AddFakePeers. Tailnet.SendGrants does not wait,
// to see how a change spreads.
//
// # What it needs
//
// A tailscaled: Daemon builds the pinned one with the go command, once per machine and version, in about three minutes, and
// says so; Options.UseInstalled and Options.Tailscaled take another. With it a tailnet of three nodes is up in half a second.
//
// # When it fails
//
// Errors say what was awaited and what was seen last, and end with tailscaled's last words. A failed test has the ends of all
// nodes' logs in its own; Node.Log is the whole. A node that asks the world outside for anything by HTTP gets no answer, and
// makes Tailnet.Close fail.
//
// The package may run programs. Of the product's own packages it imports policy alone, which compiles a policy file for
// Tailnet.SetPolicy. The product never imports it.
package testbed
