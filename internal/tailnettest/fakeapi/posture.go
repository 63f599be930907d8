// SPDX-License-Identifier: MIT

package fakeapi

var postureRoutes = []route{}

// postureState is what the tailnet has of this group.
type postureState struct{}

func newPostureState() postureState { return postureState{} }
