// SPDX-License-Identifier: MIT

//go:build linux

package jail

import (
	"encoding/json"
	"strings"
	"testing"
)

// sees: a server sees programs, and nothing of the host's data.
func sees(t *testing.T, p *place) {
	in := p.start(t, "plain")
	p.hold(t, in, tried{}, []row{
		{promise: "/home is empty", as: "ann", probe: []string{"list", "/home"}, errnos: "ENODATA"},
		{promise: "a home that everybody may read", as: "ann", probe: []string{"read", "/home/ann/thing"}, errnos: "ENOENT"},
		{promise: "/root is empty", as: "ann", probe: []string{"list", "/root"}, errnos: "ENODATA EACCES"},
		{promise: "/srv is empty", as: "ann", probe: []string{"list", "/srv"}, errnos: "ENODATA"},
		{promise: "/mnt is empty", as: "ann", probe: []string{"list", "/mnt"}, errnos: "ENODATA"},
		{promise: "/media is empty", as: "ann", probe: []string{"list", "/media"}, errnos: "ENODATA"},
		{promise: "/opt is empty", as: "ann", probe: []string{"list", "/opt"}, errnos: "ENODATA"},
		{promise: "/boot is empty", as: "ann", probe: []string{"list", "/boot"}, errnos: "ENODATA"},
		{promise: "a folder of the administrator's in the root is empty", as: "ann", probe: []string{"list", "/data"}, errnos: "ENODATA"},
		{promise: "/var/lib", as: "ann", probe: []string{"list", "/var/lib"}, errnos: "ENOENT"},
		{promise: "/var/log", as: "ann", probe: []string{"list", "/var/log"}, errnos: "ENOENT"},
		{promise: "/var/tmp of others", as: "ann", probe: []string{"read", "/var/tmp/thing"}, errnos: "ENOENT"},
		{promise: "/run of services", as: "ann", probe: []string{"read", "/run/tool/thing"}, errnos: "ENOENT"},
		{promise: "the sockets of the gateway", as: "ann", probe: []string{"list", "/run/tailscale-mcp-servers"}, errnos: "ENOENT"},
		{promise: "tailscaled's folder", as: "ann", probe: []string{"stat", "/run/tailscale/tailscaled.sock"}, errnos: "ENOENT"},
		{promise: "the units that are made", as: "ann", probe: []string{"list", "/run/systemd/generator"}, errnos: "ENOENT"},
		{promise: "the state of systemd", as: "ann", probe: []string{"list", "/run/systemd/system"}, here: []string{"list", "/run/systemd"}, errnos: "ENOENT"},
		{promise: "/etc of programs that it does not need", as: "ann", probe: []string{"read", "/etc/thing"}, errnos: "ENOENT"},
		{promise: "the configuration of this program", as: "ann", probe: []string{"read", "/etc/tailscale-mcp/thing"}, errnos: "ENOENT"},
		{promise: "the entries", as: "root", probe: []string{"list", "/etc/tailscale-mcp/servers.d"}, errnos: "ENOENT"},
		{promise: "the passwords", as: "root", probe: []string{"read", "/etc/shadow"}, errnos: "ENOENT"},
		{promise: "the identity of the machine", as: "ann", probe: []string{"read", "/etc/machine-id"}, errnos: "ENOENT"},
		{promise: "the units of the host", as: "ann", probe: []string{"list", "/etc/systemd/system"}, errnos: "ENOENT"},
		{promise: "the network device", as: "root", probe: []string{"openpath", "/dev/net/tun"}, errnos: "ENOENT EPERM EACCES"},
		{promise: "the processes of root", as: "ann", probe: []string{"see", "1"}, errnos: "ESRCH"},
		{promise: "programs cannot be changed, whatever their mode", as: "ann", probe: []string{"append", "/usr/local/thing", "text"}, errnos: "EROFS"},
		{promise: "no new program", as: "root", probe: []string{"write", "/usr/local/bin/new", "text"}, errnos: "EROFS"},
		{promise: "no file in the root", as: "root", probe: []string{"write", "/new", "text"}, errnos: "EROFS"},
		{promise: "no file in /etc", as: "root", probe: []string{"write", "/etc/new", "text"}, errnos: "EROFS"},
		{promise: "no file in /run", as: "root", probe: []string{"write", "/run/new", "text"}, errnos: "EROFS"},
		{promise: "no file in /home", as: "root", probe: []string{"write", "/home/new", "text"}, errnos: "EROFS EACCES"},
		{promise: "no setting of the kernel", as: "root", probe: []string{"openpath", "/proc/sys/kernel/core_pattern"}, here: []string{"openpath", "/proc/sys/net/ipv4/ip_forward"}, errnos: "EROFS EACCES"},
		{promise: "no control group", as: "root", probe: []string{"mkdir", "/sys/fs/cgroup/new"}, errnos: "EROFS EACCES ENOENT"},
		{promise: "programs that are set-user-ID root stay as they are", as: "ann", probe: []string{"as", "/usr/local/bin/probe-root"}, errnos: "EPERM"},
		{promise: "no file that is set-user-ID", as: "ann", probe: []string{"suid", "/tmp/suid"}, errnos: "EPERM"},
		{promise: "no device in /tmp", as: "root", probe: []string{"mknod", "/tmp/zero"}, errnos: "EPERM"},

		{promise: "programs are there", as: "ann", probe: []string{"run", "/bin/sh", "-c true"}, works: true},
		{promise: "the names of accounts are there", as: "ann", probe: []string{"read", "/etc/passwd"}, works: true},
		{promise: "the certificates are there", as: "ann", probe: []string{"stat", "/etc/ssl/certs/ca-certificates.crt"}, works: true},
		{promise: "/dev/null is there", as: "ann", probe: []string{"openpath", "/dev/null"}, works: true},
		{promise: "/tmp is there, to write", as: "ann", probe: []string{"write", "/tmp/mine", "text"}, works: true},
	})
	// /etc has what the unit lists and nothing else.
	var names []string
	if err := json.Unmarshal(inside(t, in, []string{"list", "/etc"})[0].Value, &names); err != nil {
		t.Fatal(err)
	}
	t.Logf("/etc inside has %s", strings.Join(names, " "))
	if len(names) > 40 {
		t.Errorf("/etc inside has %d names: %v", len(names), names)
	}
}

// listed: the paths that an entry lists are seen as it says, and nothing beside them.
func listed(t *testing.T, p *place) {
	p.hold(t, p.start(t, "reader"), tried{}, []row{
		{promise: "a path to read is seen", as: "ann", probe: []string{"read", "/srv/docs/thing"}, works: true},
		{promise: "and another", as: "ann", probe: []string{"read", "/data/one/thing"}, works: true},
		{promise: "and cannot be written, whatever its mode", as: "ann", probe: []string{"write", "/srv/docs/open/new", "text"}, errnos: "EROFS"},
		{promise: "what is beside it is not seen", as: "ann", probe: []string{"read", "/srv/thing"}, errnos: "ENOENT"},
		{promise: "nor what is beside another", as: "ann", probe: []string{"read", "/data/two/thing"}, errnos: "ENOENT"},
		{promise: "the way to it has nothing else", as: "ann", probe: []string{"read", "/srv/out/thing"}, errnos: "ENOENT"},
	})
	a, b := p.start(t, "writer"), p.start(t, "writer")
	ofA, ofB, ofAnn := held(t, p, a), held(t, p, b), p.heldBy(t, "ann")
	if ofA.UID != ofAnn.UID || ofB.UID != ofAnn.UID {
		t.Errorf("with user ann (%d) instances run as %d and %d", ofAnn.UID, ofA.UID, ofB.UID)
	}
	p.hold(t, b, tried{ofA, ofAnn}, []row{
		{promise: "a path to write is written", as: "ann", probe: []string{"write", "/srv/out/new", "text"}, works: true},
		{promise: "and read", as: "ann", probe: []string{"read", "/srv/out/thing"}, works: true},
		{promise: "what is beside it is not seen", as: "ann", probe: []string{"read", "/srv/docs/thing"}, errnos: "ENOENT"},
		{promise: "the home of that account is not seen", as: "ann", probe: []string{"read", "/home/ann/thing"}, errnos: "ENOENT"},
		{promise: "nor written", as: "ann", probe: []string{"write", "/home/ann/new", "text"}},
		{promise: "callers of it are not apart, as the documentation says", as: "ann", probe: []string{"signal", "{pid}"}, works: true},
		{promise: "but for their files in /tmp", as: "ann", probe: []string{"secret", "{temp}"}, errnos: "ENOENT"},
	})
	if got := p.do(t, "stat -c '%U %a' /srv/out/new"); got != "ann 644" {
		t.Errorf("what it wrote is %s on the host, want ann 644", got)
	}
	// People are told that they share, where they look.
	if got := p.do(t, "tailscale-mcp server show writer"); !strings.Contains(got, "its callers are not apart") {
		t.Errorf("show does not say that callers are not apart:\n%s", got)
	}
	if got := p.do(t, "systemctl cat tailscale-mcp-server-writer@.service"); !strings.Contains(got, "they are not apart") {
		t.Errorf("the unit does not say that callers are not apart:\n%s", got)
	}
}
