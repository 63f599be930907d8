// SPDX-License-Identifier: MIT

package spelling_test

import (
	"testing"

	"tailscale-mcp/internal/cli/spelling"
)

func TestNearest(t *testing.T) {
	known := []string{"serve", "doctor", "zed", "vscode", "claude-desktop", "--require-tailscale", "list_all_devices", "get_device_info"}
	for word, want := range map[string]string{
		"sevre":               "serve",
		"docter":              "doctor",
		"zde":                 "zed",
		"code":                "vscode",
		"claud-desktp":        "claude-desktop",
		"--require-tailscal":  "--require-tailscale",
		"emacs":               "",
		"frobnicate":          "",
		"vim":                 "",
		"z":                   "",
		"":                    "",
		"--require-something": "",
		"list_devices":        "list_all_devices",
		"device_list":         "",
		"get_info":            "get_device_info",
	} {
		if got := spelling.Nearest(word, known); got != want {
			t.Errorf("%q: got %q, want %q", word, got, want)
		}
	}
}

func TestDistance(t *testing.T) {
	for _, test := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"PORT", "PORT", 0}, {"PROT", "PORT", 1}, {"PORTS", "PORT", 1}, {"", "abc", 3}, {"kitten", "sitting", 3}} {
		if got := spelling.Distance(test.a, test.b); got != test.want {
			t.Errorf("Distance(%q, %q): got %d, want %d", test.a, test.b, got, test.want)
		}
		if got := spelling.Distance(test.b, test.a); got != test.want {
			t.Errorf("Distance(%q, %q): got %d, want %d", test.b, test.a, got, test.want)
		}
	}
}
