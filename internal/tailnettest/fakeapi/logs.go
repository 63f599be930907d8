// SPDX-License-Identifier: MIT

package fakeapi

var logsRoutes = []route{}

// logsState is what the tailnet has of this group.
type logsState struct{}

func newLogsState() logsState { return logsState{} }
