// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"fmt"

	"tailscale-mcp/internal/version"
)

func runVersion(_ context.Context, s streams, args []string) error {
	if err := none(newFlags("version"), args); err != nil {
		return err
	}
	fmt.Fprintln(s.out, "tailscale-mcp", version.String())
	return nil
}
