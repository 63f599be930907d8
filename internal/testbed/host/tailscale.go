// SPDX-License-Identifier: MIT

//go:build linux

package host

import (
	"context"
	"errors"
	"fmt"
	"os"

	"tailscale-mcp/internal/testbed"
)

// tailscaled's unit and its defaults do what those of Tailscale's package do, but for ExecStartPre=: a tailscaled without a
// network device misses, once in a while, the link that comes up while it starts, and waits for it for ever. The defaults
// are also where this tailnet has its tailscaleds stay on this machine.
const (
	tailscaledUnit = `[Unit]
Description=Tailscale node agent
Wants=network-pre.target
After=network-pre.target NetworkManager.service systemd-resolved.service

[Service]
Type=notify
EnvironmentFile=/etc/default/tailscaled
ExecStartPre=/lib/systemd/systemd-networkd-wait-online --interface=host0 --timeout=30
ExecStart=/usr/sbin/tailscaled --state=/var/lib/tailscale/tailscaled.state --socket=/run/tailscale/tailscaled.sock --port=${PORT} $FLAGS
ExecStopPost=/usr/sbin/tailscaled --cleanup
Restart=on-failure
RuntimeDirectory=tailscale
RuntimeDirectoryMode=0755
StateDirectory=tailscale
StateDirectoryMode=0700
CacheDirectory=tailscale
CacheDirectoryMode=0750

[Install]
WantedBy=multi-user.target
`
	tailscaledDefaults = `PORT="41641"
FLAGS=""
TS_NO_LOGS_NO_SUPPORT=true
TS_PANIC_IF_HIT_MAIN_CONTROL=1
TS_DISABLE_PORTMAPPER=1
`
	tailscaledSocket = "/run/tailscale/tailscaled.sock"
)

// InstallTailscale installs the pinned tailscaled and tailscale and starts the unit tailscaled.service, as Tailscale's
// package does. It is not logged in then.
func (h *Host) InstallTailscale(ctx context.Context) error {
	daemon, client, err := testbed.Binaries(ctx, h.opts.Progress)
	if err != nil {
		return err
	}
	for from, to := range map[string]string{daemon: "/usr/sbin/tailscaled", client: "/usr/bin/tailscale"} {
		f, err := os.Open(from)
		if err != nil {
			return err
		}
		err = h.write(ctx, to, f, 0o755)
		f.Close()
		if err != nil {
			return err
		}
	}
	if err := h.Write(ctx, "/etc/default/tailscaled", tailscaledDefaults, 0o644); err != nil {
		return err
	}
	if err := h.Write(ctx, "/usr/lib/systemd/system/tailscaled.service", tailscaledUnit, 0o644); err != nil {
		return err
	}
	_, err = h.Run(ctx, "systemctl", "enable", "--now", "tailscaled.service")
	return err
}

// Join logs the host's tailscaled in, which makes Host.Node, and returns when the host and the tailnet's other nodes know
// each other. From then on Node.LogOut, LogIn, LogInAs and the Tailnet's methods are for it as for any node.
func (h *Host) Join(ctx context.Context) (err error) {
	h.Node, err = h.Tailnet.Adopt(ctx, h.opts.Node, h.socketLink())
	return err
}

// Peer adds another node to the tailnet and returns when it and the host know each other.
func (h *Host) Peer(ctx context.Context, opts testbed.NodeOptions) (*testbed.Node, error) {
	return h.Tailnet.AddNode(ctx, opts)
}

// AcrossRestart runs f, which restarts the host's tailscaled, and returns when the host is back in the tailnet.
func (h *Host) AcrossRestart(ctx context.Context, f func() error) error {
	return h.Node.AcrossRestart(ctx, f)
}

// socketLink is a path to tailscaled's LocalAPI socket that holds over reboots: a link in the namespace that the host is
// made in, which is there as long as the host.
func (h *Host) socketLink() string {
	pid, err := h.initOf(1)
	if err != nil {
		return ""
	}
	return fmt.Sprintf("/proc/%d/root/run/tailscaled.sock", pid)
}

// linkSocket points socketLink to the host that was booted last.
func (h *Host) linkSocket() error {
	leader, err := h.leader()
	if err != nil {
		return err
	}
	link := h.socketLink()
	if err := os.Remove(link); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return os.Symlink(fmt.Sprintf("/proc/%d/root%s", leader, tailscaledSocket), link)
}
