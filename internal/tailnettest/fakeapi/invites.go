// SPDX-License-Identifier: MIT

package fakeapi

var invitesRoutes = []route{}

// invitesState is what the tailnet has of this group.
type invitesState struct{}

func newInvitesState() invitesState { return invitesState{} }
