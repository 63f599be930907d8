// SPDX-License-Identifier: MIT

//go:build linux

package jail

import (
	"fmt"
	"testing"
)

// anothers are the rows that are tried on somebody else's process.
func anothers(of string) []row {
	p := of + ": "
	return []row{
		{promise: p + "its process is not seen", as: "ann", probe: []string{"see", "{pid}"}, errnos: "ESRCH"},
		{promise: p + "its command line", as: "ann", probe: []string{"cmdline", "{pid}"}, errnos: "ENOENT"},
		{promise: p + "its environment", as: "ann", probe: []string{"environ", "{pid}"}, errnos: "ENOENT EACCES"},
		{promise: p + "its memory, by /proc", as: "ann", probe: []string{"memory", "{pid}", "{address}"}, errnos: "ENOENT EACCES"},
		{promise: p + "its memory, by a system call", as: "ann", probe: []string{"vmread", "{pid}", "{address}"}, errnos: "EPERM"},
		{promise: p + "its memory, to change", as: "ann", probe: []string{"vmwrite", "{pid}", "{address}"}, errnos: "EPERM"},
		{promise: p + "its list of open files", as: "ann", probe: []string{"fds", "{pid}"}, errnos: "ENOENT EACCES"},
		{promise: p + "its open file", as: "ann", probe: []string{"fd", "{pid}", "{fd}"}, errnos: "ENOENT EACCES"},
		{promise: p + "its view of the files", as: "ann", probe: []string{"root", "{pid}"}, errnos: "ENOENT EACCES"},
		{promise: p + "where it works", as: "ann", probe: []string{"cwd", "{pid}"}, errnos: "ENOENT EACCES"},
		{promise: p + "no signal", as: "ann", probe: []string{"signal", "{pid}"}, errnos: "EPERM ESRCH"},
		{promise: p + "no signal by a handle", as: "ann", probe: []string{"pidfd", "{pid}"}, errnos: "EPERM ESRCH"},
		{promise: p + "no debugger", as: "ann", probe: []string{"attach", "{pid}"}, errnos: "EPERM"},
		{promise: p + "its file in /tmp", as: "ann", probe: []string{"secret", "{temp}"}, errnos: "ENOENT"},
		{promise: p + "its file in /dev/shm", as: "ann", probe: []string{"secret", "{shared}"}, errnos: "ENOENT"},
		{promise: p + "its home", as: "ann", probe: []string{"stat", "{home}"}, errnos: "ENOENT"},
		{promise: p + "its shared memory", as: "ann", probe: []string{"shared", "{key}"}, errnos: "ENOENT"},
	}
}

// apart: the instances of two callers have nothing of each other, nor of another server.
func apart(t *testing.T, p *place) {
	a, b, c := p.start(t, "plain"), p.start(t, "plain"), p.start(t, "other")
	ofA, ofB, ofC, ofAnn := held(t, p, a), held(t, p, b), held(t, p, c), p.heldBy(t, "ann")

	uids := map[int]bool{ofAnn.UID: true, 0: true}
	for _, w := range []who{ofA, ofB, ofC} {
		if uids[w.UID] {
			t.Errorf("the UID %d is another's too", w.UID)
		}
		uids[w.UID] = true
		if name := p.do(t, fmt.Sprintf("stat -c %%U /proc/%d", w.PID)); name == "root" {
			t.Errorf("%d is root's", w.PID)
		}
		for _, group := range w.Groups {
			if group < 61184 || group > 65519 {
				t.Errorf("it is in the group %d, which is not one that systemd makes for it", group)
			}
		}
	}
	t.Logf("three connections have the UIDs %d, %d, %d", ofA.UID, ofB.UID, ofC.UID)

	p.hold(t, b, tried{ofA, ofAnn}, anothers("another caller of the same server"))
	p.hold(t, c, tried{ofA, ofAnn}, anothers("a caller of another server"))
	p.hold(t, b, tried{ofA, ofAnn}, []row{
		{promise: "the credentials of another caller", as: "root", probe: []string{"read", "{credentials}/server.json"}, here: []string{"read", ofA.Creds + "/server.json"}, errnos: "ENOENT EACCES"},
		{promise: "the list of credentials", as: "root", probe: []string{"stat", "{credentials}"}, here: []string{"stat", ofA.Creds}, errnos: "ENOENT EACCES"},
	})
	// Which units run, and what they use, is in the control groups. Its own it sees: from
	// there Node.js knows how much memory it has.
	p.hold(t, b, tried{}, []row{
		{promise: "the control group of another caller", as: "ann", probe: []string{"read", p.groupOf(t, ofA.PID) + "/cgroup.procs"}, errnos: "ENOENT"},
		{promise: "the control groups of services", as: "ann", probe: []string{"read", p.groupOf(t, 1) + "/cgroup.procs"}, errnos: "ENOENT"},
		{promise: "its own control group", as: "ann", probe: []string{"read", p.groupOf(t, ofB.PID) + "/cgroup.procs"}, works: true},
	})
	// Its launcher has the same UID, and the connection.
	p.hold(t, b, tried{}, []row{
		{promise: "the memory of its launcher", as: "ann", probe: []string{"mem", "parent"}, errnos: "EACCES ENOENT"},
		{promise: "the open files of its launcher", as: "ann", probe: []string{"fds", "parent"}, errnos: "EACCES ENOENT"},
		{promise: "the environment of its launcher", as: "ann", probe: []string{"environ", "parent"}, errnos: "EACCES ENOENT"},
		{promise: "a debugger for its launcher", as: "ann", probe: []string{"attach", "parent"}, errnos: "EPERM"},
	})
	// What it has of its own works: a probe that fails always would prove nothing.
	p.hold(t, b, tried{ofB, ofAnn}, []row{
		{promise: "its own file in /tmp", as: "ann", probe: []string{"secret", "{temp}"}, works: true},
		{promise: "its own file in /dev/shm", as: "ann", probe: []string{"secret", "{shared}"}, works: true},
		{promise: "its own home, to write", as: "ann", probe: []string{"write", "{home}/new", "text"}, works: true},
		{promise: "its own process", as: "ann", probe: []string{"see", "{pid}"}, works: true},
		{promise: "its own environment", as: "ann", probe: []string{"environ", "{pid}"}, works: true},
	})
}
