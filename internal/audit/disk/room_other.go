// SPDX-License-Identifier: MIT

//go:build !linux

package disk

import "errors"

// Room is not known here.
func Room(string) (bytes uint64, readOnly bool, err error) { return 0, false, errors.ErrUnsupported }
