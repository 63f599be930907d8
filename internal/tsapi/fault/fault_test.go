// SPDX-License-Identifier: MIT

package fault

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"tailscale-mcp/internal/failure"
)

func TestErrorText(t *testing.T) {
	e := &Error{Code: failure.NotFound, Op: "getDevice", Message: "gone", Next: "look"}
	if got, want := e.Error(), "getDevice: gone; next step: look"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, want := (&Error{Message: "gone"}).Error(), "gone"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	var told *failure.Error
	if err := fmt.Errorf("listing: %w", e); !errors.As(err, &told) || told.Code != failure.NotFound || told.Message != "gone" || told.Next != "look" {
		t.Errorf("got %v, want what a caller is told", told)
	}
	// An unknown error's text is not repeated: nobody has looked at it.
	if got := Of("x", errors.New("secret")); got.Code != failure.Internal || strings.Contains(got.Error(), "secret") {
		t.Errorf("got %v", got)
	}
}
