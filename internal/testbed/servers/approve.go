// SPDX-License-Identifier: MIT

package servers

import (
	"context"
	"log/slog"
	"net"

	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/upstream/look"
	"tailscale-mcp/internal/upstream/pin"
	"tailscale-mcp/internal/upstream/process"
)

// Approve pins what a server shows now; a tool that has no class here is destructive.
func (h *Host) Approve(name string, classes map[string]grant.Class) {
	h.t.Helper()
	p, err := process.Start(h.t.Context(), process.Options{
		Server: name, Dial: func(ctx context.Context) (net.Conn, error) { return h.Dial(ctx, name) },
		ClientName: "test", ClientVersion: "1", Heard: func(string, []byte) {}, Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		h.t.Fatal(err)
	}
	defer p.End(nil)
	seen, err := look.At(h.t.Context(), p)
	if err != nil {
		h.t.Fatal(err)
	}
	if err := pin.Save(pin.Path(h.Dir, name), pin.Approve(pin.Pin{}, seen, pin.Approval{Classes: classes})); err != nil {
		h.t.Fatal(err)
	}
}
