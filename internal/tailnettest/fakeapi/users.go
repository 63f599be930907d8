// SPDX-License-Identifier: MIT

package fakeapi

var usersRoutes = []route{}

// usersState is what the tailnet has of this group.
type usersState struct{}

func newUsersState() usersState { return usersState{} }
