// SPDX-License-Identifier: MIT

// Command story shows what this project is for, on a real tailnet that lives
// and dies with it: a person without a grant is refused, the grant is added,
// the same question is answered, the grant is taken away, and the person is
// refused again; once by a client that speaks HTTP, once through the stdio
// proxy, which also asks the person before a device is removed; without it that takes
// the code of a refusal. Then a policy file decides, which every tailscaled obeys: somebody
// is let in and shut out again by edits of it. Then MCP servers that know no callers are put
// behind it, where each person gets of them what is granted. It needs no root and no account. It ends with an error at the first
// step that does not go as told, and leaves nothing running.
//
// The control server, the nodes' tailscaled, tailscale-mcp and
// tailscale-mcp-proxy are real; only the Tailscale API is a fake.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	began := time.Now()
	if err := tell(ctx); err != nil {
		fmt.Printf("\nThe story broke off: %v\n", err)
		stop()
		os.Exit(1)
	}
	fmt.Printf("\nThe end, after %s. Nothing is left running.\n", time.Since(began).Round(100*time.Millisecond))
}

// tell sets the stage, plays the acts in order and strikes the stage.
func tell(ctx context.Context) (err error) {
	st, err := newStage(ctx)
	if err != nil {
		return err
	}
	defer func() {
		if closing := st.Close(); err == nil {
			err = closing
		}
	}()
	for _, act := range []func(context.Context) error{
		st.refused,
		st.granted,
		st.readsOnly,
		st.taggedIsNotItsOwner,
		st.revoked,
		st.throughTheProxy,
		st.confirmed,
		st.ruled,
		st.behind,
		st.withoutCredential,
		st.auditTrail,
	} {
		if err := act(ctx); err != nil {
			return err
		}
	}
	return nil
}
