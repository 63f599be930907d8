// SPDX-License-Identifier: MIT

package fakeapi

var servicesRoutes = []route{}

// servicesState is what the tailnet has of this group.
type servicesState struct{}

func newServicesState() servicesState { return servicesState{} }
