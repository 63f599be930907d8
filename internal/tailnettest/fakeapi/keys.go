// SPDX-License-Identifier: MIT

package fakeapi

var keysRoutes = []route{}

// keysState is what the tailnet has of this group.
type keysState struct{}

func newKeysState() keysState { return keysState{} }
