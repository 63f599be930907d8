// SPDX-License-Identifier: MIT

package identity

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// What is kept of other capabilities is what was asked for, whole, and not too much.
func TestKeptCapabilities(t *testing.T) {
	long := `"` + strings.Repeat("x", mostValues/2) + `"`
	for _, tt := range []struct {
		name, values string
		keep         func(string) bool
		want         map[string][]string
		warned       bool
	}{
		{"nothing is asked for", `"example.com/cap/a":[1]`, nil, nil, false},
		{"what is asked for", `"example.com/cap/a":[{"folder":"/srv/docs", "n":9007199254740993},2],"example.com/cap/b":[3],"` + capability + `":[{"tools":["x"]}]`,
			func(c string) bool { return c == "example.com/cap/a" }, map[string][]string{"example.com/cap/a": {`{"folder":"/srv/docs","n":9007199254740993}`, "2"}}, false},
		{"one without a value", `"example.com/cap/a":[]`, func(string) bool { return true }, map[string][]string{"example.com/cap/a": {}}, false},
		{"one that is not granted", `"example.com/cap/b":[1]`, func(c string) bool { return c == "example.com/cap/a" }, nil, false},
		{"more than there is room for", `"example.com/cap/a":[` + long + `],"example.com/cap/b":[1,` + long + `],"example.com/cap/c":[3]`,
			func(string) bool { return true }, map[string][]string{"example.com/cap/a": {long}, "example.com/cap/c": {"3"}}, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			daemon := startTailscaled(t)
			daemon.knows(`{` + node + `,` + alice + `,"CapMap":{` + tt.values + `}}`)
			r, log := resolver(daemon.client)
			r.o.Keep = tt.keep
			c, err := r.Resolve(t.Context(), laptop)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := r.Resolve(t.Context(), laptop); err != nil || strings.Count(log.String(), "no server is told") > 1 {
				t.Errorf("said each time: %v, %.200s", err, log)
			}
			for _, values := range c.Capabilities { // tailscaled may write them with other space
				for i := range values {
					values[i] = strings.ReplaceAll(values[i], ", ", ",")
				}
			}
			if diff := cmp.Diff(tt.want, c.Capabilities); diff != "" {
				t.Errorf("kept (-want +got):\n%s", diff)
			}
			if warned := strings.Contains(log.String(), "no server is told"); warned != tt.warned {
				t.Errorf("warned %v: %s", warned, log)
			}
		})
	}
}

// A name for people is shown to them, so it is one or none.
func TestDisplayed(t *testing.T) {
	for name, want := range map[string]string{
		"Alice Smith": "Alice Smith", "Álice": "Álice", "": "", " Alice": "", "a\nb": "", "a\u202eb": "", "\xff": "",
		strings.Repeat("é", 200): strings.Repeat("é", 128), "x" + strings.Repeat("é", 200): "x" + strings.Repeat("é", 127),
	} {
		if got := displayed(name); got != want {
			t.Errorf("%q: got %q, want %q", name, got, want)
		}
	}
}
