// SPDX-License-Identifier: MIT

package local

import (
	"fmt"
	"strings"
	"testing"

	"tailscale-mcp/internal/failure"
	"tailscale-mcp/internal/tool"
)

// tailscaled is sent no question that it answers while holding its lock: that is
// each about an ip:port that is neither a Tailscale address nor one of its own.
func TestWhoIsAsksForNothingSlow(t *testing.T) {
	for _, c := range []struct {
		address string
		tun     bool
		want    string // the question; empty for none
		code    string
	}{
		{"100.64.0.4", true, "tcp 100.64.0.4", ""},
		{"100.64.0.4:443", true, "tcp 100.64.0.4", ""},
		{"100.64.9.9:443", true, "tcp 100.64.9.9", string(failure.NotFound)},
		{"[::ffff:100.64.9.9]:443", false, "tcp 100.64.9.9", string(failure.NotFound)},
		{"[fd7a:115c:a1e0::99]:443", false, "tcp fd7a:115c:a1e0::99", string(failure.NotFound)},
		{"10.1.2.3:99", true, "", tool.CodeInvalidArgument},
		{"10.1.2.3", false, "", tool.CodeInvalidArgument},
		{"203.0.113.1:443", false, "", tool.CodeInvalidArgument},
		{"100.115.92.1:443", false, "", tool.CodeInvalidArgument},
		{"127.0.0.1:40123", true, "", tool.CodeInvalidArgument},
		{"127.0.0.1", false, "", tool.CodeInvalidArgument},
		{"127.0.0.1:0", false, "", tool.CodeInvalidArgument},
		{"127.0.0.1:40123", false, "", tool.CodeInvalidArgument}, // with userspace networking, too
		{"[::1]:40123", false, "", tool.CodeInvalidArgument},
	} {
		t.Run(fmt.Sprintf("%s, device %v", c.address, c.tun), func(t *testing.T) {
			f := newFake(t)
			f.set(func() { f.status.TUN = c.tun })
			_, err := newBench(t, f.node()).call("get_whois", `{"address":"`+c.address+`"}`)
			if (err != nil) != (c.code != "") || err != nil && code(err) != c.code {
				t.Errorf("got error %v, want code %q", err, c.code)
			}
			if c.code == tool.CodeInvalidArgument && !strings.Contains(err.Error(), "list_peers") {
				t.Errorf("got %v, want the next step in it", err)
			}
			if got := strings.Join(f.questions, ", "); got != c.want {
				t.Errorf("got questions %q, want %q", got, c.want)
			}
		})
	}
}
