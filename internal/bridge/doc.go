// SPDX-License-Identifier: MIT

// Package bridge lets a client of one era of MCP use a server of the other. The eras
// differ in where a conversation is remembered: up to 2025-11-25 in a session between
// both, from 2026-07-28 on in each request.
//
// A Bridge stands between a legacy client and a server that knows only the modern era,
// or that keeps no sessions and speaks both. Such a server can ask its client for input,
// and tell it of changes, in the modern era only. So
//
//   - each request of the client is sent as a modern one (bridge.go), with what the
//     client said once and a modern one repeats;
//   - input_required in an answer becomes requests to the client (input.go), of which
//     it gets only those that it offered to be asked (offers.go);
//   - one modern subscription stands for the stream of the session (subscriptions.go,
//     renewal.go), and is made anew when its stream breaks (subscription.go);
//   - initialize, ping, logging/setLevel and resources/subscribe are answered by the
//     bridge where the modern era has no such request (discovery.go, bridge.go).
//
// A modern client in front of a legacy server needs no Bridge as yet: its
// server/discover fails, and a client of both eras falls back.
//
// The package knows neither HTTP nor stdio nor who its user is. Both sides are reached
// through the functions in Ends, so that the stdio proxy and a gateway in a daemon can
// use it alike. It imports package jsonrpc and the leaves fault and retry. Its failure
// mode is a *fault.Error in place of an answer.
package bridge
