// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"

	"tailscale-mcp/internal/testbed/assistant/company"
	"tailscale-mcp/internal/testbed/running"
)

// keep has the company there until it is interrupted, for somebody else's client.
func keep(ctx context.Context, chosen []task) (err error) {
	st, err := newStage(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, st.Close()) }()
	servers := object{}
	for name, device := range map[string]string{"alice": company.Alice, "rita": company.Rita, "dan": company.Dan, "dev-agent": company.Agent} {
		servers["tailscale-"+name] = object{"command": filepath.Join(st.dir, running.Proxy), "args": st.proxyArguments(device)}
	}
	entry, err := json.MarshalIndent(object{"mcpServers": servers}, "", "  ")
	if err != nil {
		return err
	}
	fmt.Printf("Enter these in a client on this machine, one at a time; alice may do everything:\n\n%s\n\nThe tasks, alice's where nobody is named:\n\n", entry)
	for _, t := range chosen {
		fmt.Printf("%2d. %s\n", t.number, t.words)
	}
	fmt.Print("\nThe company is there until you interrupt this (Ctrl-C), with every change that is made to it.\n")
	<-ctx.Done()
	return nil
}
