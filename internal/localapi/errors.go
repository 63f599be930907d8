// SPDX-License-Identifier: MIT

package localapi

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"net"
	"strings"
	"syscall"

	"tailscale.com/client/local"
	"tailscale.com/ipn"
	"tailscale.com/ipn/ipnstate"

	"tailscale-mcp/internal/failure"
	"tailscale-mcp/internal/redact"
)

const adminMachines = "https://login.tailscale.com/admin/machines"

const (
	nextStartTailscaled = "an administrator of this host starts it (systemctl start tailscaled); " +
		"if its socket is not where tailscale-mcp looks, TAILSCALE_MCP_TAILSCALED_SOCKET says where it is"
	nextTailscaledLog   = "an administrator of this host looks into tailscaled's log: journalctl -u tailscaled"
	nextUpdateTailscale = "an administrator of this host updates Tailscale: tailscale update"
	nextTailscaleUp     = "an administrator of this host runs: tailscale up"
)

// StateError explains a BackendState in which a host is not on its tailnet,
// and is nil for "Running". States are those of ipn.State.
func StateError(state string) *failure.Error {
	switch state {
	case ipn.Running.String():
		return nil
	case ipn.NeedsLogin.String():
		return &failure.Error{Code: failure.Unauthenticated, Message: "Tailscale is logged out on this host", Next: nextTailscaleUp}
	case ipn.NeedsMachineAuth.String():
		return &failure.Error{
			Code:    failure.PermissionDenied,
			Message: "this host waits to be approved as a device of its tailnet",
			Next:    "an administrator of the tailnet approves it at " + adminMachines,
		}
	case ipn.Stopped.String():
		return &failure.Error{Code: failure.UpstreamUnavailable, Message: "Tailscale is switched off on this host (tailscale down)", Next: nextTailscaleUp}
	case ipn.InUseOtherUser.String():
		return &failure.Error{
			Code:    failure.PermissionDenied,
			Message: "another user of this host is logged in to Tailscale",
			Next:    "that user switches Tailscale off, or an administrator of this host runs it unattended",
		}
	}
	return &failure.Error{
		Code:    failure.UpstreamUnavailable,
		Message: "Tailscale is still starting on this host",
		Next:    "try again in a moment; if it lasts, " + nextTailscaledLog,
	}
}

// stateError is StateError as an error: nil means on a tailnet.
func stateError(st *ipnstate.Status) error {
	if e := StateError(st.BackendState); e != nil {
		return e
	}
	if st.Self == nil {
		return StateError(ipn.Starting.String())
	}
	return nil
}

// askError maps what the client of the LocalAPI returns. The state of the
// tailnet has no part in it; see explain.
func askError(err error) error {
	var mapped *failure.Error
	var dial *net.OpError
	var syntax *json.SyntaxError
	var mistyped *json.UnmarshalTypeError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &mapped):
		return err
	case errors.Is(err, context.Canceled):
		return &failure.Error{Code: failure.Cancelled, Message: "the call was cancelled while tailscaled was asked", Cause: context.Canceled}
	case errors.Is(err, context.DeadlineExceeded):
		return &failure.Error{
			Code: failure.UpstreamTimeout, Message: "tailscaled did not answer in time",
			Next: "try again in a moment; if it lasts, " + nextTailscaledLog, Cause: context.DeadlineExceeded,
		}
	case errors.Is(err, local.ErrPeerNotFound):
		return &failure.Error{
			Code: failure.NotFound, Message: "this host knows no node at that address", Cause: local.ErrPeerNotFound,
			Next: "check the address: only addresses of nodes that this host may reach are known to it (list_peers)",
		}
	case local.IsAccessDeniedError(err):
		return &failure.Error{
			Code: failure.PermissionDenied, Message: "tailscaled refuses to answer this program: " + redact.Quoted(lastPart(err)),
			Next: nextTailscaledLog,
		}
	case errors.Is(err, fs.ErrPermission):
		return &failure.Error{
			Code: failure.PermissionDenied, Message: "this program may not open the socket of tailscaled",
			Next: "an administrator of this host lets the account of tailscale-mcp open it (usually /run/tailscale/tailscaled.sock; " +
				"TAILSCALE_MCP_TAILSCALED_SOCKET names another)",
		}
	case errors.As(err, &dial) && dial.Op == "dial", errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ECONNREFUSED):
		return &failure.Error{Code: failure.UpstreamUnavailable, Message: "tailscaled is not running on this host", Next: nextStartTailscaled}
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return &failure.Error{
			Code: failure.UpstreamUnavailable, Message: "tailscaled ended the connection without a whole answer; it may be restarting",
			Next: "try again in a moment; if it lasts, " + nextTailscaledLog,
		}
	case errors.As(err, &syntax), errors.As(err, &mistyped):
		return &failure.Error{Code: failure.UpstreamMalformed, Message: "the answer of tailscaled cannot be read", Next: nextUpdateTailscale}
	case strings.Contains(err.Error(), "404 Not Found"), strings.Contains(err.Error(), "501 Not Implemented"):
		// The client keeps the status to itself, but writes it down.
		return &failure.Error{Code: failure.Unsupported, Message: "the tailscaled of this host does not offer that", Next: nextUpdateTailscale}
	}
	return &failure.Error{
		Code: failure.UpstreamUnavailable, Message: "tailscaled has no answer: " + redact.Quoted(err.Error()),
		Next: "try again in a moment; if it lasts, " + nextTailscaledLog,
	}
}

// lastPart is the innermost text of an error, without what was put in front.
func lastPart(err error) string {
	for {
		inner := errors.Unwrap(err)
		if inner == nil {
			return err.Error()
		}
		err = inner
	}
}
