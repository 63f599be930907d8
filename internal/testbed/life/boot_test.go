// SPDX-License-Identifier: MIT

//go:build linux

package life

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"testing"
	"time"
)

// boots is how often a host is booted to say how long that takes.
const boots = 3

// harmed are messages of systemd about a boot that a unit has done harm to.
var harmed = regexp.MustCompile(`(?i)ordering cycle|timed out waiting for device|start request repeated too quickly.*tailscale-mcp`)

// boot reboots the host and returns how long it took to multi-user.target.
func (l *life) boot(ctx context.Context, t *testing.T) time.Duration {
	t.Helper()
	must(t, l.host.Reboot(ctx))
	took, err := l.host.BootTime(ctx)
	must(t, err)
	if jobs := l.run(ctx, t, "systemctl", "list-jobs", "--no-legend"); jobs != "" {
		t.Errorf("jobs after the boot: %s", jobs)
	}
	if text := l.run(ctx, t, "journalctl", "--boot", "--quiet", "--output=cat", "_PID=1"); harmed.MatchString(text) {
		t.Errorf("the boot was harmed: %q", harmed.FindAllString(text, -1))
	}
	return took
}

// bootsWithout is what boots with the package are compared with.
func (l *life) bootsWithout(ctx context.Context, t *testing.T) string {
	for range boots {
		l.without = append(l.without, l.boot(ctx, t))
	}
	return "multi-user.target after " + spread(l.without)
}

// bootsWith boots with the package. The time is told, not judged; that nothing waits for the package is.
func (l *life) bootsWith(ctx context.Context, t *testing.T) string {
	var with, answered []time.Duration
	for range boots {
		with = append(with, l.boot(ctx, t))
		chain := l.run(ctx, t, "systemd-analyze", "critical-chain", "multi-user.target")
		if regexp.MustCompile(`tailscale-mcp`).MatchString(chain) {
			t.Errorf("the package is in the critical chain of the boot:\n%s", chain)
		}
		l.becomes(ctx, t, socket, "enabled/active")
		l.is(ctx, t, service, "disabled/inactive")
		answered = append(answered, l.answered(ctx, t))
		l.noneFailed(ctx, t)
	}
	return fmt.Sprintf("multi-user.target after %s (without: %s), not in its critical chain; first request answered after %s",
		spread(with), spread(l.without), spread(answered))
}

// spread tells the median, and the range.
func spread(all []time.Duration) string {
	if len(all) == 0 {
		return "no measurement"
	}
	s := slices.Sorted(slices.Values(all))
	return fmt.Sprintf("%.2f s (%.2f to %.2f)", s[len(s)/2].Seconds(), s[0].Seconds(), s[len(s)-1].Seconds())
}
