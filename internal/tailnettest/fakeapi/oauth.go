// SPDX-License-Identifier: MIT

package fakeapi

var oauthRoutes = []route{}

// oauthState is what the tailnet has of this group.
type oauthState struct{}

func newOauthState() oauthState { return oauthState{} }
