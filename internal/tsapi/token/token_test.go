// SPDX-License-Identifier: MIT

package token

import (
	"strings"
	"testing"
)

func TestCovers(t *testing.T) {
	tests := []struct {
		have, need string
		want       bool
	}{
		{"", "devices:core", true}, // not known
		{"all", "devices:core", true}, {"all:read", "devices:core:read", true}, {"all:read", "devices:core", false},
		{"devices:core", "devices:core:read", true}, {"devices:core:read", "devices:core", false},
		{"dns policy_file:read", "policy_file:read", true}, {"dns", "policy_file:read", false}, {"dns", "", true},
	}
	for _, test := range tests {
		if got := (Token{scopes: strings.Fields(test.have)}).Lacks(test.need); (len(got) == 0) != test.want {
			t.Errorf("%q lacks of %q: got %v, covered %v", test.have, test.need, got, test.want)
		}
	}
}
