// SPDX-License-Identifier: MIT

package fakeapi

var dnsRoutes = []route{}

// dnsState is what the tailnet has of this group.
type dnsState struct{}

func newDnsState() dnsState { return dnsState{} }
