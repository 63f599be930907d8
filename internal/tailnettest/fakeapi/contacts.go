// SPDX-License-Identifier: MIT

package fakeapi

var contactsRoutes = []route{}

// contactsState is what the tailnet has of this group.
type contactsState struct{}

func newContactsState() contactsState { return contactsState{} }
