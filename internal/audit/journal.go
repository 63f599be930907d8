// SPDX-License-Identifier: MIT

package audit

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"unicode"

	"github.com/coreos/go-systemd/v22/journal"
)

// Journal writes native journal entries, so that
// `journalctl -u tailscale-mcp TSMCP_TOOL=get_device_info` finds them. It waits for
// a journal that is slow, or stalled: use it behind a [Queue].
type Journal struct {
	send func(message string, priority journal.Priority, fields map[string]string) error
}

// Open returns the journal when standard error is connected to it (systemd
// sets JOURNAL_STREAM, see systemd.exec(5)), and JSON lines on w otherwise.
func Open(w *os.File) Log {
	if native, err := journal.StderrIsJournalStream(); err == nil && native {
		return newJournal(journal.Send)
	}
	return NewJSONLines(w)
}

func newJournal(send func(string, journal.Priority, map[string]string) error) *Journal {
	return &Journal{send: send}
}

// Write implements [Log]. Field names are constants because the journal drops
// names it does not like without an error.
func (j *Journal) Write(_ context.Context, r Record) error {
	if err := j.send(r.message(), r.priority(), r.fields()); err != nil {
		return fmt.Errorf("writing audit record to the journal: %w", err)
	}
	return nil
}

func (r Record) priority() journal.Priority {
	if r.refusal() || r.Event == Lost || r.Event == Withheld {
		return journal.PriNotice
	}
	return journal.PriInfo
}

// fields are the record's journal fields; empty ones are left out.
func (r Record) fields() map[string]string {
	f := map[string]string{
		"SYSLOG_IDENTIFIER":    "tailscale-mcp",
		"TSMCP_EVENT":          string(r.Event),
		"TSMCP_REQUEST_ID":     r.RequestID,
		"TSMCP_ALLOWED":        strconv.FormatBool(r.Allowed),
		"TSMCP_LOGIN":          r.Login,
		"TSMCP_TAGS":           strings.Join(r.Tags, ","),
		"TSMCP_NODE":           r.Node,
		"TSMCP_NODE_ID":        r.NodeID,
		"TSMCP_CLAIMED":        r.Claimed,
		"TSMCP_CLIENT_NAME":    r.ClientName,
		"TSMCP_CLIENT_VERSION": r.ClientVersion,
		"TSMCP_METHOD":         r.Method,
		"TSMCP_SERVER":         r.Server,
		"TSMCP_TOOL":           r.Name,
		"TSMCP_CLASS":          r.Class,
		"TSMCP_CLASS_FROM":     r.ClassFrom,
		"TSMCP_TARGET":         r.Target,
		"TSMCP_ARGUMENTS":      r.Arguments,
		"TSMCP_BY":             r.By,
		"TSMCP_REASON":         r.Reason,
		"TSMCP_CODE":           r.Code,
		"TSMCP_INVOCATION":     r.Invocation,
		"TSMCP_ASKED":          r.Asked,
	}
	if r.Addr.IsValid() {
		f["TSMCP_ADDR"] = r.Addr.String()
	}
	if r.Event == Outcome {
		f["TSMCP_DURATION_US"] = strconv.FormatInt(r.Duration.Microseconds(), 10)
	}
	if r.UpstreamStatus != 0 {
		f["TSMCP_UPSTREAM_STATUS"] = strconv.Itoa(r.UpstreamStatus)
	}
	if r.IsError {
		f["TSMCP_IS_ERROR"] = "true"
	}
	if r.Bytes != 0 {
		f["TSMCP_BYTES"] = strconv.Itoa(r.Bytes)
	}
	if r.Count != 0 {
		f["TSMCP_COUNT"] = strconv.Itoa(r.Count)
	}
	f["TSMCP_NAMES"] = strings.Join(r.Names, ",")
	for name, value := range f {
		if value == "" {
			delete(f, name)
		}
	}
	return f
}

// message is the line that a person sees in `journalctl -u tailscale-mcp`. It
// is one line, and it begins with what was decided: what a client sends stands
// behind that and cannot pass for another record.
func (r Record) message() string { return oneLine(r.sentence()) }

func (r Record) sentence() string {
	who := r.Login
	if len(r.Tags) > 0 {
		who = strings.Join(r.Tags, ",")
	}
	switch {
	case who == "" && !r.Addr.IsValid():
		who = "several callers"
	case who == "":
		who = "unknown caller " + r.Addr.String()
	}
	if r.Node != "" {
		who += " on " + r.Node
	}
	what := strings.TrimSpace(r.Method + " " + word(r.Name))
	if r.Target != "" {
		what += " of " + word(r.Target)
	}
	switch {
	case r.Event == Lost:
		return fmt.Sprintf("lost: %d records: %s", r.Count, r.Reason)
	case r.Event == Withheld:
		return fmt.Sprintf("withheld: %s: %s", word(r.Name), r.Reason)
	case r.refusal() && r.Count > 0:
		names := make([]string, len(r.Names))
		for i, name := range r.Names {
			names[i] = word(name)
		}
		return fmt.Sprintf("refused: %s: %d times: %s: %s", who, r.Count, strings.Join(names, ", "), cmp.Or(r.Reason, "for several reasons"))
	case r.Event == Decision && r.Allowed:
		return fmt.Sprintf("allowed: %s: %s (by %s)", who, what, r.By)
	case r.Event == Decision:
		return fmt.Sprintf("refused: %s: %s: %s", who, what, r.Reason)
	case r.Event == Confirmation:
		return fmt.Sprintf("confirmed: %s: %s", who, what)
	case r.Code != "":
		return fmt.Sprintf("failed: %s: %s: %s after %s", who, what, r.Code, r.Duration)
	default:
		return fmt.Sprintf("done: %s: %s in %s", who, what, r.Duration)
	}
}

// word quotes a name that is more than one plain word.
func word(name string) string {
	if strings.ContainsFunc(name, func(c rune) bool { return c <= ' ' || c >= 0x7f || c == '"' }) {
		return strconv.QuoteToASCII(name)
	}
	return name
}

// oneLine writes out what a terminal would act on: line ends, escapes, marks of
// text direction.
func oneLine(text string) string {
	var b strings.Builder
	for _, c := range text {
		if unicode.IsPrint(c) && c != unicode.ReplacementChar {
			b.WriteRune(c)
			continue
		}
		b.WriteString(strings.Trim(strconv.QuoteRuneToASCII(c), "'"))
	}
	return b.String()
}
