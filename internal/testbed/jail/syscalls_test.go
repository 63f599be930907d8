// SPDX-License-Identifier: MIT

//go:build linux

package jail

import (
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// syscalls: the kernel is asked for little only.
func syscalls(t *testing.T, p *place) {
	in := p.start(t, "open") // a private network takes some of it already
	refused := func(as string, names ...string) (rows []row) {
		for _, name := range names {
			rows = append(rows, row{promise: "refused to the server: " + name, as: as, probe: []string{name}, errnos: "EPERM"})
		}
		return rows
	}
	rows := append(refused("ann", "process_vm_readv", "process_vm_writev", "ptrace", "kcmp", "io_uring_setup", "io_uring_enter", "io_uring_register",
		"userfaultfd", "personality", "clone_user", "setpriority", "set_mempolicy", "pidfd_getfd"),
		refused("root", "bpf", "perf_event_open", "mount", "unshare_mount", "clone_network", "setns", "chroot", "setuid", "sched_fifo", "sethostname", "capabilities")...)
	if runtime.GOARCH == "amd64" {
		run := []string{"run", probePath + "-32", "who"}
		if outside := p.outside(t, "ann", run)[0]; strings.Contains(outside.Error, syscall.ENOEXEC.Error()) {
			t.Log("NOT SHOWN HERE: the kernel of this machine runs no programs of 32 bits, so that there are none of their system calls to refuse: " + outside.Error)
		} else {
			rows = append(rows, row{promise: "no system calls of 32 bits, which filters know under other numbers", as: "ann", probe: run})
		}
	}
	p.hold(t, in, tried{}, append(rows,
		row{promise: "what compilers of JavaScript need: memory to write and run", as: "ann", probe: []string{"write_exec"}, works: true},
		row{promise: "what Node.js asks at its start: keys for memory", as: "ann", probe: []string{"pkey_alloc"}, works: true}))
}

// node: Node.js runs in the sandbox, with its compiler, WebAssembly, threads and children.
func node(t *testing.T, p *place) {
	program, err := exec.LookPath("node")
	if err != nil {
		if os.Getenv("TEST_REQUIRE_TOOLS") != "" {
			t.Fatal("node is not installed, and TEST_REQUIRE_TOOLS is set")
		}
		t.Skip("SKIPPED, node is not installed: nothing here shows that Node.js runs in the sandbox")
	}
	f, err := os.Open(program)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	cmd, err := p.Command(t.Context(), "install", "--mode=755", "/dev/stdin", "/usr/local/bin/node")
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stdin = f
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	p.do(t, "ldconfig -p | grep -q libstdc++.so.6 || apt-get install --yes --quiet=2 libstdc++6 >&2")
	p.write(t, "/usr/local/lib/all.js", `
		const {Worker} = require('worker_threads'), {execFileSync} = require('child_process'), fs = require('fs'), os = require('os')
		let n = 0
		for (let i = 0; i < 1e7; i++) n = (n * 31 + i) | 0
		const wasm = new WebAssembly.Instance(new WebAssembly.Module(Uint8Array.from([0,97,115,109,1,0,0,0,1,5,1,96,0,1,127,3,2,1,0,7,5,1,1,102,0,0,10,6,1,4,0,65,42,11])))
		if (wasm.exports.f() !== 42) throw Error('WebAssembly')
		if (execFileSync('/bin/echo', ['child']).toString() !== 'child\n') throw Error('a child')
		fs.writeFileSync(os.tmpdir() + '/node', 'text')
		new Worker('require("worker_threads").parentPort.postMessage("thread")', {eval: true}).on('message', m => console.log('node', m, os.availableParallelism() > 0))
	`, 0o644)
	run := []string{"run", "/usr/local/bin/node", "/usr/local/lib/all.js"}
	for _, server := range []string{"plain", "open"} {
		p.hold(t, p.start(t, server), tried{}, []row{{promise: "Node.js runs", as: "ann", probe: run, works: true}})
	}
}

// exposure: what systemd-analyze says of the units.
func exposure(t *testing.T, p *place) {
	figure := regexp.MustCompile(`Overall exposure level for \S+: ([0-9.]+)`)
	for server, most := range map[string]float64{"plain": 1.5, "reader": 1.5, "writer": 1.5, "internet": 1.5, "lan": 1.5, "open": 1.5} {
		in := p.start(t, server)
		name := p.unitOf(t, held(t, p, in).PID)
		said := p.do(t, "systemd-analyze security --no-pager '"+name+"' || true")
		m := figure.FindStringSubmatch(said)
		if m == nil {
			t.Fatalf("systemd-analyze security says no figure of %s: %s", name, said)
		}
		got, err := strconv.ParseFloat(m[1], 64)
		if err != nil || got > most {
			t.Errorf("%s is exposed by %s, want at most %v:\n%s", server, m[1], most, strings.Join(regexp.MustCompile(`(?m)^✗.*$`).FindAllString(said, -1), "\n"))
		}
		t.Logf("%s: exposure %s", server, m[1])
	}
}
