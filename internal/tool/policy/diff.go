// SPDX-License-Identifier: MIT

package policy

import (
	"strings"

	"github.com/rogpeppe/go-internal/diff"
)

// difference shows in the unified form, with three lines of context and without file
// names, how a text changes.
func difference(old, now string) string {
	_, hunks, _ := strings.Cut(string(diff.Diff("", []byte(old), "", []byte(now))), "+++ \n")
	return hunks
}
