// SPDX-License-Identifier: MIT

package bridge

import (
	"context"
	"log/slog"

	"tailscale-mcp/internal/jsonrpc"
)

// Ends are the server and the client of a bridge, as the user of the bridge reaches
// them. None is nil. All may be called at the same time.
type Ends struct {
	// NewID returns an id for a request to the server, as JSON text. No other request
	// has that id.
	NewID func() []byte
	// Ask sends a request of the bridge's own to the server and returns the response,
	// that of the server or an error response of the user. It fails only when no
	// request can be sent any more. What else the server sends on the response does not
	// reach the client.
	Ask func(ctx context.Context, msg []byte) ([]byte, error)
	// Listen does the same for a subscriptions/listen. Notifications on the response
	// reach the client as s.Heard returns them.
	Listen func(ctx context.Context, msg []byte, s *Subscription) ([]byte, error)
	// AskClient sends the client the request that question makes with an id, and calls
	// answer with the client's response, which must not block. Where the client has not
	// responded yet, withdraw tells it that nobody waits any more.
	AskClient func(question func(id []byte) []byte, answer func(msg []byte)) (withdraw func())
	// Notify sends the client a notification, which belongs to the function from then on.
	Notify func(msg []byte)
	// Go does work on a goroutine that the user waits for at its end. The work ends
	// soon after the session does.
	Go func(work func())
	// Log gets what a person may want to know.
	Log *slog.Logger
}

// Call is a request of the client that is to be answered.
type Call struct {
	Env *jsonrpc.Envelope // of Msg
	Msg []byte            // the request
	// Ask sends msg, by which the bridge asks the server in place of the request, and
	// returns the response with the id of the request: that of the server, or an error
	// response of the user. It fails only when nobody waits for the answer any more.
	Ask func(ctx context.Context, msg []byte) ([]byte, error)
}
