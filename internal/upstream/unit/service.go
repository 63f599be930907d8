// SPDX-License-Identifier: MIT

package unit

import (
	"fmt"
	"strings"

	"tailscale-mcp/internal/upstream/entry"
	"tailscale-mcp/internal/upstream/npm"
)

// launcherTasks are the threads of the launcher, which count for its server.
const launcherTasks = 16

// scratchFiles is how many files a server may have in /tmp, and in /dev/shm.
const scratchFiles = 64 << 10

func service(s entry.Server, hidden []string) string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	b.WriteString(head(s, "an instance"))
	// A failed instance is in the journal; kept, it would count as a connection.
	line("CollectMode=inactive-or-failed")
	line("\n[Service]")
	line("ExecStart=%s %s", Launcher, s.Name)
	line("StandardInput=socket\nStandardOutput=socket")
	// Without the prefix of a level: an emergency would go to every terminal of the host.
	line("StandardError=journal\nSyslogIdentifier=tailscale-mcp-%s\nSyslogLevelPrefix=no", s.Name)
	line("LogRateLimitIntervalSec=30s\nLogRateLimitBurst=1000")
	line("LoadCredential=server.json:%s", escaped(s.File))
	for _, name := range s.Credentials() {
		line("LoadCredential=%s", name)
	}
	// The launcher closes the stdin of its server, which is how a server is told to end.
	line("KillMode=mixed\nTimeoutStopSec=5s")

	line("\n# What it may use")
	line("Slice=%s", SliceName(s.Name))
	line("MemoryMax=%d\nMemorySwapMax=0\nTasksMax=%d", s.Memory, s.Tasks+launcherTasks)
	// The launcher is to say what became of the server.
	line("CPUWeight=50\nOOMPolicy=continue\nLimitCORE=0")

	line("\n# Who it is")
	if s.User == "" {
		line("DynamicUser=yes\nUser=%s", account(s))
		// Nobody else has this account: it bounds processes also where no control group does.
		line("LimitNPROC=%d", s.Tasks+launcherTasks)
	} else {
		line("# All callers share this account: they are not apart.\nUser=%s", s.User)
	}
	if len(s.Write) > 0 {
		line("UMask=0022") // what it writes for others is to be read by them
	} else {
		line("UMask=0077")
	}
	if len(s.Groups) > 0 {
		line("SupplementaryGroups=%s", strings.Join(s.Groups, " "))
	}
	if s.Shared {
		line("# One instance for all callers: they are not apart.")
		line("StateDirectory=%s\nStateDirectoryMode=0700", state(s))
	}

	line("\n# What it sees")
	for _, dir := range hidden {
		line("TemporaryFileSystem=%s:ro", quoted(dir))
	}
	// What it writes is bounded, in memory, also where no control group counts it.
	// PrivateTmp=, which DynamicUser= brings, is of the host's disk and has no bound; it
	// wins over a file system of the same path, but not over one that is behind a link:
	// systemd follows that when it has mounted what comes before, in the order of paths.
	scratch := fmt.Sprintf("mode=1777,nosuid,nodev,size=%d,nr_inodes=%d", s.Memory/2, scratchFiles)
	line("TemporaryFileSystem=/dev/shm:%s\nTemporaryFileSystem=%s:%s", scratch, tmp, scratch)
	line("InaccessiblePaths=-/var/tmp")
	// Its own control group, from which programs learn how much memory there is.
	line("TemporaryFileSystem=/sys/fs/cgroup:ro")
	line("BindReadOnlyPaths=-/sys/fs/cgroup/system.slice/%s/%s/%%n", parentSlice, SliceName(s.Name))
	line("BindReadOnlyPaths=%s", strings.Join(fromEtc, " "))
	line("BindReadOnlyPaths=-%s/%s", npm.Folder, s.Name)
	if !s.Network.None() {
		line("BindReadOnlyPaths=-%s:/etc/resolv.conf", resolv)
	}
	for _, path := range s.Read {
		line("BindReadOnlyPaths=%s", quoted(path))
	}
	for _, path := range s.Write {
		line("BindPaths=%s", quoted(path))
	}

	line("\n# Where it gets")
	b.WriteString(network(s.Network))
	b.WriteString("\n# What it can do\n" + sandbox)
	return b.String()
}

// state is the folder below /var/lib that all callers of a shared server have.
func state(s entry.Server) string { return "tailscale-mcp-servers/" + s.Name }

// States are where a server keeps what is to stay: with an account of its own for each
// start, systemd puts it below private.
func States(name string) []string {
	s := state(entry.Server{Name: name})
	return []string{"/var/lib/" + s, "/var/lib/private/" + s}
}

// sandbox is what holds for every server. Not in it: MemoryDenyWriteExecute=, with which
// no compiler of JavaScript runs, and ProcSubset=pid, without which some do not see how
// much memory there is, and ProtectControlGroups=, which would show those of all units and
// wins over the cover that shows the server's own. Node.js needs @pkey.
const sandbox = `NoNewPrivileges=yes
CapabilityBoundingSet=
AmbientCapabilities=
ProtectSystem=strict
ProtectHome=tmpfs
PrivateTmp=yes
PrivateDevices=yes
PrivateMounts=yes
PrivateUsers=yes
PrivateIPC=yes
ProtectClock=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectProc=invisible
RemoveIPC=yes
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service @pkey
SystemCallFilter=~@debug @privileged @resources kcmp process_vm_readv process_vm_writev io_uring_enter io_uring_register io_uring_setup userfaultfd
SystemCallErrorNumber=EPERM
DevicePolicy=closed
KeyringMode=private
`
