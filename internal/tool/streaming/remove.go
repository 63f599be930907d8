// SPDX-License-Identifier: MIT

package streaming

import (
	"context"
	"encoding/json"

	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/tool"
	"tailscale-mcp/internal/tsapi"
)

type removeInput struct {
	LogType string `json:"logType" jsonschema:"configuration is the audit log" enum:"configuration,network"`
	tool.Confirmation
}

func (s *streaming) remove() tool.Tool {
	return tool.NewRemoval(tool.Definition{
		Name:        "delete_log_streaming",
		Title:       "End the streaming of logs",
		Group:       group,
		Target:      "logType",
		Operations:  []string{"getLogStreamingConfiguration", "disableLogStreaming"},
		Class:       grant.Destructive,
		Example:     json.RawMessage(`{"logType":"configuration"}`),
		Description: "Ends the streaming of logs: whoever watches their destination is blind. Answers with what was set.",
	}, s.api, func(ctx context.Context, _ tool.Call, in removeInput) (tool.Removal, error) {
		o, err := s.read(ctx, in.LogType)
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
