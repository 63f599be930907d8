// SPDX-License-Identifier: MIT

package npm

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// maxManifest is the largest package.json that is read, in bytes.
const maxManifest = 4 << 20

// ErrNotInstalled means that the package, or this version of it, is not there.
var ErrNotInstalled = errors.New("it is not installed: run tailscale-mcp server apply")

// Installed returns the path of the program that r runs, of the package as it is
// installed in folder. It wraps [ErrNotInstalled] when it is not, or in another version
// than the one that r pins.
func (r Run) Installed(folder string) (string, error) {
	dir := filepath.Join(folder, "node_modules", filepath.FromSlash(r.Package))
	f, err := os.Open(filepath.Join(dir, "package.json"))
	if errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("%s: %w", r.Package, ErrNotInstalled)
	}
	if err != nil {
		return "", err
	}
	defer f.Close()
	var manifest struct {
		Version string          `json:"version"`
		Bin     json.RawMessage `json:"bin"`
	}
	if err := json.NewDecoder(io.LimitReader(f, maxManifest)).Decode(&manifest); err != nil {
		return "", fmt.Errorf("the package.json of %s is not readable: %w", r.Package, err)
	}
	if r.Pinned() && manifest.Version != r.Version {
		return "", fmt.Errorf("%s@%s: there is %.40s, and %w", r.Package, r.Version, manifest.Version, ErrNotInstalled)
	}
	programs := map[string]string{}
	var only string
	switch {
	case json.Unmarshal(manifest.Bin, &only) == nil && only != "":
		programs[path.Base(r.Package)] = only
	case manifest.Bin != nil:
		_ = json.Unmarshal(manifest.Bin, &programs) // what it is not, it has not
	}
	program, err := r.choose(programs)
	if err != nil {
		return "", err
	}
	if !filepath.IsLocal(program) {
		return "", fmt.Errorf("the program of %s lies outside the package", r.Package)
	}
	return filepath.Join(dir, program), nil
}

// choose takes the program that npx would take.
func (r Run) choose(programs map[string]string) (string, error) {
	name := r.Program
	if name == "" {
		name = path.Base(r.Package)
		if same := slices.Compact(slices.Sorted(maps.Values(programs))); len(same) == 1 {
			return same[0], nil
		}
	}
	if program, there := programs[name]; there {
		return program, nil
	}
	names := slices.Sorted(maps.Keys(programs))
	if len(names) == 0 {
		return "", fmt.Errorf("%s has no program: it is not a server for stdio", r.Package)
	}
	return "", fmt.Errorf("%s has no program %.40q, but %s: write npx -y -p %s PROGRAM", r.Package, name, strings.Join(names, ", "), r.Package)
}
