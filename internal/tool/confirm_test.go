// SPDX-License-Identifier: MIT

package tool

import (
	"strconv"
	"strings"
	"testing"
)

// What has no name cannot be confirmed: leaving the argument out would do.
func TestConfirmWithoutName(t *testing.T) {
	for _, given := range []string{"", "x"} {
		err := Call{}.Confirm(Confirmation{given}, "", "removes it")
		if err == nil || !strings.Contains(err.Error(), "nothing was changed") {
			t.Errorf("confirm %q of nothing: got %v", given, err)
		}
	}
	if err := (Call{}).Confirm(Confirmation{"web-1"}, "web-1", "removes it"); err != nil {
		t.Errorf("got %v", err)
	}
}

// The name is told whole, however long it is: a part of it confirms nothing.
func TestConfirmLongName(t *testing.T) {
	name := "https://discord.com/api/webhooks/" + strings.Repeat("x", 200)
	for _, given := range []string{"", "other"} {
		err := Call{}.Confirm(Confirmation{given}, name, "removes it")
		if err == nil || !strings.HasSuffix(err.Error(), "confirm set to "+strconv.Quote(name)) {
			t.Errorf("confirm %q: got %v, want the whole name", given, err)
		}
	}
}
