// SPDX-License-Identifier: MIT

package streaming

import (
	"context"
	"encoding/json"

	"tailscale-mcp/internal/failure"
	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/tool"
	"tailscale-mcp/internal/tsapi"
)

// streamKind never shows a secret. The API document does not mark gcsCredentials
// as write-only.
var streamKind = tool.Kind{
	Documented: []string{
		"logType", "destinationType", "url", "user", "uploadPeriodMinutes", "compressionFormat", "s3Bucket", "s3Region", "s3KeyPrefix",
		"s3AuthenticationType", "s3AccessKeyId", "s3RoleArn", "s3ExternalId", "gcsBucket", "gcsKeyPrefix", "gcsScopes",
	},
	Secret: []string{"token", "s3SecretAccessKey", "gcsCredentials"},
}

type streamInput struct {
	LogType string `json:"logType" jsonschema:"configuration: the audit log; network: the flow logs" enum:"configuration,network"`
}

type streamOutput struct {
	Stream tool.Object `json:"stream" jsonschema:"where the logs go, without secrets"`
	Status tool.Object `json:"status,omitempty" jsonschema:"how it goes: lastActivity, lastError (empty is none) and counts of what was sent and what failed; absent when the API has none yet"`
}

func (s *streaming) get() tool.Tool {
	return tool.New(tool.Definition{
		Name:        "get_log_streaming",
		Title:       "Show where logs are streamed",
		Group:       group,
		Operations:  []string{"getLogStreamingConfiguration", "getLogStreamingStatus"},
		Class:       grant.Read,
		Example:     json.RawMessage(`{"logType":"configuration"}`),
		Description: "Shows where logs are streamed to, last activity, last error and counts; not_found means nowhere.",
	}, func(ctx context.Context, _ tool.Call, in streamInput) (streamOutput, error) {
		o, err := s.read(ctx, in.LogType)
		if err != nil {
			return streamOutput{}, err
		}
		status, err := s.api.Object(ctx, tsapi.Request{Op: "getLogStreamingStatus", Params: []string{in.LogType}})
		// That it is streamed is known by now, and not_found would say that it is not.
		if err != nil && failure.CodeOf(err) != failure.NotFound {
			return streamOutput{}, err
		}
		shown, err := streamKind.All(nil, []tsapi.Object{o, status})
		if err != nil {
			return streamOutput{}, err
		}
		return streamOutput{shown[0], shown[1]}, nil
	})
}
