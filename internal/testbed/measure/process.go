// SPDX-License-Identifier: MIT

package measure

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Usage is what a process and its children take.
type Usage struct {
	Resident float64       // now, in MiB: VmRSS of proc_pid_status(5)
	Peak     float64       // at most so far, in MiB: VmHWM; of several processes the sum
	CPU      time.Duration // used so far, user and system, of those that live
}

// tick is the unit of CPU times in /proc: USER_HZ, which is 100 on every
// architecture that Linux has today.
const tick = time.Second / 100

// Tree reads the usage of a process and all that descend from it. A child that
// ends meanwhile is left out; the process itself must live.
func Tree(pid int) (Usage, error) {
	all, err := parents()
	if err != nil {
		return Usage{}, err
	}
	total, err := read(pid)
	if err != nil {
		return Usage{}, err
	}
	for child := range all {
		if child == pid || !descends(all, child, pid) {
			continue
		}
		u, err := read(child)
		if gone(err) {
			continue
		}
		if err != nil {
			return Usage{}, err
		}
		total.Resident += u.Resident
		total.Peak += u.Peak
		total.CPU += u.CPU
	}
	return total, nil
}

// One is [Tree] of a process alone.
func One(pid int) (Usage, error) { return read(pid) }

// Proportional is what processes and all that descend from them take in MiB, with what
// several of them share counted once (Pss of proc_pid_smaps(5)), and how many they are.
// Those that end meanwhile are left out. Of processes of others, and of those that let
// nobody look, only root is told.
func Proportional(pids ...int) (mib float64, processes int, err error) {
	all, err := parents()
	if err != nil {
		return 0, 0, err
	}
	for child := range all {
		if !slices.ContainsFunc(pids, func(pid int) bool { return child == pid || descends(all, child, pid) }) {
			continue
		}
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", child))
		if gone(err) {
			continue
		}
		if err != nil {
			return 0, 0, err
		}
		size, err := mebibytes(text, "Pss:")
		if gone(err) {
			continue
		}
		if err != nil {
			return 0, 0, err
		}
		mib += size
		processes++
	}
	return mib, processes, nil
}

func gone(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ESRCH) || errors.Is(err, errNoMemory)
}

// parents maps every process to its parent.
func parents() (map[int]int, error) {
	names, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		return nil, err
	}
	all := make(map[int]int, len(names))
	for _, name := range names {
		pid, err := strconv.Atoi(filepath.Base(name))
		if err != nil {
			continue
		}
		fields, err := stat(pid)
		if gone(err) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if all[pid], err = strconv.Atoi(fields[1]); err != nil {
			return nil, err
		}
	}
	return all, nil
}

func descends(all map[int]int, pid, from int) bool {
	for range len(all) { // a process id may be used again while this looks
		parent, known := all[pid]
		if !known || parent == from {
			return known
		}
		pid = parent
	}
	return false
}

// stat returns the fields of proc_pid_stat(5) that follow the name, from the
// state on.
func stat(pid int) ([]string, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return nil, err
	}
	fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
	if len(fields) < 13 {
		return nil, fmt.Errorf("/proc/%d/stat has %d fields", pid, len(fields))
	}
	return fields, nil
}

// errNoMemory is a process that has none any more: it has ended and nobody has
// waited for it.
var errNoMemory = errors.New("the process has ended")

func read(pid int) (Usage, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return Usage{}, err
	}
	var u Usage
	if u.Resident, err = mebibytes(text, "VmRSS:"); err != nil {
		return Usage{}, err
	}
	if u.Peak, err = mebibytes(text, "VmHWM:"); err != nil {
		return Usage{}, err
	}
	fields, err := stat(pid)
	if err != nil {
		return Usage{}, err
	}
	for _, field := range fields[11:13] { // utime and stime
		ticks, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			return Usage{}, err
		}
		u.CPU += time.Duration(ticks) * tick
	}
	return u, nil
}

func mebibytes(status []byte, name string) (float64, error) {
	_, rest, _ := bytes.Cut(status, []byte("\n"+name))
	fields := bytes.Fields(rest)
	if len(fields) == 0 {
		return 0, errNoMemory
	}
	kib, err := strconv.ParseFloat(string(fields[0]), 64)
	return kib / 1024, err
}
