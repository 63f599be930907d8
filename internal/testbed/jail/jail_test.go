// SPDX-License-Identifier: MIT

//go:build linux

package jail

import (
	"testing"

	"tailscale-mcp/internal/testbed/host"
)

// servers are the entries on a host: what each has under "tailscale".
var servers = map[string]string{
	"plain":    `{}`,
	"other":    `{}`,
	"reader":   `{"read": ["/srv/docs", "/data/one"]}`,
	"writer":   `{"write": ["/srv/out"], "user": "ann"}`,
	"internet": `{"network": "internet"}`,
	"lan":      `{"network": ["192.168.77.0/24", "fd00:77::/64"]}`,
	"small":    `{"memory": "64M", "tasks": 32}`,
	"many":     `{"max": 32}`,
	"open":     `{"network": "unconfined"}`,
}

// TestHostJail: what the sandbox promises holds, on both releases.
func TestHostJail(t *testing.T) {
	for _, release := range []string{host.Bookworm, host.Trixie} {
		t.Run(release, func(t *testing.T) {
			p := put(t, host.Options{Release: release}, servers)
			t.Logf("%s, kernel %s", p.do(t, "systemctl --version | head -n1"), p.do(t, "uname -r"))
			for _, test := range []struct {
				name string
				do   func(t *testing.T, p *place)
			}{
				{"apart", apart},
				{"sees", sees},
				{"listed", listed},
				{"network", network},
				{"applied", applied},
				{"syscalls", syscalls},
				{"node", node},
				{"exposure", exposure},
				{"manners", manners},
				{"cost", cost},
				{"newer", newer},
				{"ends", ends},
				{"starts", starts},
				{"served", served},
			} {
				t.Run(test.name, func(t *testing.T) { test.do(t, p) })
			}
		})
	}
}

// furnish puts things onto the host that servers are not to see, though everybody may
// read them, and the paths that entries list.
func furnish(t *testing.T, p *place) {
	t.Helper()
	p.do(t, `
		chmod 755 /home/ann /root
		mkdir -p /srv/docs /srv/out /srv/docs/open /data/one /data/two /opt/tool /run/tool /media/disk /etc/tailscale-mcp
		for dir in /home/ann /root /srv /srv/docs /srv/docs/open /srv/out /mnt /media /media/disk /var/lib /var/log /var/tmp /run /run/tool /opt/tool /boot /data/one /data/two /etc /etc/tailscale-mcp; do
			echo text >$dir/thing
			chmod 644 $dir/thing
		done
		chown ann /srv/out
		chmod 777 /srv/docs/open
		echo ann >/usr/local/thing && chmod 666 /usr/local/thing
		install -m 4755 `+probePath+` /usr/local/bin/probe-root
		chmod 755 /etc/tailscale-mcp`)
}
