// SPDX-License-Identifier: MIT

package testbed

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/lockedfile"
)

// toolModule is the folder, in this project's source, of the module that pins the Tailscale commands.
const toolModule = "internal/testbed/tailscaled"

// Daemon returns the path of the pinned tailscaled. It is built with the go command the first time, which takes three
// minutes on two cores, and kept in the user's cache directory. Several processes may ask at once: one builds, the others
// wait. A build is announced to progress.
func Daemon(ctx context.Context, progress io.Writer) (string, error) {
	return build(ctx, progress, "tailscaled")
}

// Binaries returns the paths of the pinned tailscaled and tailscale, building what there is not yet; see Daemon. This
// package itself needs tailscaled only.
func Binaries(ctx context.Context, progress io.Writer) (tailscaled, tailscale string, err error) {
	if tailscaled, err = Daemon(ctx, progress); err != nil {
		return "", "", err
	}
	if tailscale, err = build(ctx, progress, "tailscale"); err != nil {
		return "", "", err
	}
	return tailscaled, tailscale, nil
}

// chooseDaemon finds the tailscaled that opts ask for.
func chooseDaemon(ctx context.Context, opts Options) (string, error) {
	if opts.Tailscaled != "" {
		return opts.Tailscaled, nil
	}
	if opts.UseInstalled {
		for _, name := range []string{"tailscaled", "/usr/sbin/tailscaled", "/usr/local/sbin/tailscaled"} {
			if path, err := exec.LookPath(name); err == nil {
				return path, nil
			}
		}
	}
	return Daemon(ctx, opts.Progress)
}

// build returns the path of a command of the pinned version.
func build(ctx context.Context, progress io.Writer, name string) (path string, err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("building %s: %w", name, err)
		}
	}()
	module, err := findToolModule()
	if err != nil {
		return "", err
	}
	version, err := pinnedVersion(filepath.Join(module, "go.mod"))
	if err != nil {
		return "", err
	}
	goCommand, err := findGo()
	if err != nil {
		return "", err
	}
	goVersion, err := runGo(ctx, goCommand, module, "env", "GOVERSION")
	if err != nil {
		return "", err
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("finding a place for it: %w", err)
	}
	dir := filepath.Join(cache, "tailscale-mcp", "tailscale-"+version+"-"+goVersion)
	path = filepath.Join(dir, name)
	if _, err := os.Stat(path); err == nil {
		return path, nil
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", fmt.Errorf("making a place for it: %w", err)
	}
	unlock, err := lock(ctx, progress, filepath.Join(dir, name+".lock"))
	if err != nil {
		return "", err
	}
	defer unlock()
	if _, err := os.Stat(path); err == nil {
		return path, nil // by whoever had the lock
	}

	fmt.Fprintf(progress, "building %s %s, once; with a cold build cache this takes minutes\n", name, version)
	started := time.Now()
	finished := make(chan struct{})
	defer close(finished)
	go report(progress, name, started, finished)
	number := strings.TrimPrefix(version, "v")
	fresh := filepath.Join(dir, fmt.Sprintf(".%s-%d", name, os.Getpid()))
	defer func() { _ = os.Remove(fresh) }() // there if the build or its last step failed
	_, err = runGo(ctx, goCommand, module, "build", "-buildvcs=false",
		"-ldflags=-s -w -X tailscale.com/version.shortStamp="+number+" -X tailscale.com/version.longStamp="+number,
		"-o", fresh, "tailscale.com/cmd/"+name)
	if err != nil {
		return "", err
	}
	if err := os.Rename(fresh, path); err != nil {
		return "", fmt.Errorf("putting it in place: %w", err)
	}
	fmt.Fprintf(progress, "built %s in %v: %s\n", name, time.Since(started).Round(time.Second), path)
	return path, nil
}

// report says every ten seconds that a build goes on.
func report(progress io.Writer, name string, started time.Time, finished <-chan struct{}) {
	tick := time.NewTicker(10 * time.Second)
	defer tick.Stop()
	for {
		select {
		case <-finished:
			return
		case <-tick.C:
			fmt.Fprintf(progress, "still building %s: %v\n", name, time.Since(started).Round(time.Second))
		}
	}
}

// lock takes a lock between processes.
func lock(ctx context.Context, progress io.Writer, path string) (unlock func(), err error) {
	type result struct {
		unlock func()
		err    error
	}
	locked := make(chan result, 1)
	go func() {
		unlock, err := lockedfile.MutexAt(path).Lock()
		locked <- result{unlock, err}
	}()
	notice := time.NewTimer(time.Second)
	defer notice.Stop()
	for {
		select {
		case r := <-locked:
			return r.unlock, r.err
		case <-notice.C:
			fmt.Fprintln(progress, "waiting for another process that is building it")
		case <-ctx.Done():
			go func() { // it may be granted yet
				if r := <-locked; r.err == nil {
					r.unlock()
				}
			}()
			return nil, fmt.Errorf("waiting for another process that is building it: %w", context.Cause(ctx))
		}
	}
}

// runGo runs the go command in a module and returns what it prints.
func runGo(ctx context.Context, command, dir string, args ...string) (string, error) {
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, command, args...)
	cmd.Dir = dir
	// CGO_ENABLED=0 as in Tailscale's own releases: it then runs on any Linux, a container's included.
	cmd.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=", "CGO_ENABLED=0", "GOOS="+runtime.GOOS, "GOARCH="+runtime.GOARCH)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("running go %s: %w: %s", args[0], err, bytes.TrimSpace(stderr.Bytes()))
	}
	return strings.TrimSpace(stdout.String()), nil
}

func findGo() (string, error) {
	if path, err := exec.LookPath("go"); err == nil {
		return path, nil
	}
	// sudo and service managers often run without it in PATH.
	for _, root := range []string{os.Getenv("GOROOT"), "/usr/local/go"} {
		if path, err := exec.LookPath(filepath.Join(root, "bin", "go")); err == nil && root != "" {
			return path, nil
		}
	}
	return "", errors.New("there is no go command in PATH: install Go, or name a tailscaled that is installed")
}

// findToolModule looks from this source file, and from the working directory upwards, for a binary that was built
// without its paths (-trimpath).
func findToolModule() (string, error) {
	var starts []string
	if _, file, _, ok := runtime.Caller(0); ok && filepath.IsAbs(file) {
		starts = append(starts, filepath.Dir(file))
	}
	if wd, err := os.Getwd(); err == nil {
		starts = append(starts, wd)
	}
	for _, dir := range starts {
		for {
			candidate := filepath.Join(dir, filepath.FromSlash(toolModule))
			if _, err := os.Stat(filepath.Join(candidate, "go.mod")); err == nil {
				return candidate, nil
			}
			parent := filepath.Dir(dir)
			if parent == dir {
				break
			}
			dir = parent
		}
	}
	return "", fmt.Errorf("no %s above %q: run it from within the project's source", toolModule, starts)
}

// pinnedVersion reads the version of tailscale.com that a go.mod requires.
func pinnedVersion(goMod string) (string, error) {
	f, err := os.Open(goMod)
	if err != nil {
		return "", fmt.Errorf("reading the pinned version: %w", err)
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		words := strings.Fields(strings.TrimPrefix(strings.TrimSpace(lines.Text()), "require "))
		if len(words) >= 2 && words[0] == "tailscale.com" {
			return words[1], nil
		}
	}
	if err := lines.Err(); err != nil {
		return "", fmt.Errorf("reading the pinned version: %w", err)
	}
	return "", fmt.Errorf("%s does not require tailscale.com", goMod)
}
