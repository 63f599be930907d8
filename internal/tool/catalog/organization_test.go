// SPDX-License-Identifier: MIT

package catalog

func init() {
	enter(map[string]string{
		"list_organization_tailnets": `{}`,
	}, map[string]string{})
}
