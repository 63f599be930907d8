// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"fmt"
	"regexp"
	"slices"

	"github.com/mark3labs/mcp-go/client"
	"github.com/mark3labs/mcp-go/mcp"

	"tailscale-mcp/internal/testbed/fakeapi"
)

// screen is where a person is asked whether a change is made.
type screen struct {
	yes   bool
	asked []string
}

// Elicit implements client.ElicitationHandler.
func (s *screen) Elicit(_ context.Context, r mcp.ElicitationRequest) (*mcp.ElicitationResult, error) {
	s.asked = append(s.asked, r.Params.Message)
	out := &mcp.ElicitationResult{}
	out.Action = mcp.ElicitationResponseActionDecline
	if s.yes {
		out.Action, out.Content = mcp.ElicitationResponseActionAccept, map[string]any{}
	}
	return out, nil
}

// handedOut is the code in a refusal.
var handedOut = regexp.MustCompile(`confirm set to ([A-Z2-9]{4}-[A-Z2-9]{4}) `)

func (st *stage) confirmed(ctx context.Context) error {
	if err := st.tn.SetGrants(ctx, st.server, everything(st.alice)); err != nil {
		return err
	}
	if err := st.coded(ctx); err != nil {
		return err
	}
	return st.asked(ctx)
}

// coded removes a device with a client that cannot ask, and puts it back.
func (st *stage) coded(ctx context.Context) error {
	act("Alice's assistant wants to remove a device, and cannot ask her. That takes the code of a refusal.")
	alice, err := st.direct(ctx, "alice", st.alice)
	if err != nil {
		return err
	}
	defer alice.leave()
	if err := alice.mustBeAnsweredSoon(ctx); err != nil {
		return err
	}
	text, failed, err := alice.ask(ctx, "delete_device", map[string]any{"device": "ci-runner", "confirm": "ci-runner"})
	code := handedOut.FindStringSubmatch(text)
	if err != nil || !failed || code == nil || !st.hasRunner() {
		return fmt.Errorf("with the name alice is told %q (%w)", text, err)
	}
	told(text)
	all := st.api.Devices()
	text, failed, err = alice.ask(ctx, "delete_device", map[string]any{"device": "ci-runner", "confirm": code[1]})
	if err != nil || failed || st.hasRunner() {
		return fmt.Errorf("with the code alice is told %q (%w)", text, err)
	}
	said("with the code:", text)
	st.api.SetDevices(all)
	return nil
}

// hasRunner reports whether the API knows the device that is removed here.
func (st *stage) hasRunner() bool {
	return slices.ContainsFunc(st.api.Devices(), func(d fakeapi.Device) bool { return d.NodeID == st.runner.StableID() })
}

// asked removes a device with a client that can ask.
func (st *stage) asked(ctx context.Context) error {
	act("Alice's assistant wants to remove a device, through the proxy. That takes Alice's yes.")
	hers := &screen{}
	alice, err := st.proxied(ctx, "alice (proxy)", st.alice, client.WithElicitationHandler(hers))
	if err != nil {
		return err
	}
	defer alice.leave()
	if err := alice.mustBeAnsweredSoon(ctx); err != nil {
		return err
	}
	for _, yes := range []bool{false, true} {
		hers.yes, hers.asked = yes, nil
		text, failed, err := alice.ask(ctx, "delete_device", map[string]any{"device": "ci-runner"})
		if err != nil || failed == yes || len(hers.asked) != 1 {
			return fmt.Errorf("alice, whose answer is %t, is told %q (%w), and asked %q", yes, text, err, hers.asked)
		}
		said("is asked", hers.asked[0])
		if there := st.hasRunner(); there == yes {
			return fmt.Errorf("alice said yes: %t, and the device is there: %t", yes, there)
		}
		said(map[bool]string{false: "says no:", true: "says yes:"}[yes], text)
	}
	return nil
}
