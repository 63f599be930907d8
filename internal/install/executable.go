// SPDX-License-Identifier: MIT

package install

import (
	"os"
	"path/filepath"
	"strings"
)

// Executable is the absolute path under which the running program was found. A
// package manager's symbolic link stays one, since what it leads to goes with
// the next version.
//
// arg0 is how the program was called, path the PATH it was looked for in.
func Executable(arg0, path string) (string, error) {
	self, err := os.Executable()
	if err != nil {
		return "", err
	}
	var candidates []string
	if strings.ContainsRune(arg0, filepath.Separator) {
		candidates = append(candidates, arg0)
	} else {
		for _, dir := range filepath.SplitList(path) {
			candidates = append(candidates, filepath.Join(dir, arg0), filepath.Join(dir, filepath.Base(self)))
		}
	}
	is, err := os.Stat(self)
	if err != nil {
		return "", err
	}
	for _, c := range candidates {
		if info, err := os.Stat(c); err == nil && os.SameFile(info, is) {
			return filepath.Abs(c)
		}
	}
	return self, nil
}

// Temporary reports whether a program there will be gone soon, like one that
// 'go run' has built.
func Temporary(path string) bool {
	rest, err := filepath.Rel(os.TempDir(), path)
	return err == nil && filepath.IsLocal(rest)
}
