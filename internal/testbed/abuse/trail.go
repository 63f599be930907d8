// SPDX-License-Identifier: MIT

package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"tailscale-mcp/internal/audit"
	"tailscale-mcp/internal/testbed/fakeapi"
)

// What is done to the places that audit records go to.
const (
	stalled = "stalled" // the journal takes nothing, as when journald is flooded
	full    = "full"    // nothing fits on the disk any more
)

// changeTool and changeOperation are what alice changes with in rows of the audit.
const (
	changeTool      = "set_device_name"
	changeOperation = "setDeviceName"
)

// trail is what has become of alice's changes in such a row.
type trail struct {
	harm      string
	answered  int // changes that she was told are made
	refused   int // and not made, since no record could be written
	made      int // as the API knows
	decisions int // records on the disk: to make a change,
	outcomes  int // and that it was made
	refusals  int // of the attacker's requests
}

// audited is the configuration of a daemon whose audit matters, and what its shell does
// first, in a mount namespace of its own. harm may be either of the two.
func (s *scene) audited(harm string, log *os.File) (env []string, script string, err error) {
	info, err := log.Stat()
	if err != nil {
		return nil, "", err
	}
	id := info.Sys().(*syscall.Stat_t)
	env = []string{
		"TAILSCALE_MCP_ALLOW=read,write,destructive",
		"TAILSCALE_MCP_MAX_API_RATE=100000",
		fmt.Sprintf("JOURNAL_STREAM=%d:%d", id.Dev, id.Ino),
		"AUDIT_DIR=" + s.auditDir(),
		"JOURNAL_DIR=" + s.journalDir(),
	}
	script = `mount -t tmpfs none /run && mkdir /run/systemd && ln -s "$JOURNAL_DIR" /run/systemd/journal`
	if harm == full {
		script += ` && mount -t tmpfs -o size=1m,mode=0700 none "$AUDIT_DIR"`
	}
	return env, script, errors.Join(os.RemoveAll(s.auditDir()), os.Mkdir(s.auditDir(), 0o700))
}

func (s *scene) auditDir() string   { return filepath.Join(s.dir, "audit") }
func (s *scene) journalDir() string { return filepath.Join(s.dir, "journal") }

// openJournal makes the socket of a journal. One that is stalled never reads.
func (s *scene) openJournal(harm string) (closeJournal func() error, err error) {
	if err := errors.Join(os.RemoveAll(s.journalDir()), os.Mkdir(s.journalDir(), 0o755)); err != nil {
		return nil, err
	}
	l, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Net: "unixgram", Name: filepath.Join(s.journalDir(), "socket")})
	if err != nil {
		return nil, err
	}
	if harm != stalled {
		go func() {
			for buffer := make([]byte, 1<<16); ; {
				if _, err := l.Read(buffer); err != nil {
					return
				}
			}
		}()
	}
	return l.Close, nil
}

// inside is where the daemon sees a folder of its mount namespace.
func (d *daemon) inside(dir string) string { return fmt.Sprintf("/proc/%d/root%s", d.pid(), dir) }

// fill leaves no room on the disk of the audit.
func (s *scene) fill(d *daemon) error {
	f, err := os.Create(filepath.Join(d.inside(s.auditDir()), "filler"))
	if err != nil {
		return err
	}
	defer f.Close()
	for chunk := make([]byte, 4<<10); err == nil; {
		_, err = f.Write(chunk)
	}
	if !errors.Is(err, syscall.ENOSPC) {
		return fmt.Errorf("filling the disk of the audit: %w", err)
	}
	return nil
}

// change is a change that is another each time.
func change(api *fakeapi.Server) message {
	return toolCall(modern, changeTool, fmt.Sprintf(`{"device":%q,"name":"renamed-%s"}`, api.Devices()[0].NodeID, number))
}

// follow compares what alice was told with what the API was asked and with what is on
// the disk.
func (s *scene) follow(d *daemon, api *fakeapi.Server, calls []sample, t *trail) error {
	for _, c := range calls {
		switch {
		case c.Change && c.Refused:
			t.refused++
		case c.Change && c.Problem == "":
			t.answered++
		}
	}
	t.made = api.Count(changeOperation)
	files, err := filepath.Glob(filepath.Join(d.inside(s.auditDir()), "*.jsonl*"))
	if err != nil {
		return err
	}
	for _, name := range files {
		if err := t.read(name); err != nil {
			return err
		}
	}
	return nil
}

// read counts the records of a file. What a full disk has cut off is no record.
func (t *trail) read(name string) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	for lines.Buffer(nil, 1<<20); lines.Scan(); {
		var r audit.Record
		if json.Unmarshal(lines.Bytes(), &r) != nil {
			continue
		}
		switch {
		case !r.Allowed && strings.HasPrefix(r.Login, eve+"@"):
			t.refusals += max(1, r.Count)
		case r.Name != changeTool || !r.Allowed:
		case r.Event == audit.Decision:
			t.decisions++
		case r.Event == audit.Outcome && r.Code == "":
			t.outcomes++
		}
	}
	return lines.Err()
}

// faults says what is wrong with it.
func (t *trail) faults() (all []string) {
	add := func(format string, args ...any) { all = append(all, fmt.Sprintf(format, args...)) }
	if t.made > t.decisions {
		add("%d changes were made with %d decisions on the disk", t.made, t.decisions)
	}
	if t.made != t.answered {
		add("%d changes were made, and alice was told of %d", t.made, t.answered)
	}
	if t.answered > t.outcomes {
		add("%d changes were made, with %d outcomes on the disk", t.made, t.outcomes)
	}
	switch {
	case t.harm == full && t.refused == 0:
		add("the disk was full, and no change was refused")
	case t.harm == stalled && t.refused > 0:
		add("%d changes were refused although there is room on the disk", t.refused)
	}
	if t.made < fewestCalls {
		add("alice made %d changes, want at least %d", t.made, fewestCalls)
	}
	if t.harm == stalled && t.refusals == 0 {
		add("no refusal of the attacker's is on the disk")
	}
	return all
}

func (t *trail) String() string {
	return fmt.Sprintf("%d changes made and %d refused; on the disk %d decisions, %d outcomes, %d refusals of the attacker's",
		t.made, t.refused, t.decisions, t.outcomes, t.refusals)
}
