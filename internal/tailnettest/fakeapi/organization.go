// SPDX-License-Identifier: MIT

package fakeapi

var organizationRoutes = []route{}

// organizationState is what the tailnet has of this group.
type organizationState struct{}

func newOrganizationState() organizationState { return organizationState{} }
