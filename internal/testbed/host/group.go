// SPDX-License-Identifier: MIT

//go:build linux

package host

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// newGroupName names a control group that there is not yet, below this process's in the hierarchy of version 2.
func newGroupName(name string) (string, error) {
	own, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		return "", err
	}
	mount, err := unifiedMount()
	if err != nil {
		return "", err
	}
	for line := range strings.Lines(string(own)) {
		if path, ok := strings.CutPrefix(strings.TrimSpace(line), "0::"); ok {
			return filepath.Join(mount, path, fmt.Sprintf("testbed-%s-%d-%d", name, os.Getpid(), time.Now().UnixNano())), nil
		}
	}
	return "", errors.New("this process is in no control group of version 2")
}

// unifiedMount is where the control groups of version 2 are.
func unifiedMount() (string, error) {
	mounts, err := os.ReadFile("/proc/self/mounts")
	if err != nil {
		return "", err
	}
	for line := range strings.Lines(string(mounts)) {
		if words := strings.Fields(line); len(words) > 2 && words[2] == "cgroup2" {
			return words[1], nil
		}
	}
	return "", errors.New("no control group hierarchy of version 2 is mounted")
}
