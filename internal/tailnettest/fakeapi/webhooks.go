// SPDX-License-Identifier: MIT

package fakeapi

var webhooksRoutes = []route{}

// webhooksState is what the tailnet has of this group.
type webhooksState struct{}

func newWebhooksState() webhooksState { return webhooksState{} }
