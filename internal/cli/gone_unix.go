// SPDX-License-Identifier: MIT

//go:build !windows

package cli

import (
	"errors"
	"syscall"
)

// gone reports whether err is that of writing to a pipe that nobody reads.
func gone(err error) bool { return errors.Is(err, syscall.EPIPE) }
