// SPDX-License-Identifier: MIT

package route

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"runtime"
	"strings"
	"time"

	"tailscale.com/client/local"
	"tailscale.com/client/tailscale/apitype"
	"tailscale.com/ipn"
	"tailscale.com/ipn/ipnstate"
)

// Bounds of questions to tailscaled and to the system's resolver.
const (
	localTimeout = time.Second
	peersTimeout = 5 * time.Second // a status with thousands of peers
	// resolveGrace is how long the system has before tailscaled is asked for
	// the name too.
	resolveGrace = 200 * time.Millisecond
)

// advised is an error with the next step that a person can take.
type advised struct {
	what error
	next string
}

func (a *advised) Error() string { return a.what.Error() + "; " + a.next }
func (a *advised) Unwrap() error { return a.what }

func advise(next, format string, args ...any) error {
	return &advised{fmt.Errorf(format, args...), next}
}

// Advice splits an error of this package into what is wrong and the next step, which
// is "" if the error has none.
func Advice(err error) (what, next string) {
	var a *advised
	if errors.As(err, &a) {
		return a.what.Error(), a.next
	}
	return err.Error(), ""
}

// errSilent is in the error of a tailscaled that lets its callers wait.
var errSilent = errors.New("does not answer")

// errGivenUp is the error of a question whose context was cancelled. Its text is empty,
// because the error says nothing about tailscaled.
var errGivenUp = errors.New("")

// startIt says how a person starts tailscaled on this system.
func startIt() string {
	switch runtime.GOOS {
	case "darwin", "windows":
		return "open the Tailscale app"
	}
	return "start it (sudo systemctl start tailscaled)"
}

// running asks tailscaled for its own state and fails unless it is connected.
func running(ctx context.Context, lc *local.Client) (*ipnstate.Status, error) {
	st, err := statusOf(ctx, lc)
	if err != nil {
		return nil, err
	}
	return st, connected(st)
}

// statusOf asks tailscaled for its own state.
func statusOf(ctx context.Context, lc *local.Client) (*ipnstate.Status, error) {
	ctx, cancel := context.WithTimeout(ctx, localTimeout)
	defer cancel()
	st, err := lc.StatusWithoutPeers(ctx)
	var dial *net.OpError
	switch {
	case err != nil && errors.Is(ctx.Err(), context.Canceled):
		return nil, errGivenUp
	case errors.As(err, &dial):
		return nil, advise(startIt()+", or say where it is with --tailscaled-socket", "no tailscaled answers on this machine: %w", dial.Err)
	case errors.Is(err, context.DeadlineExceeded):
		return nil, advise("look at its log, or restart it", "tailscaled %w within %v", errSilent, localTimeout)
	case err != nil:
		return nil, advise("is that tailscaled, at --tailscaled-socket?", "asking tailscaled: %w", err)
	}
	return st, nil
}

// connected says why tailscaled is not connected to a tailnet; nil if it is.
func connected(st *ipnstate.Status) error {
	switch st.BackendState {
	case ipn.Running.String():
		if st.Self != nil {
			return nil
		}
	case ipn.NeedsLogin.String():
		return advise("run: tailscale up, or log in with the Tailscale application", "Tailscale is logged out on this machine")
	case ipn.NeedsMachineAuth.String():
		return advise("an administrator approves it at https://login.tailscale.com/admin/machines", "this machine waits to be approved for the tailnet")
	case ipn.Stopped.String():
		return advise("run: tailscale up, or turn it on in the Tailscale application", "Tailscale is turned off on this machine")
	case ipn.InUseOtherUser.String():
		return advise("that user has to log out or disconnect first", "Tailscale is in use by another user of this machine")
	}
	return advise("try again in a few seconds; if it stays so, see: tailscale status", "Tailscale on this machine is not connected yet (its state is %s)", st.BackendState)
}

// nodeAt returns the node of the tailnet with the address addr, and its owner; nil if
// there is no such node.
func nodeAt(ctx context.Context, lc *local.Client, addr netip.Addr) (*apitype.WhoIsResponse, error) {
	ctx, cancel := context.WithTimeout(ctx, localTimeout)
	defer cancel()
	who, err := lc.WhoIs(ctx, addr.String())
	if errors.Is(err, local.ErrPeerNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("asking tailscaled who %v is: %w", addr, err)
	}
	return who, nil
}

// nodeName puts a DNS name into the form in which names are compared.
func nodeName(s string) string { return strings.ToLower(strings.TrimSuffix(s, ".")) }
