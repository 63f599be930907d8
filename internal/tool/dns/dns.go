// SPDX-License-Identifier: MIT

// Package dns has the tools about the tailnet's DNS
// (https://tailscale.com/api#tag/dns). It imports tool, grant and tailnet; errors
// of the API pass through with their codes.
package dns

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"tailscale-mcp/internal/failure"
	"tailscale-mcp/internal/tool"
	"tailscale-mcp/internal/tsapi"
)

const group = "dns"

// API is what these tools ask of the Tailscale API; *tsapi.API is one.
type API interface {
	Object(ctx context.Context, r tsapi.Request) (tsapi.Object, error)
}

// Tools returns the group.
func Tools(api API) tool.Set {
	d := &dns{api}
	return tool.Set{
		Tools:     []tool.Tool{d.get(), d.setNameservers(), d.setPreferences(), d.setSearchPaths(), d.updateSplit(), d.setConfiguration()},
		Resources: []tool.Resource{d.resource()},
	}
}

type dns struct{ api API }

// changed is the answer of every change.
type changed struct {
	DNS      tool.Object `json:"dns" jsonschema:"what the Tailscale API says is set now"`
	Previous tool.Object `json:"previous" jsonschema:"what was set before, in the form of the Tailscale API"`
}

// read reads one part of the configuration.
func (d *dns) read(ctx context.Context, op string) (tsapi.Object, error) {
	return d.api.Object(ctx, tsapi.Request{Op: op})
}

// change sends a change, once, and answers with the configuration before and now.
func (d *dns) change(ctx context.Context, op string, body any, previous tsapi.Object) (changed, error) {
	now, err := d.api.Object(ctx, tsapi.Request{Op: op, Body: body})
	if err != nil {
		return changed{}, err
	}
	return changed{DNS: tool.Whole(now), Previous: tool.Whole(previous)}, nil
}

// decode reads an answer of the API into the part of it that a tool looks at.
func decode[T any](op string, o tsapi.Object) (T, error) {
	var into T
	if err := json.Unmarshal(o.Raw(), &into); err != nil {
		return into, &tsapi.Error{
			Code: failure.UpstreamMalformed, Op: op,
			Message: "the answer of the Tailscale API cannot be read: a field has another type than documented",
			Next:    "nothing was changed; look at the DNS settings with get_dns or in the admin console",
		}
	}
	return into, nil
}

// named lists names for a sentence, the first few of many.
func named(names []string) string {
	const most = 10
	text := all(names[:min(most, len(names))])
	if rest := len(names) - most; rest > 0 {
		text += fmt.Sprintf(" and %d more", rest)
	}
	return text
}

// all lists names for a sentence, each of them.
func all(names []string) string {
	var shown []string
	for _, name := range names {
		shown = append(shown, printable(name))
	}
	return strings.Join(shown, ", ")
}

// mostShown is how much of a name is shown, in bytes.
const mostShown = 200

// printable makes a text safe and short enough for a sentence.
func printable(s string) string {
	if quoted := strconv.QuoteToASCII(s[:min(len(s), mostShown)]); quoted != `"`+s+`"` {
		return quoted
	}
	return s
}
