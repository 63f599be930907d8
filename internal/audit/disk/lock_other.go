// SPDX-License-Identifier: MIT

//go:build !unix

package disk

import (
	"errors"
	"os"
)

const (
	// NoFollow is nothing here: links are followed.
	NoFollow = 0
	noWait   = 0
)

// Lock has no means here to keep a second process from the file.
func Lock(*os.File) error { return errors.ErrUnsupported }

// Trusted has no means here to tell whose a link is.
func Trusted(string) error { return nil }
