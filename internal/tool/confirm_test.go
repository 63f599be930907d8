// SPDX-License-Identifier: MIT

package tool

import (
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
