// SPDX-License-Identifier: MIT

package main

import (
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// name is how the kernel's headers call an error.
func name(errno syscall.Errno) string {
	if s := unix.ErrnoName(errno); s != "" {
		return s
	}
	return strconv.Itoa(int(errno))
}

// raw makes a system call. That it is refused is an error; what it says of bad arguments
// comes after it was let through, and is none.
func raw(number uintptr, args ...uintptr) func([]string) (any, error) {
	return func([]string) (any, error) {
		var a [6]uintptr
		copy(a[:], args)
		fd, _, errno := unix.RawSyscall6(number, a[0], a[1], a[2], a[3], a[4], a[5])
		switch errno {
		case 0:
			return fd, nil
		case unix.EINVAL, unix.EFAULT, unix.EBADF, unix.ESRCH:
			return "let through: " + errno.Error(), nil
		}
		return nil, errno
	}
}

// clone starts a process in namespaces of its own.
func clone(flags uintptr) func([]string) (any, error) {
	return func([]string) (any, error) {
		self, err := os.Executable()
		if err != nil {
			return nil, err
		}
		cmd := exec.Command(self, "who")
		cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: flags}
		return nil, cmd.Run()
	}
}

var (
	ring    [120]byte // struct io_uring_params
	bpfAttr [128]byte // union bpf_attr, all zero: an unknown kind of map
	perf    [128]byte // struct perf_event_attr
	handle  [136]byte
	nothing = [1]byte{}
)

func at(p *byte) uintptr { return uintptr(unsafe.Pointer(p)) }

func init() {
	self := uintptr(os.Getpid())
	add(map[string]probe{
		"io_uring_setup":    {0, raw(unix.SYS_IO_URING_SETUP, 4, at(&ring[0]))},
		"io_uring_enter":    {0, raw(unix.SYS_IO_URING_ENTER, ^uintptr(0))},
		"io_uring_register": {0, raw(unix.SYS_IO_URING_REGISTER, ^uintptr(0))},
		"process_vm_readv":  {0, raw(unix.SYS_PROCESS_VM_READV, self, 0, 0, 0, 0, 0)},
		"process_vm_writev": {0, raw(unix.SYS_PROCESS_VM_WRITEV, self, 0, 0, 0, 0, 0)},
		"ptrace":            {0, raw(unix.SYS_PTRACE, unix.PTRACE_PEEKUSR, self)},
		"kcmp":              {0, raw(unix.SYS_KCMP, self, self, 0, 0, 1)},
		"bpf":               {0, raw(unix.SYS_BPF, 0, at(&bpfAttr[0]), 48)},
		"perf_event_open":   {0, raw(unix.SYS_PERF_EVENT_OPEN, at(&perf[0]), ^uintptr(0), ^uintptr(0), ^uintptr(0))},
		"userfaultfd":       {0, raw(unix.SYS_USERFAULTFD, 1)},
		"personality":       {0, raw(unix.SYS_PERSONALITY, 8)},
		"unshare_mount":     {0, func([]string) (any, error) { return nil, unix.Unshare(unix.CLONE_NEWNS | unix.CLONE_FS) }},
		"clone_user":        {0, clone(syscall.CLONE_NEWUSER)},
		"clone_network":     {0, clone(syscall.CLONE_NEWNET)},
		"setns":             {0, setns},
		"mount":             {0, func([]string) (any, error) { return nil, unix.Mount("none", "/mnt", "tmpfs", unix.MS_RDONLY, "") }},
		"umount":            {0, raw(unix.SYS_UMOUNT2, at(&nothing[0]), 0x1000)},
		"chroot":            {0, raw(unix.SYS_CHROOT, at(&[]byte("/\x00")[0]))},
		"setuid": {0, func([]string) (any, error) {
			_, _, errno := unix.RawSyscall(unix.SYS_SETUID, 12345, 0, 0)
			return nil, none(errno)
		}},
		"setpriority":       {0, raw(unix.SYS_SETPRIORITY, unix.PRIO_PROCESS, 0, 19)},
		"sched_fifo":        {0, raw(unix.SYS_SCHED_SETSCHEDULER, 0, unix.SCHED_FIFO, at(&[]byte{1, 0, 0, 0}[0]))},
		"set_mempolicy":     {0, raw(unix.SYS_SET_MEMPOLICY, 0, 0, 0)},
		"sethostname":       {0, raw(unix.SYS_SETHOSTNAME, at(&[]byte("host")[0]), 4)},
		"open_by_handle_at": {0, raw(unix.SYS_OPEN_BY_HANDLE_AT, ^uintptr(0), at(&handle[0]), 0)},
		"syslog":            {0, raw(unix.SYS_SYSLOG, 10)},
		"swapon":            {0, raw(unix.SYS_SWAPON, 1, 0)},
		"init_module":       {0, raw(unix.SYS_INIT_MODULE, 1, 0, 1)},
		"pidfd_getfd":       {0, raw(unix.SYS_PIDFD_GETFD, ^uintptr(0), 0, 0)},
		"write_exec": {0, func([]string) (any, error) {
			m, err := unix.Mmap(-1, 0, 4096, unix.PROT_READ|unix.PROT_WRITE|unix.PROT_EXEC, unix.MAP_ANON|unix.MAP_PRIVATE)
			if err == nil {
				err = unix.Munmap(m)
			}
			return nil, err
		}},
		"pkey_alloc":   {0, raw(unix.SYS_PKEY_ALLOC, 0, 0)},
		"quotactl":     {0, raw(unix.SYS_QUOTACTL, 0)},
		"add_key":      {0, raw(unix.SYS_ADD_KEY, 1, 1, 0, 0, 0)},
		"capabilities": {0, capabilities},
	})
}

func none(errno syscall.Errno) error {
	if errno != 0 {
		return errno
	}
	return nil
}

// setns enters the namespaces that it is in already, which root may.
func setns([]string) (any, error) {
	f, err := os.Open("/proc/self/ns/uts")
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return nil, unix.Setns(int(f.Fd()), unix.CLONE_NEWUTS)
}

// capabilities wants to have any, or to be able to get any.
func capabilities([]string) (any, error) {
	sets := map[string]string{}
	text, err := os.ReadFile("/proc/thread-self/status")
	if err != nil {
		return nil, err
	}
	some := false
	for line := range strings.Lines(string(text)) {
		key, value, _ := strings.Cut(line, ":")
		if strings.HasPrefix(key, "Cap") {
			sets[key] = strings.TrimSpace(value)
			some = some || strings.Trim(sets[key], "0") != ""
		}
	}
	if !some {
		return nil, syscall.EPERM
	}
	return sets, nil
}
