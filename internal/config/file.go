// SPDX-License-Identifier: MIT

package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
)

// LoadWithFile is [Load] for a person's shell, which has not been given the
// environment file as the service has: it reads the variables of this program
// from the file first. What the environment has wins. It returns whether the
// file was read; one that is missing or unreadable is left to the caller to
// mention.
func LoadWithFile(file string, groups ...string) (c Config, read bool, err error) {
	text, err := os.ReadFile(file)
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, fs.ErrPermission):
		c, err = Load(groups...)
		return c, false, err
	case err != nil:
		return Config{}, false, fmt.Errorf("reading %s: %w", file, err)
	}
	found := map[string]string{}
	for line := range strings.Lines(string(text)) {
		if name, value, ok := assignment(line); ok {
			found[name] = value // the last one counts, as for systemd
		}
	}
	for name, value := range found {
		if _, set := os.LookupEnv(name); set {
			continue
		}
		if err := os.Setenv(name, value); err != nil {
			return Config{}, false, fmt.Errorf("%s: taking over a variable: %w", file, err)
		}
	}
	c, err = Load(groups...)
	return c, true, err
}

// assignment reads one line of an environment file (systemd.exec(5),
// EnvironmentFile=): NAME=value, with quotes around the value if any. Only
// variables that this program could mean are taken.
func assignment(line string) (name, value string, ok bool) {
	line = strings.TrimSpace(line)
	name, value, ok = strings.Cut(line, "=")
	name, value = strings.TrimSpace(name), strings.TrimSpace(value)
	if !ok || !strings.HasPrefix(name, apiPrefix+"_") {
		return "", "", false
	}
	if n := len(value); n >= 2 && (value[0] == '"' || value[0] == '\'') && value[n-1] == value[0] {
		value = value[1 : n-1]
	}
	return name, value, true
}
