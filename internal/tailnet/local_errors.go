// SPDX-License-Identifier: MIT

package tailnet

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
)

const adminMachines = "https://login.tailscale.com/admin/machines"

const (
	nextStartTailscaled = "an administrator of this host starts it (systemctl start tailscaled); " +
		"if its socket is not where tailscale-mcp looks, TAILSCALE_MCP_TAILSCALED_SOCKET says where it is"
	nextTailscaledLog   = "an administrator of this host looks into tailscaled's log: journalctl -u tailscaled"
	nextUpdateTailscale = "an administrator of this host updates Tailscale: tailscale update"
	nextTailscaleUp     = "an administrator of this host runs: tailscale up"
)

// LocalStateError explains a BackendState in which a host is not on its tailnet,
// and is nil for "Running". States are those of ipn.State.
func LocalStateError(state string) *Error {
	switch state {
	case ipn.Running.String():
		return nil
	case ipn.NeedsLogin.String():
		return &Error{Code: CodeUnauthenticated, Message: "Tailscale is logged out on this host", Next: nextTailscaleUp}
	case ipn.NeedsMachineAuth.String():
		return &Error{
			Code:    CodePermissionDenied,
			Message: "this host waits to be approved as a device of its tailnet",
			Next:    "an administrator of the tailnet approves it at " + adminMachines,
		}
	case ipn.Stopped.String():
		return &Error{Code: CodeUpstreamUnavailable, Message: "Tailscale is switched off on this host (tailscale down)", Next: nextTailscaleUp}
	case ipn.InUseOtherUser.String():
		return &Error{
			Code:    CodePermissionDenied,
			Message: "another user of this host is logged in to Tailscale",
			Next:    "that user switches Tailscale off, or an administrator of this host runs it unattended",
		}
	}
	return &Error{
		Code:      CodeUpstreamUnavailable,
		Message:   "Tailscale is still starting on this host",
		Next:      "try again in a moment; if it lasts, " + nextTailscaledLog,
		transient: true,
	}
}

// localStateOf is LocalStateError as an error: nil means on a tailnet.
func localStateOf(st *ipnstate.Status) error {
	if e := LocalStateError(st.BackendState); e != nil {
		return e
	}
	if st.Self == nil {
		return LocalStateError(ipn.Starting.String())
	}
	return nil
}

// localError maps what the client of the LocalAPI returns. The state of the
// tailnet has no part in it; see explain.
func localError(err error) error {
	var mapped *Error
	var dial *net.OpError
	var syntax *json.SyntaxError
	var mistyped *json.UnmarshalTypeError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &mapped):
		return err
	case errors.Is(err, context.Canceled):
		return &Error{Code: CodeCancelled, Message: "the call was cancelled while tailscaled was asked", cause: context.Canceled}
	case errors.Is(err, context.DeadlineExceeded):
		return &Error{
			Code: CodeUpstreamTimeout, Message: "tailscaled did not answer in time",
			Next: "try again in a moment; if it lasts, " + nextTailscaledLog, cause: context.DeadlineExceeded,
		}
	case errors.Is(err, local.ErrPeerNotFound):
		return &Error{
			Code: CodeNotFound, Message: "this host knows no node at that address", cause: local.ErrPeerNotFound,
			Next: "check the address: only addresses of nodes that this host may reach are known to it (list_peers)",
		}
	case local.IsAccessDeniedError(err):
		return &Error{
			Code: CodePermissionDenied, Message: "tailscaled refuses to answer this program: " + printable(lastPart(err)),
			Next: nextTailscaledLog,
		}
	case errors.Is(err, fs.ErrPermission):
		return &Error{
			Code: CodePermissionDenied, Message: "this program may not open the socket of tailscaled",
			Next: "an administrator of this host lets the account of tailscale-mcp open it (usually /run/tailscale/tailscaled.sock; " +
				"TAILSCALE_MCP_TAILSCALED_SOCKET names another)",
		}
	case errors.As(err, &dial) && dial.Op == "dial", errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ECONNREFUSED):
		return &Error{Code: CodeUpstreamUnavailable, Message: "tailscaled is not running on this host", Next: nextStartTailscaled, transient: true}
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return &Error{
			Code: CodeUpstreamUnavailable, Message: "tailscaled ended the connection without a whole answer; it may be restarting",
			Next: "try again in a moment; if it lasts, " + nextTailscaledLog, transient: true,
		}
	case errors.As(err, &syntax), errors.As(err, &mistyped):
		return &Error{Code: CodeUpstreamMalformed, Message: "the answer of tailscaled cannot be read", Next: nextUpdateTailscale}
	case strings.Contains(err.Error(), "404 Not Found"), strings.Contains(err.Error(), "501 Not Implemented"):
		// The client keeps the status to itself, but writes it down.
		return &Error{Code: CodeUnsupported, Message: "the tailscaled of this host does not offer that", Next: nextUpdateTailscale}
	}
	return &Error{
		Code: CodeUpstreamUnavailable, Message: "tailscaled has no answer: " + printable(err.Error()),
		Next: "try again in a moment; if it lasts, " + nextTailscaledLog, transient: true,
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
