// SPDX-License-Identifier: MIT

package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// who is what a probe is, for others to try it on.
type who struct {
	PID     int    `json:"pid"`
	Parent  int    `json:"parent"`
	UID     int    `json:"uid"`
	EUID    int    `json:"euid"`
	Groups  []int  `json:"groups"`
	Home    string `json:"home"`
	Temp    string `json:"temp"`    // a file that it has in /tmp
	Shared  string `json:"shared"`  // and in /dev/shm
	Address string `json:"address"` // where it has its secret in memory
	FD      int    `json:"fd"`      // and in an open file
	Key     string `json:"key"`     // of its shared memory
}

// secret is what a probe has that no other is to get.
var secret = []byte("kept-by-one")

// myself makes what others can try: files, an open file, shared memory. Once.
func myself() (who, error) {
	w := who{PID: os.Getpid(), Parent: os.Getppid(), UID: os.Getuid(), EUID: os.Geteuid(), Home: os.Getenv("HOME")}
	w.Groups, _ = os.Getgroups()
	w.Address = strconv.FormatUint(uint64(uintptr(unsafe.Pointer(&secret[0]))), 10)
	name := "probe-" + strconv.Itoa(w.PID)
	w.Temp, w.Shared = filepath.Join("/tmp", name), filepath.Join("/dev/shm", name)
	for _, path := range []string{w.Temp, w.Shared} {
		if err := os.WriteFile(path, secret, 0o600); err != nil {
			return w, err
		}
		if err := os.Chmod(path, 0o666); err != nil { //nolint:gosec // the sandbox is to keep others out, not the mode
			return w, err
		}
	}
	f, err := os.Open(w.Temp)
	if err != nil {
		return w, err
	}
	w.FD = int(f.Fd())
	key := 0x70000000 + w.PID
	w.Key = strconv.Itoa(key)
	if _, err := unix.SysvShmGet(key, 4096, unix.IPC_CREAT|0o666); err != nil {
		return w, fmt.Errorf("shared memory: %w", err)
	}
	// Whoever may at all, may: what prevents it is then not the kernel's own caution.
	_ = unix.Prctl(unix.PR_SET_PTRACER, ^uintptr(0), 0, 0, 0)
	return w, nil
}

// hold waits to be tried, until its standard input ends.
func hold() {
	w, err := myself()
	if err != nil {
		show(result{Error: err.Error()})
		os.Exit(1)
	}
	show(w)
	_, _ = io.Copy(io.Discard, os.Stdin)
}

func init() {
	pid := func(do func(pid int) (any, error)) func([]string) (any, error) {
		return func(a []string) (any, error) {
			if a[0] == "parent" {
				return do(os.Getppid())
			}
			n, err := strconv.Atoi(a[0])
			if err != nil {
				return nil, err
			}
			return do(n)
		}
	}
	add(map[string]probe{
		"who":  {0, func([]string) (any, error) { return who{PID: os.Getpid(), UID: os.Getuid(), EUID: os.Geteuid()}, nil }},
		"hold": {0, func([]string) (any, error) { return myself() }},
		// see finds a process among all.
		"see": {1, pid(func(pid int) (any, error) {
			all := processes()
			if !slices.Contains(all, pid) {
				return nil, fmt.Errorf("it sees %v: %w", all, syscall.ESRCH)
			}
			return nil, nil
		})},
		"processes": {0, func([]string) (any, error) { return processes(), nil }},
		"signal":    {1, pid(func(pid int) (any, error) { return nil, unix.Kill(pid, syscall.SIGCONT) })},
		"pidfd": {1, pid(func(pid int) (any, error) {
			fd, err := unix.PidfdOpen(pid, 0)
			if err != nil {
				return nil, err
			}
			defer unix.Close(fd)
			return nil, unix.PidfdSendSignal(fd, syscall.SIGCONT, nil, 0)
		})},
		"attach": {1, pid(func(pid int) (any, error) {
			if err := unix.PtraceSeize(pid); err != nil {
				return nil, err
			}
			return nil, nil // it is let go with this thread
		})},
		"environ": {1, pid(func(pid int) (any, error) { return has(fmt.Sprintf("/proc/%d/environ", pid)) })},
		"cmdline": {1, pid(func(pid int) (any, error) { return has(fmt.Sprintf("/proc/%d/cmdline", pid)) })},
		"root": {1, pid(func(pid int) (any, error) {
			_, err := os.ReadDir(fmt.Sprintf("/proc/%d/root/tmp", pid))
			return nil, err
		})},
		"cwd": {1, pid(func(pid int) (any, error) { return os.Readlink(fmt.Sprintf("/proc/%d/cwd", pid)) })},
		// mem opens the memory of a process.
		"mem": {1, pid(func(pid int) (any, error) {
			f, err := os.Open(fmt.Sprintf("/proc/%d/mem", pid))
			return nil, closed(f, err)
		})},
		"fds": {1, pid(func(pid int) (any, error) {
			all, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", pid))
			return len(all), err
		})},
		"fd": {2, func(a []string) (any, error) { return secretIn("/proc/" + a[0] + "/fd/" + a[1]) }},
		"memory": {2, func(a []string) (any, error) {
			f, err := os.Open("/proc/" + a[0] + "/mem")
			if err != nil {
				return nil, err
			}
			defer f.Close()
			at, _ := strconv.ParseInt(a[1], 10, 64)
			buf := make([]byte, len(secret))
			if _, err := f.ReadAt(buf, at); err != nil {
				return nil, err
			}
			return nil, found(buf)
		}},
		"vmread":  {2, func(a []string) (any, error) { return nil, vm(a, false) }},
		"vmwrite": {2, func(a []string) (any, error) { return nil, vm(a, true) }},
		"shared":  {1, pid(func(key int) (any, error) { _, err := unix.SysvShmGet(key, 4096, 0); return nil, err })},
		"secret":  {1, func(a []string) (any, error) { return secretIn(a[0]) }},
	})
}

func processes() []int {
	all, _ := os.ReadDir("/proc")
	pids := []int{}
	for _, f := range all {
		if n, err := strconv.Atoi(f.Name()); err == nil {
			pids = append(pids, n)
		}
	}
	return pids
}

// has reads a file that is not to be empty.
func has(path string) (any, error) {
	text, err := os.ReadFile(path)
	if err == nil && len(text) == 0 {
		err = syscall.ENODATA
	}
	return len(text), err
}

func found(text []byte) error {
	if !bytes.Equal(text, secret) {
		return errors.New("it is another text")
	}
	return nil
}

func secretIn(path string) (any, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return nil, found(text)
}

// vm reads or writes the secret of another process by the system calls for that.
func vm(a []string, write bool) error {
	pid, err := strconv.Atoi(a[0])
	if err != nil {
		return err
	}
	at, err := strconv.ParseUint(a[1], 10, 64)
	if err != nil {
		return err
	}
	buf := bytes.Clone(secret)
	local := []unix.Iovec{{Base: &buf[0]}}
	local[0].SetLen(len(buf))
	remote := []unix.RemoteIovec{{Base: uintptr(at), Len: len(buf)}}
	if write {
		_, err = unix.ProcessVMWritev(pid, local, remote, 0)
		return err
	}
	if _, err = unix.ProcessVMReadv(pid, local, remote, 0); err != nil {
		return err
	}
	return found(buf)
}
