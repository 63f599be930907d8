// SPDX-License-Identifier: MIT

//go:build linux

package jail

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// cost: what an instance uses is bounded.
func cost(t *testing.T, p *place) {
	in := p.start(t, "small")
	pid := held(t, p, in).PID
	name := p.unitOf(t, pid)
	for property, want := range map[string]string{
		"MemoryMax": "67108864", "MemorySwapMax": "0", "TasksMax": "48", "CPUWeight": "50", "LimitCORE": "0", "LimitNPROC": "48",
		"OOMPolicy": "continue", "Slice": "system-tailscale_mcp_servers-small.slice",
	} {
		if got := p.do(t, "systemctl show --value --property="+property+" '"+name+"'"); got != want {
			t.Errorf("%s of an instance is %s, want %s", property, got, want)
		}
	}
	has := strings.Fields(p.do(t, "cat /sys/fs/cgroup/cgroup.controllers"))
	controller := func(name string) bool {
		for _, c := range has {
			if c == name {
				return true
			}
		}
		return false
	}

	t.Run("processes", func(t *testing.T) {
		same, other := watch(t, p, "small"), watch(t, p, "plain")
		defer other()
		defer same()
		// Outside the same number is made, by a service without a sandbox.
		if out := p.do(t, "systemd-run --quiet --wait --pipe --collect --uid=ann sh -c 'n=0; while [ $n -lt 100 ]; do sleep 5 & n=$((n+1)); done; echo $n'"); out != "100" {
			t.Errorf("outside, %s of 100 processes were made: this proves nothing", out)
		}
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		text, err := in.call(ctx, "fork", map[string]any{"arg": "100"})
		t.Logf("of 100 processes: %s (%v)", text, err)
		if err == nil && strings.Contains(text, `"made":100`) {
			t.Error("an instance with room for 48 tasks made 100")
		}
		if !controller("pids") {
			t.Log("NOT SHOWN HERE: this machine lends no controller of processes (pids), so that TasksMax= does nothing; what held is LimitNPROC=, which counts those of the instance's own account")
		}
	})
	t.Run("memory", func(t *testing.T) {
		same, other := watch(t, p, "small"), watch(t, p, "plain")
		defer other()
		defer same()
		greedy := p.start(t, "small")
		if !controller("memory") {
			t.Log("NOT SHOWN HERE: this machine lends systemd no controller of memory, so that MemoryMax= does nothing; that the unit says it was seen, and what comes of such a bound is tried with one that this test makes")
			if !p.bound(t, held(t, p, greedy).PID, 64<<20) {
				return
			}
		}
		if r := p.outside(t, "ann", []string{"take", "200"})[0]; !r.OK {
			t.Errorf("outside, 200 MiB were not had: this proves nothing: %s", r.Error)
		}
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		text, err := greedy.call(ctx, "try", map[string]any{"probes": [][]string{{"take", "200"}}})
		if err == nil || !strings.Contains(err.Error(), "signal 9") {
			t.Errorf("an instance with 64 MiB took 200: %s, %v", text, err)
		}
		t.Logf("its caller got: %v", err)
	})
	t.Run("files", func(t *testing.T) {
		in := p.start(t, "small") // of 64 MiB
		for _, dir := range []string{"/tmp", "/dev/shm"} {
			p.hold(t, in, tried{}, []row{
				{promise: "half of its memory in files, in " + dir, as: "ann", probe: []string{"fill", dir, "30"}, works: true},
				{promise: "and no more", as: "ann", probe: []string{"fill", dir, "33"}, errnos: "ENOSPC"},
			})
		}
		p.hold(t, in, tried{}, []row{
			{promise: "nothing in /var/tmp", as: "ann", probe: []string{"fill", "/var/tmp", "1"}},
			{promise: "nothing in its home beyond that", as: "ann", probe: []string{"fill", held(t, p, in).Home, "33"}, here: []string{"fill", "/home/ann", "33"}, errnos: "ENOSPC"},
		})
		if got := p.do(t, "find /tmp/systemd-private-*-tailscale-mcp-server-small* -type f"); got != "" {
			t.Errorf("a server wrote to the host's /tmp: %s", got)
		}
		if got := p.do(t, "journalctl --boot --no-pager -o cat -t tailscale-mcp-small"); strings.Contains(got, "does not bound") {
			t.Errorf("its launcher says %s", got)
		}
	})
}

// bound puts the processes of an instance under a bound of memory as a machine with control groups of version 1 has them;
// pid is one of them, as the host numbers it. It reports whether this machine has them.
func (p *place) bound(t *testing.T, pid, bytes int) bool {
	t.Helper()
	const controller = "/sys/fs/cgroup/memory"
	if _, err := os.Stat(filepath.Join(controller, "memory.limit_in_bytes")); err != nil {
		t.Logf("NOT SHOWN HERE: nor has it one of version 1 (%v): what comes of a bound of memory was not tried", err)
		return false
	}
	group, err := os.MkdirTemp(controller, "jail-")
	if err != nil {
		t.Fatal(err)
	}
	// It can be removed once the instance has ended.
	t.Cleanup(func() {
		for end := time.Now().Add(patience); os.Remove(group) != nil; time.Sleep(20 * time.Millisecond) {
			if time.Now().After(end) {
				t.Errorf("the control group %s is left", group)
				return
			}
		}
	})
	if err := os.WriteFile(filepath.Join(group, "memory.limit_in_bytes"), []byte(strconv.Itoa(bytes)), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, one := range strings.Fields(p.do(t, "cat "+p.groupOf(t, pid)+"/cgroup.procs")) {
		if err := os.WriteFile(filepath.Join(group, "cgroup.procs"), []byte(p.here(t, one)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return true
}

// here is the number that a process of the host's has on this machine.
func (p *place) here(t *testing.T, pid string) string {
	t.Helper()
	root, err := p.Path("")
	if err != nil {
		t.Fatal(err)
	}
	hosts, err := os.Readlink(filepath.Join(filepath.Dir(root), "ns/pid"))
	if err != nil {
		t.Fatal(err)
	}
	all, err := filepath.Glob("/proc/[0-9]*/status")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range all {
		status, _ := os.ReadFile(path) // none if it has just ended
		_, after, _ := strings.Cut(string(status), "NSpid:")
		line, _, _ := strings.Cut(after, "\n")
		numbers := strings.Fields(line)
		if namespace, _ := os.Readlink(filepath.Join(filepath.Dir(path), "ns/pid")); namespace == hosts && len(numbers) > 0 && numbers[len(numbers)-1] == pid {
			return numbers[0]
		}
	}
	t.Fatalf("the process %s of the host is not found", pid)
	return ""
}
