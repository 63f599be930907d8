// SPDX-License-Identifier: MIT

// Command dist packs built binaries of tailscale-mcp-proxy into the archives of
// a release, one for each system, and writes their checksums. The same binaries,
// version and time give the same bytes, on every machine.
//
//	go run ./packaging/dist -version 1.2.3 -time 1767225600 -binaries bin/dist -out dist linux/amd64 ...
//
// It reads BINARIES/OS/ARCH/tailscale-mcp-proxy (.exe on Windows) and
// BINARIES/completions, and the other files that go with them from the current
// folder, the root of the repository.
package main

import (
	"crypto/sha256"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"time"
)

// program is what the archives hold and are named after.
const program = "tailscale-mcp-proxy"

// documents are what goes with the binary: where it is in the repository, and
// in the archive.
var documents = []struct{ from, to string }{
	{"LICENSE", "LICENSE"},
	{"packaging/dist/archive.md", "README.md"},
	{"packaging/man/tailscale-mcp-proxy.1", "tailscale-mcp-proxy.1"},
}

// completions are what the program itself makes for each shell, with the names
// that the shells look for.
var completions = []string{"_tailscale-mcp-proxy", "tailscale-mcp-proxy.bash", "tailscale-mcp-proxy.fish"}

// sumsName is the file of checksums, in the form of sha256sum.
const sumsName = "SHA256SUMS"

func main() {
	var r release
	flag.StringVar(&r.version, "version", "", "")
	seconds := flag.Int64("time", 0, "")
	flag.StringVar(&r.binaries, "binaries", "", "")
	flag.StringVar(&r.out, "out", "", "")
	flag.Parse()
	r.time, r.systems = time.Unix(*seconds, 0).UTC(), flag.Args()
	if err := r.write(); err != nil {
		fmt.Fprintln(os.Stderr, "dist:", err)
		os.Exit(1)
	}
}

// release is what to pack.
type release struct {
	version  string
	time     time.Time // of every file
	binaries string    // the folder they are in
	out      string    // the folder for the archives
	systems  []string  // OS/ARCH
}

// versions are semantic ones, without a v.
var versions = regexp.MustCompile(`^\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?$`)

// write makes the archives and their checksums, in place of those of an earlier
// run.
func (r *release) write() error {
	if !versions.MatchString(r.version) {
		return fmt.Errorf("version %q is not of the form 1.2.3; outside a git checkout pass VERSION", r.version)
	}
	// A zip archive can hold no earlier time. It also tells that none was given.
	if r.time.Year() < 1980 {
		return errors.New("no time given; outside a git checkout pass SOURCE_DATE_EPOCH, in seconds since 1970")
	}
	if err := os.MkdirAll(r.out, 0o755); err != nil { //nolint:gosec // archives are for everybody
		return err
	}
	old, err := filepath.Glob(filepath.Join(r.out, program+"_*"))
	if err != nil {
		return err
	}
	for _, path := range append(old, filepath.Join(r.out, sumsName)) {
		if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	var sums []byte
	for _, system := range slices.Sorted(slices.Values(r.systems)) {
		name, archive, err := r.pack(system)
		if err != nil {
			return fmt.Errorf("packing for %s: %w", system, err)
		}
		if err := os.WriteFile(filepath.Join(r.out, name), archive, 0o644); err != nil { //nolint:gosec // as above
			return err
		}
		sums = fmt.Appendf(sums, "%x  %s\n", sha256.Sum256(archive), name)
	}
	return os.WriteFile(filepath.Join(r.out, sumsName), sums, 0o644) //nolint:gosec // as above
}
