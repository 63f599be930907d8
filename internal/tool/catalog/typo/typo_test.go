// SPDX-License-Identifier: MIT

package typo_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"tailscale-mcp/internal/caller"
	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/tool/catalog/typo"
)

func TestOf(t *testing.T) {
	for selector, want := range map[string]string{
		"list_devices":            `this version has no tool "list_devices" (did you mean list_all_devices?)`,
		"group:device:read":       `this version has no group "device" (did you mean group:devices:read?)`,
		"group:device":            `this version has no group "device" (did you mean group:devices?)`,
		"group:frobnicate":        `this version has no group "frobnicate"`,
		"group:dns:write":         `this version has no tool of the class write in the group dns`,
		"device":                  `this version has no tool "device" (did you mean group:devices?)`,
		"dns":                     `this version has no tool "dns" (did you mean group:dns?)`,
		"read":                    `this version has no tool "read" (did you mean read:*?)`,
		"nosuch":                  `this version has no tool "nosuch"`,
		"set_polcy":               `this version has no tool "set_polcy" (did you mean set_policy?)`,
		"list_all_devices":        "",
		"*":                       "",
		"escalating:*":            "",
		"group:devices":           "",
		"files/read_*":            "",
		strings.Repeat("ab", 120): `this version has no tools that "` + strings.Repeat("ab", 40) + `\u2026" means`,
	} {
		if got := typo.Of(selector); got != want {
			t.Errorf("%s: got %q, want %q", selector, got, want)
		}
	}
	if n := len(typo.Given("group:dns:read")); n == 0 || n > 5 {
		t.Errorf("group:dns:read gives %d tools", n)
	}
}

// lines is a log that may be read while it is written.
type lines struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(b)
}

func (l *lines) count(text string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Count(l.b.String(), text)
}

// await wants a number of warnings, in time.
func (l *lines) await(t *testing.T, want int) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); l.count("level=WARN") < want; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("got %d warnings, want %d: %s", l.count("level=WARN"), want, &l.b)
		}
	}
}

// TestWatch: a name that no tool has is warned of once, whoever is granted it, and
// nobody's call is held up or changed by that.
func TestWatch(t *testing.T) {
	var log lines
	var entry string
	var failed error
	w := &typo.Watcher{Log: slog.New(slog.NewTextHandler(&log, nil))}
	resolve := w.Watch(func(context.Context, netip.AddrPort) (caller.Caller, error) {
		rules, err := grant.Parse([]string{entry})
		if err != nil {
			t.Fatal(err)
		}
		return caller.Caller{Login: "alice@example.com", Rules: rules}, failed
	})
	call := func(e string) {
		t.Helper()
		entry = e
		if c, err := resolve(t.Context(), netip.AddrPort{}); c.Login == "" || !errors.Is(err, failed) {
			t.Errorf("got %v, %v", c, err)
		}
	}
	call(`{"tools":["read:*","whoami"]}`)
	call(`{}`)
	call(`{"tools":["group:device:read","list_devices"]}`)
	log.await(t, 2)
	call(`{"tools":["group:device:read","list_devices"]}`)
	call(`{"tools":["list_devices","another"]}`)
	log.await(t, 3)
	for _, want := range []string{`selector=group:device:read`, `did you mean group:devices:read?`, `selector=list_devices`, `alice@example.com`, `selector=another`} {
		if n := log.count(want); n == 0 {
			t.Errorf("the log has no %q: %s", want, &log.b)
		}
	}
	if n := log.count("selector=list_devices"); n != 1 {
		t.Errorf("list_devices was warned of %d times", n)
	}
	failed = errors.New("refused")
	call(`{"tools":["never_told"]}`)
	failed = nil
	// It is bounded, however much is granted.
	var many []string
	for i := range 300 {
		many = append(many, fmt.Sprintf(`"no_such_tool_%d"`, i))
	}
	call(`{"tools":[` + strings.Join(many, ",") + `]}`)
	log.await(t, 100)
	call(`{"tools":["one_more"]}`)
	if log.count("never_told")+log.count("one_more") > 0 || log.count("level=WARN") > 100 {
		t.Errorf("got %d warnings", log.count("level=WARN"))
	}
}
