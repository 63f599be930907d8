// SPDX-License-Identifier: MIT

package cli

import (
	"errors"

	"golang.org/x/sys/windows"
)

// gone reports whether err is that of writing to a pipe that nobody reads.
func gone(err error) bool {
	return errors.Is(err, windows.ERROR_BROKEN_PIPE) || errors.Is(err, windows.ERROR_NO_DATA)
}
