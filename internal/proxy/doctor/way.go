// SPDX-License-Identifier: MIT

package doctor

import (
	"context"
	"maps"
	"slices"
	"strings"
)

func configuration(_ context.Context, w *walk) Finding {
	detail := "server " + w.o.Relay.Server.String()
	if names := slices.Sorted(maps.Keys(w.o.Relay.Header)); len(names) > 0 {
		detail += ", headers " + strings.Join(names, ", ")
	}
	return noted(detail, w.o.Note)
}

func tailscaled(ctx context.Context, w *walk) Finding {
	if w.path.Local() {
		if err := w.path.Refused(); err != nil {
			return broken(err, "leave out --require-tailscale, or name the server as others in the tailnet do")
		}
		return Finding{Status: NotNeeded}
	}
	detail, err := w.path.Tailscaled(ctx)
	if err != nil {
		return w.without(err)
	}
	return found("%s", detail)
}

// without is the end of what tailscaled is needed for: a break, or a note where
// the relay would go on too.
func (w *walk) without(err error) Finding {
	f := broken(err, "tailscale status")
	if w.path.Without(err) {
		f.Status, f.Detail = Note, "no identity is sent: "+f.Detail
	}
	return f
}

func state(_ context.Context, w *walk) Finding {
	if !w.path.Tailnet() {
		return Finding{Status: NotNeeded}
	}
	detail, note, err := w.path.State()
	if err != nil {
		return w.without(err)
	}
	return noted(detail, note)
}

func name(ctx context.Context, w *walk) Finding {
	if w.path.Local() {
		return Finding{Status: NotNeeded}
	}
	detail, err := w.path.Name(ctx)
	if err != nil {
		return broken(err, "tailscale status")
	}
	return found("%s", detail)
}

func node(ctx context.Context, w *walk) Finding {
	if !w.path.Tailnet() {
		return Finding{Status: NotNeeded}
	}
	detail, note, err := w.path.Node(ctx)
	if err != nil {
		return broken(err, "tailscale status")
	}
	return noted(detail, note)
}

func connection(ctx context.Context, w *walk) Finding {
	detail, note, err := w.path.Connect(ctx)
	if err != nil {
		return broken(err, "tailscale status")
	}
	return noted(detail, note)
}
