// SPDX-License-Identifier: MIT

package tsapi

import (
	"context"
	"errors"
	"net/url"

	"tailscale-mcp/internal/failure"
)

// ConfigurationLog says what is wanted of the configuration audit log.
type ConfigurationLog struct {
	// Start and End bound the time, as RFC 3339 has it; both are needed.
	Start, End string
	// Actor, Target and Event are filters that the API applies: of each, one value has
	// to fit; none lets everything through.
	Actor, Target, Event []string
}

// ConfigurationLog returns the entries of the configuration audit log, as the API orders
// them: the oldest first. It sends all of them at once, and what an entry has as old and
// new may be a whole policy file; when that is too much, the error says that only a
// shorter time and filters make it less.
//
// https://tailscale.com/api#tag/logging/GET/tailnet/{tailnet}/logging/configuration
func (a *API) ConfigurationLog(ctx context.Context, wanted ConfigurationLog) ([]Object, error) {
	query := url.Values{"start": {wanted.Start}, "end": {wanted.End}}
	for name, values := range map[string][]string{"actor": wanted.Actor, "target": wanted.Target, "event": wanted.Event} {
		if len(values) > 0 {
			query[name] = values
		}
	}
	found, err := a.List(ctx, Request{Op: "listConfigurationAuditLogs", Query: query}, "logs")
	var e *Error
	if errors.As(err, &e) && e.Code == failure.ResultTooLarge {
		told := *e
		told.Next = "ask for a shorter window, or filter by actor, target or event; a lower limit and fewer fields do not help here"
		return nil, &told
	}
	return found, err
}
