// SPDX-License-Identifier: MIT

//go:build linux

package life

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// runs is what is there of servers, each kind with a word for it: units, processes, and what is in /run.
func (b *behind) runs(ctx context.Context, t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{
		"units": b.run(ctx, t, "systemctl", "list-units", "--all", "--plain", "--no-legend", "tailscale-mcp-server-*", "system-tailscale_mcp_servers*"),
		"/run":  b.run(ctx, t, "find", "/run", "-path", "*tailscale-mcp-server*"),
	}
	for line := range strings.Lines(b.run(ctx, t, "sh", "-c", `for f in /proc/[0-9]*/cmdline; do tr '\0' ' ' <"$f" || true; echo; done 2>/dev/null`)) {
		if strings.Contains(line, notesFile) || strings.Contains(line, "/usr/lib/tailscale-mcp/launch") {
			all["processes"] += line
		}
	}
	maps.DeleteFunc(all, func(_, text string) bool { return text == "" })
	return all
}

// nothingRuns checks that of servers there is nothing.
func (b *behind) nothingRuns(ctx context.Context, t *testing.T, when string) {
	t.Helper()
	for what, text := range b.runs(ctx, t) {
		t.Errorf("%s %s:\n%s", what, when, text)
	}
}

// runsNow has alice use servers, so that there is of everything what has to go.
func (b *behind) runsNow(ctx context.Context, t *testing.T) {
	t.Helper()
	b.answersNote(ctx, t)
	if all := b.runs(ctx, t); len(all) != 3 {
		t.Fatalf("while a server is used there is only %v", all)
	}
}

// serverRemoved takes one server away, and nothing else.
func (b *behind) serverRemoved(ctx context.Context, t *testing.T) string {
	b.answersNote(ctx, t)
	b.run(ctx, t, "tailscale-mcp", "server", "remove", notes, "--yes")
	b.await(ctx, t, func() error {
		out := b.run(ctx, t, "systemctl", "list-units", "--all", "--plain", "--no-legend", "tailscale-mcp-server-"+notes+"*")
		if out != "" {
			return fmt.Errorf("units after server remove: %s", out)
		}
		return nil
	})
	b.await(ctx, t, func() error {
		a, err := callOf(ctx, b.peer, b.address(), notes, noteTool, map[string]any{})
		if err == nil && a.status != http.StatusNotFound {
			err = fmt.Errorf("calling what was removed: got %+v, want status 404", a)
		}
		return err
	})
	if out := b.run(ctx, t, "find", entries, "-name", notes+"*"); out != "" {
		t.Errorf("files after server remove: %s", out)
	}
	// One that never was started, for its mistake, is removed like any other.
	must(t, b.host.Write(ctx, entries+"/wrong.json", "{\n\"command\": 1}\n", 0o640))
	checked, err := b.host.Run(ctx, "tailscale-mcp", "server", "check")
	if want := entries + "/wrong.json:2:"; err == nil || !strings.Contains(checked, want) {
		t.Errorf("server check says %q, %v, want %q in it", checked, err, want)
	}
	b.run(ctx, t, "tailscale-mcp", "server", "remove", "wrong", "--yes")
	b.run(ctx, t, "tailscale-mcp", "server", "add", notes, "--yes", "--suggested", "--read", "/opt/notes", "--", notesFile)
	_, took := b.answersNote(ctx, t)
	return fmt.Sprintf("no file, no unit, 404; added again: answered after %d ms", took.Milliseconds())
}

// packageRemoved ends what runs and keeps the entries.
func (b *behind) packageRemoved(ctx context.Context, t *testing.T) string {
	b.runsNow(ctx, t)
	must(t, b.host.AptGet(ctx, "remove", pkg))
	b.nothingRuns(ctx, t, "after the removal")
	kept := strings.Fields(b.run(ctx, t, "ls", entries))
	if !slices.Contains(kept, notes+".json") || !slices.Contains(kept, notes+".lock.json") {
		t.Errorf("after the removal there are %v", kept)
	}
	return fmt.Sprintf("nothing runs; kept: %v", kept)
}

// installedWithEntries has the servers of before, without anything else done.
func (b *behind) installedWithEntries(ctx context.Context, t *testing.T) string {
	b.install(ctx, t, b.new)
	b.is(ctx, t, target, "enabled-runtime/active") // by the generator
	_, took := b.answersNote(ctx, t)
	b.noneFailed(ctx, t)
	return fmt.Sprintf("answered after %d ms", took.Milliseconds())
}

// purgedWithEntries leaves the entries, says so, and leaves nothing else.
func (b *behind) purgedWithEntries(ctx context.Context, t *testing.T) string {
	b.runsNow(ctx, t)
	state := b.run(ctx, t, "find", "/var/lib/", "-name", "*tailscale-mcp-*")
	for _, want := range []string{"/var/lib/tailscale-mcp-npm", "/var/lib/private/tailscale-mcp-servers"} {
		if !strings.Contains(state, want) {
			t.Errorf("before the purge there is no %s, only\n%s", want, state)
		}
	}
	said := b.run(ctx, t, "apt-get", "--yes", "purge", pkg)
	named := stays(said)
	if want := []string{"/etc/tailscale-mcp", unitFolder + dropIn, "/var/log/private/tailscale-mcp", "/etc/credstore/" + sharedSecret, "the group " + group + " (delgroup " + group + ")"}; !slices.Equal(named, want) {
		t.Errorf("the purge says\n%s\nwhich names %q as what stays, want %q", said, named, want)
	}
	b.nothingRuns(ctx, t, "after the purge")
	after := b.files(ctx, t)
	for _, path := range slices.Sorted(maps.Keys(after)) {
		if was := b.before[path]; was != after[path] && !strings.HasPrefix(path, "/etc/tailscale-mcp") && !strings.HasPrefix(path, unitFolder+dropIn) && !strings.HasPrefix(path, "/etc/credstore") && !notOfPackage(path) {
			t.Errorf("after the purge there is %s %s, before the package there was %q", after[path], path, was)
		}
	}
	return fmt.Sprintf("nothing runs, no file but what it names: %q", named)
}

// stays is what a script of the package names as what it leaves.
func stays(said string) (named []string) {
	for _, line := range regexp.MustCompile(`tailscale-mcp: this stays: (.*)`).FindAllStringSubmatch(said, -1) {
		named = append(named, strings.TrimSpace(line[1]))
	}
	return named
}

// liveByRPM has rpm install, upgrade and erase the package, with servers behind the daemon.
func (b *behind) liveByRPM(t *testing.T) {
	b.people(t)
	b.row(t, "installed", b.rpmInstalled)
	b.row(t, "server added, granted, called", b.added)
	b.row(t, "upgraded", b.rpmUpgraded)
	b.row(t, "erased", b.rpmErased)
}

func (b *behind) rpmInstalled(ctx context.Context, t *testing.T) string {
	must(t, b.host.Write(ctx, notesFile, notesText, 0o755))
	b.bringRPM(ctx, t)
	b.before = b.files(ctx, t)
	_, err := b.rpm(ctx, "--install", rpmDir+"/old.rpm")
	must(t, err)
	b.systemctl(ctx, t, "enable", "--now", socket)
	return b.without(ctx, t)
}

func (b *behind) rpmUpgraded(ctx context.Context, t *testing.T) string {
	return b.keepsSockets(ctx, t, func() {
		_, err := b.rpm(ctx, "--upgrade", rpmDir+"/new.rpm")
		must(t, err)
	})
}

// rpmErased leaves what was written and recorded, says so, and leaves nothing that runs.
func (b *behind) rpmErased(ctx context.Context, t *testing.T) string {
	b.runsNow(ctx, t)
	said, err := b.rpm(ctx, "--erase", pkg)
	must(t, err)
	named := stays(said)
	if want := []string{"/etc/tailscale-mcp", "/var/log/private/tailscale-mcp", "the group " + group + " (groupdel " + group + ")"}; !slices.Equal(named, want) {
		t.Errorf("erasing says\n%s\nwhich names %q as what stays, want %q", said, named, want)
	}
	b.nothingRuns(ctx, t, "after erasing")
	for path := range b.files(ctx, t) {
		if strings.Contains(path, pkg) && b.before[path] == "" && !strings.HasPrefix(path, "/etc/tailscale-mcp") {
			t.Errorf("after erasing there is %s", path)
		}
	}
	return fmt.Sprintf("nothing runs, no file but what it names: %q", named)
}

// notOfPackage are files that the test itself has brought.
func notOfPackage(path string) bool {
	for _, beginning := range []string{"/usr/lib/node_modules", "/usr/bin/npm", "/usr/bin/node", "/srv/"} {
		if strings.HasPrefix(path, beginning) {
			return true
		}
	}
	return false
}
