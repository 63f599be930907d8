// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"flag"
	"fmt"

	"tailscale-mcp/internal/version"
)

func runVersion(_ context.Context, s streams, flags *flag.FlagSet, args []string) error {
	if err := none(flags, args); err != nil {
		return err
	}
	fmt.Fprintln(s.out, "tailscale-mcp", version.String())
	return nil
}
