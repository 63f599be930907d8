// SPDX-License-Identifier: MIT

//go:build unix

package ending

import (
	"context"
	"testing"
	"time"
)

// A parent that lives is left in peace, however often it is looked at, and the
// look-out ends with its context.
func TestPX15ParentLives(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	whileParentLives(ctx, time.Millisecond, func() { t.Error("got the parent's end, want nothing: it lives") })
}
