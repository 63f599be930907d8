// SPDX-License-Identifier: MIT

// Package host is a whole Debian host for tests: systemd as PID 1, tailscaled as one of its units, apt to install packages
// with, on the bridge of a tailnet whose other nodes can call it. It is for what only a host shows: units, packages, boots.
//
// # A first test
//
//	h := host.Boot(t, host.Options{Release: host.Trixie, Udev: true, Tailscale: true})
//	peer, err := h.Peer(ctx, testbed.NodeOptions{Name: "laptop", Login: "alice@example.com"})
//	err = h.AptInstall(ctx, host.Repository{Dir: "dist/apt", Suite: "stable", Keyring: "dist/apt/key.gpg"}, "tailscale-mcp")
//	out, err := h.Run(ctx, "systemctl", "is-enabled", "tailscale-mcp.socket")
//	err = h.Tailnet.SetGrants(ctx, h.Node, testbed.Grant{Src: []*testbed.Node{peer}, Cap: "example.com/cap/thing"})
//	res, err := peer.HTTPClient().Get("http://" + h.Node.FQDN() + ":8080/")
//	err = h.Reboot(ctx)
//
// Commands run as root inside the host, with its own programs. When a method returns, what it did is in force: nothing has
// to be slept for.
//
// # What a host is
//
// It is an overlay over a Debian tree, in memory, booted by systemd-nspawn. The tree is made by debootstrap, once per
// release, in the user's cache directory, from the mirror that this machine's apt uses; nothing is written to it afterwards.
// Control groups are those of cgroup v2, whatever the machine has, so that IPAddressAllow= is enforced; but a machine with
// controllers of v1 lends none of them, and MemoryMax= and TasksMax= do nothing.
//
// Options.Udev chooses between two kinds of host. With udev there are device units such as
// sys-subsystem-net-devices-tailscale0.device, as on a server or a virtual machine. Without, as in an LXC container, there are
// none. Neither loads kernel modules or has a packet filter: tailscaled runs with --netfilter-mode=off.
//
// # What is left of it
//
// Nothing: all of it (processes, mounts, network, control group) is in namespaces of one process, which ends when the test
// does, in whatever way. To look around in a host while a test is stopped: nsenter -a -t $(pgrep -P $(pgrep -x systemd-nspawn)).
//
// # What it needs
//
// Linux, root, /dev/net/tun, a control group hierarchy of version 2 (the hybrid setup has one), and the programs of
// RequireHost: on Debian the packages debootstrap, systemd-container, iproute2 and util-linux.
package host
