// SPDX-License-Identifier: MIT

package failure_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"tailscale-mcp/internal/failure"
)

func TestErrorReadsAsOneSentence(t *testing.T) {
	e := failure.Invalidf("name a device", "%q is none", "web-1")
	if got, want := e.Error(), `invalid_argument: "web-1" is none. Next step: name a device`; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, want := (&failure.Error{Code: failure.NotFound, Message: "gone"}).Error(), "not_found: gone"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestCauseIsFoundAndNotTold(t *testing.T) {
	err := fmt.Errorf("outside: %w", &failure.Error{Code: failure.Cancelled, Message: "the caller had gone", Cause: context.Canceled})
	var e *failure.Error
	if !errors.Is(err, context.Canceled) || !errors.As(err, &e) {
		t.Fatalf("got %v, want an Error with its cause", err)
	}
	if got, want := e.Error(), "cancelled: the caller had gone"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestCodeOf(t *testing.T) {
	if got := failure.CodeOf(fmt.Errorf("listing: %w", &failure.Error{Code: failure.NotFound})); got != failure.NotFound {
		t.Errorf("got code %s, want %s", got, failure.NotFound)
	}
	if got := failure.CodeOf(errors.New("x")); got != "" {
		t.Errorf("got code %s, want none", got)
	}
}
