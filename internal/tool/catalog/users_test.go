// SPDX-License-Identifier: MIT

package catalog

func init() {
	enter(map[string]string{}, map[string]string{})
}
