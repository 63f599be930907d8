// SPDX-License-Identifier: MIT

package headers

// Exposed says who else can read a file that may hold secrets; "" when nobody
// can. Windows has no mode bits to tell it by: a file in the user's profile
// is the user's.
func Exposed(string) string { return "" }
