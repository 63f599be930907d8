// SPDX-License-Identifier: MIT

package manage

import (
	"context"
	"io"
	"strings"
	"testing"
)

// TestAddMisused: a command line of add that means nothing is refused before the host is
// asked for, with what is wrong.
func TestAddMisused(t *testing.T) {
	for line, want := range map[string]string{
		"add far --url ":                     "--url is empty",
		"add far --url https://a/ -- x":      "has a NAME and no command",
		"add far --url https://a/ --read /x": "--read is for a server that is started here",
		"add far --ca /x -- x":               "--ca is for a server that runs elsewhere",
		"add far":                            "behind -- the command",
	} {
		c := Command(func(context.Context, bool) (Host, func(), error) {
			t.Errorf("%s: the host is asked for", line)
			return Host{}, func() {}, io.EOF
		})
		c.SetArgs(strings.Split(line, " "))
		c.SetOut(io.Discard)
		c.SetErr(io.Discard)
		if err := c.Execute(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", line, err, want)
		}
	}
}

// TestHeaderTwice: of a header that is given twice none is taken silently.
func TestHeaderTwice(t *testing.T) {
	a := Adding{Name: "far", URL: "https://a/", Headers: []string{"X-Key: s3cret", "x-key: b"}}
	if _, err := a.text(); err == nil || !strings.Contains(err.Error(), "twice") || strings.Contains(err.Error(), "s3cret") {
		t.Errorf("got %v", err)
	}
}
