// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/mark3labs/mcp-go/client"
	"github.com/mark3labs/mcp-go/mcp"

	"tailscale-mcp/internal/tailnettest/fakeapi"
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
		out.Action, out.Content = mcp.ElicitationResponseActionAccept, map[string]any{"wanted": true}
	}
	return out, nil
}

func (st *stage) confirmed(ctx context.Context) error {
	act("Alice's assistant wants to remove a device, through the proxy. That takes the device's name, and Alice's yes.")
	if err := st.tn.SetGrants(ctx, st.server, everything(st.alice)); err != nil {
		return err
	}
	hers := &screen{}
	alice, err := st.proxied(ctx, "alice (proxy)", st.alice, client.WithElicitationHandler(hers))
	if err != nil {
		return err
	}
	defer alice.leave()
	if err := alice.mustBeAnsweredSoon(ctx); err != nil {
		return err
	}
	text, failed, err := alice.ask(ctx, "delete_device", map[string]any{"device": "ci-runner"})
	if err != nil || !failed || !strings.HasPrefix(text, "confirmation_required") || len(hers.asked) > 0 {
		return fmt.Errorf("without confirm alice is told %q (%w), and asked %q", text, err, hers.asked)
	}
	told(text)
	for _, yes := range []bool{false, true} {
		hers.yes, hers.asked = yes, nil
		text, failed, err = alice.ask(ctx, "delete_device", map[string]any{"device": "ci-runner", "confirm": "ci-runner"})
		if err != nil || failed == yes || len(hers.asked) != 1 {
			return fmt.Errorf("alice, whose answer is %t, is told %q (%w), and asked %q", yes, text, err, hers.asked)
		}
		said("is asked", hers.asked[0])
		if there := slices.ContainsFunc(st.api.Devices(), func(d fakeapi.Device) bool { return d.NodeID == st.runner.StableID() }); there == yes {
			return fmt.Errorf("alice said yes: %t, and the device is there: %t", yes, there)
		}
		said(map[bool]string{false: "says no:", true: "says yes:"}[yes], text)
	}
	return nil
}
