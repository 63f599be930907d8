// SPDX-License-Identifier: MIT

package install

import (
	"errors"
	"os"
	"runtime"
	"strings"
)

// Names of systems, as in runtime.GOOS.
const (
	darwin  = "darwin"
	windows = "windows"
)

// System is where the paths of the table lead: a person's account on a machine.
type System struct {
	// OS is as in runtime.GOOS.
	OS string
	// Home is the person's home folder.
	Home string
	// Env looks up an environment variable; "" when it is not set.
	Env func(string) string
	// Exists reports whether there is a file or folder.
	Exists func(string) bool
}

// Here is this machine as the process sees it by its environment.
func Here(env func(string) string) (System, error) {
	s := System{OS: runtime.GOOS, Env: env, Exists: exists}
	s.Home = env("HOME")
	if s.OS == windows {
		s.Home = env("USERPROFILE")
	}
	if s.Home == "" {
		return s, errors.New("no home folder: neither HOME nor, on Windows, USERPROFILE is set")
	}
	return s, nil
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// File is where the client's configuration is, or would be.
func (c Client) File(s System) string {
	paths := c.Paths(s)
	for _, path := range paths {
		if s.Exists(path) {
			return path
		}
	}
	return paths[len(paths)-1]
}

func (s System) env(name string) string { return s.Env(name) }

// join is filepath.Join for the system, which need not be this one.
func (s System) join(parts ...string) string {
	if s.OS == windows {
		return strings.Join(parts, `\`)
	}
	return strings.Join(parts, "/")
}

// or is the folder that the variable names, else the one under the home folder.
func (s System) or(variable string, under ...string) string {
	if dir := s.env(variable); dir != "" {
		return dir
	}
	return s.join(append([]string{s.Home}, under...)...)
}

// home is a path under the home folder, the same on every system.
func home(parts ...string) func(System) []string {
	return func(s System) []string { return []string{s.join(append([]string{s.Home}, parts...)...)} }
}

// xdgConfig is the folder of programs that follow the XDG specification, for
// which a relative path counts as unset.
func (s System) xdgConfig() string {
	if dir := s.env("XDG_CONFIG_HOME"); strings.HasPrefix(dir, "/") || s.OS == windows && dir != "" {
		return dir
	}
	return s.join(s.Home, ".config")
}

// config is the folder in which the system has programs keep their settings.
func (s System) config() string {
	switch s.OS {
	case windows:
		return s.or("APPDATA", "AppData", "Roaming")
	case darwin:
		return s.join(s.Home, "Library", "Application Support")
	}
	return s.xdgConfig()
}

func (s System) localAppData() string { return s.or("LOCALAPPDATA", "AppData", "Local") }
