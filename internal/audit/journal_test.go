// SPDX-License-Identifier: MIT

package audit

import (
	"errors"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"unicode"

	"github.com/coreos/go-systemd/v22/journal"
	"github.com/google/go-cmp/cmp"
)

// entry is what the journal was sent.
type entry struct {
	message  string
	priority journal.Priority
	fields   map[string]string
}

// send writes r through a Journal and returns what arrived.
func send(t *testing.T, r Record) entry {
	t.Helper()
	var got []entry
	j := newJournal(func(message string, priority journal.Priority, fields map[string]string) error {
		got = append(got, entry{message, priority, fields})
		return nil
	})
	if err := j.Write(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	if len(got) != 1 {
		t.Fatalf("got %d entries, want one", len(got))
	}
	return got[0]
}

func TestGoldenJournal(t *testing.T) {
	var out strings.Builder
	for _, r := range sample() {
		e := send(t, r)
		fmt.Fprintf(&out, "PRIORITY=%d\nMESSAGE=%s\n", e.priority, e.message)
		var lines []string
		for name, value := range e.fields {
			lines = append(lines, name+"="+value)
		}
		slices.Sort(lines)
		out.WriteString(strings.Join(lines, "\n") + "\n\n")
	}
	golden(t, "records.journal", out.String())
}

// legal is systemd.journal-fields(7): the journal drops every other name
// without an error, and a leading underscore is its own.
var legal = regexp.MustCompile(`^[A-Z0-9][A-Z0-9_]{0,63}$`)

func TestJournalFields(t *testing.T) {
	for _, r := range append(sample(), Record{}) {
		for name, value := range send(t, r).fields {
			if !legal.MatchString(name) {
				t.Errorf("the journal would drop the field %q", name)
			}
			if value == "" {
				t.Errorf("the field %s is empty, want it left out", name)
			}
			if name != "SYSLOG_IDENTIFIER" && !strings.HasPrefix(name, "TSMCP_") {
				t.Errorf("the field %s is not ours", name)
			}
		}
	}
	// PRIORITY and MESSAGE are arguments of send; as fields they would come twice.
	full := send(t, sample()[2]).fields
	for _, name := range []string{"PRIORITY", "MESSAGE"} {
		if _, ok := full[name]; ok {
			t.Errorf("the field %s is there twice", name)
		}
	}
}

func TestJournalRefusalsStandOut(t *testing.T) {
	for i, want := range []journal.Priority{journal.PriInfo, journal.PriInfo, journal.PriInfo, journal.PriNotice, journal.PriNotice} {
		if got := send(t, sample()[i]).priority; got != want {
			t.Errorf("record %d: got priority %d, want %d", i, got, want)
		}
	}
}

// TestJournalCannotBeForged: fields arrive as they are (their lengths are
// written, see TestRootJournalWire), and the message that people read is one
// printable line which begins with what was decided.
func TestJournalCannotBeForged(t *testing.T) {
	base := sample()[3]
	for name, change := range map[string]func(*Record){
		"name":    func(r *Record) { r.Name = forged },
		"method":  func(r *Record) { r.Method = forged },
		"reason":  func(r *Record) { r.Reason = forged },
		"node":    func(r *Record) { r.Node = forged },
		"tag":     func(r *Record) { r.Tags = []string{forged} },
		"login":   func(r *Record) { r.Tags, r.Login = nil, forged },
		"version": func(r *Record) { r.ClientVersion = forged },
		"claimed": func(r *Record) { r.Claimed = forged },
		"bytes":   func(r *Record) { r.Name = "\xff\xfe\n" },
	} {
		t.Run(name, func(t *testing.T) {
			r := base
			change(&r)
			e := send(t, r)
			if strings.ContainsFunc(e.message, func(c rune) bool { return !unicode.IsPrint(c) }) {
				t.Errorf("got message %q, want printable characters only", e.message)
			}
			if !strings.HasPrefix(e.message, "refused: ") {
				t.Errorf("got message %q, want it to begin with the decision", e.message)
			}
			if got := e.fields["TSMCP_ALLOWED"]; got != "false" {
				t.Errorf("got TSMCP_ALLOWED=%s, want false", got)
			}
		})
	}
}

// TestJournalMessageQuotesNames: a name cannot say how the sentence goes on.
func TestJournalMessageQuotesNames(t *testing.T) {
	r := sample()[3]
	r.Name = `get_x: ok (by tools: *)`
	want := `refused: tag:ci,tag:web on runner.example.ts.net: tools/call "get_x: ok (by tools: *)": no grant allows it`
	if got := send(t, r).message; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestJournalFailing(t *testing.T) {
	away := errors.New("no journal")
	j := newJournal(func(string, journal.Priority, map[string]string) error { return away })
	if err := j.Write(t.Context(), sample()[0]); !errors.Is(err, away) {
		t.Errorf("got error %v, want the journal's", err)
	}
}

// TestOpen: the journal is used exactly when systemd says that standard error
// is connected to it.
func TestOpen(t *testing.T) {
	var own syscall.Stat_t
	if err := syscall.Fstat(syscall.Stderr, &own); err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		stream string
		native bool
	}{
		"standard error is the journal":     {fmt.Sprintf("%d:%d", own.Dev, own.Ino), true},
		"standard error was sent elsewhere": {fmt.Sprintf("%d:%d", own.Dev, own.Ino+1), false},
		"not under systemd":                 {"", false},
		"a value nobody understands":        {"journal", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("JOURNAL_STREAM", tt.stream)
			if _, native := Open(os.Stderr).(*Journal); native != tt.native {
				t.Errorf("got the journal: %v, want %v", native, tt.native)
			}
		})
	}
}

// TestJournalAndLinesAgree: the two forms record the same facts.
func TestJournalAndLinesAgree(t *testing.T) {
	fields := send(t, sample()[2]).fields
	got := make([]string, 0, len(fields))
	for name := range fields {
		got = append(got, strings.TrimPrefix(name, "TSMCP_"))
	}
	slices.Sort(got)
	want := []string{
		"ADDR", "ALLOWED", "ARGUMENTS", "BY", "CLASS", "CLIENT_NAME", "CLIENT_VERSION", "CODE", "DURATION_US", "EVENT", "LOGIN", "METHOD",
		"NODE", "NODE_ID", "REASON", "REQUEST_ID", "SYSLOG_IDENTIFIER", "TOOL", "UPSTREAM_STATUS",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("fields of a full outcome (-want +got):\n%s", diff)
	}
}
