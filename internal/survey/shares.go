// SPDX-License-Identifier: MIT

package survey

import (
	"context"
	"errors"
	"fmt"

	"golang.org/x/sync/errgroup"

	"tailscale-mcp/internal/failure"
	"tailscale-mcp/internal/tsapi"
)

// Shares are invitations to devices, by which somebody outside of the tailnet reaches one.
type Shares struct {
	// Of are the invitations of a device, in the order of the API, by the ID that was asked for.
	Of map[string][]tsapi.Object
	// Unasked is how many devices were not asked about, since that is one request each.
	Unasked int
}

// Shares reads the invitations to devices, those accepted included: of so many devices at
// most, the first of them, within the caller's share of requests. It fails where they
// cannot be read at all.
//
// https://tailscale.com/api#tag/deviceinvites
func (e *Evaluator) Shares(ctx context.Context, caller string, devices []string, most int) (Shares, error) {
	out := Shares{Of: map[string][]tsapi.Object{}}
	most = max(most, 0)
	if len(devices) > most {
		out.Unasked = len(devices) - most
		devices = devices[:most]
	}
	if len(devices) == 0 {
		return out, nil
	}
	// A share that was just taken back through this program is to be gone: what was known
	// before a change is asked for again.
	changes := e.api.Changes()
	ask := func(ctx context.Context, id string) ([]tsapi.Object, error) {
		return detailFor(ctx, e.shares, caller, fmt.Sprintf("shares %d %s", changes, id), func(ctx context.Context) ([]tsapi.Object, error) {
			return e.api.List(ctx, tsapi.Request{Op: "listDeviceInvites", Params: []string{id}}, "")
		})
	}
	found := make([][]tsapi.Object, len(devices))
	spent := make([]bool, len(devices))
	one := func(ctx context.Context, i int) error {
		var err error
		found[i], err = ask(ctx, devices[i])
		spent[i] = errors.Is(err, errSpent)
		gone := i > 0 && failure.CodeOf(err) == failure.NotFound // since it was listed
		if spent[i] || gone {
			return nil
		}
		return err
	}
	// The first alone: a credential that may not read them is refused once, and not so
	// many times.
	if err := one(ctx, 0); err != nil {
		return Shares{}, err
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(atOnce)
	for i := 1; i < len(devices); i++ {
		group.Go(func() error { return one(ctx, i) })
	}
	if err := group.Wait(); err != nil {
		return Shares{}, err
	}
	for i, id := range devices {
		if spent[i] {
			out.Unasked++
			continue
		}
		out.Of[id] = found[i]
	}
	return out, nil
}
