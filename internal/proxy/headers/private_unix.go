// SPDX-License-Identifier: MIT

//go:build !windows

package headers

import (
	"fmt"
	"os"
)

// Exposed says who else can read a file that may hold secrets; "" when nobody
// can.
func Exposed(file string) string {
	info, err := os.Stat(file)
	if err != nil || info.Mode().Perm()&0o077 == 0 {
		return ""
	}
	return fmt.Sprintf("others than its owner may use %s (mode %04o); if it holds a secret, run: chmod 600 %s", file, info.Mode().Perm(), file)
}
