// SPDX-License-Identifier: MIT

package logs

import (
	"context"
	"encoding/json"

	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/tool"
	"tailscale-mcp/internal/tsapi"
)

type removeInput struct {
	LogType string `json:"logType" jsonschema:"which logs: configuration is the audit log, network are the flow logs" enum:"configuration,network"`
	tool.Confirmation
}

func (l *logs) removeStream() tool.Tool {
	return tool.NewRemoval(tool.Definition{
		Name:       "delete_log_streaming",
		Title:      "End the streaming of logs",
		Group:      group,
		Target:     "logType",
		Operations: []string{"getLogStreamingConfiguration", "disableLogStreaming"},
		Class:      grant.Destructive,
		Example:    json.RawMessage(`{"logType":"configuration"}`),
		Description: "Ends the streaming of the audit log (configuration) or the flow logs (network). Their destination gets nothing more, which can blind whoever watches it, " +
			"and the secrets that are stored for it are gone. Answers with the configuration as it was. Needs confirm. Two calls to the Tailscale API.",
	}, l.api, func(ctx context.Context, _ tool.Call, in removeInput) (tool.Removal, error) {
		o, err := l.getStream(ctx, in.LogType)
		if err != nil {
			return tool.Removal{}, err
		}
		shown, err := streamKind.One(nil, o)
		return tool.Removal{
			ID: in.LogType, Given: in.Confirmation, Name: in.LogType, Previous: shown,
			Effect:  "ends the streaming of the " + in.LogType + " logs to " + destination(o) + ", which gets nothing more; the secrets stored for it are gone",
			Request: tsapi.Request{Op: "disableLogStreaming", Params: []string{in.LogType}},
		}, err
	})
}
