// SPDX-License-Identifier: MIT

package streaming

import (
	"context"
	"encoding/json"

	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/tool"
	"tailscale-mcp/internal/tsapi"
)

type setInput struct {
	LogType string `json:"logType" jsonschema:"configuration: the audit log; network: the flow logs" enum:"configuration,network"`
	endpoint
	tool.Confirmation
}

// endpoint is the body that the API takes: all documented fields that can be set.
type endpoint struct {
	DestinationType      string   `json:"destinationType" jsonschema:"s3 needs s3Bucket, s3Region, s3AuthenticationType; gcs gcsBucket, gcsCredentials; others url and (but cribl) token" enum:"splunk,elastic,panther,cribl,datadog,axiom,crowdstrike,s3,gcs"`
	URL                  string   `json:"url,omitempty" jsonschema:"of the service; for s3 if not AWS"`
	User                 string   `json:"user,omitempty" jsonschema:"name there"`
	Token                string   `json:"token,omitempty" jsonschema:"secret there"`
	UploadPeriodMinutes  int      `json:"uploadPeriodMinutes,omitempty" jsonschema:"of uploads" min:"1" max:"1440"`
	CompressionFormat    string   `json:"compressionFormat,omitempty" jsonschema:"of uploads" enum:"zstd,gzip,none"`
	S3Bucket             string   `json:"s3Bucket,omitempty" jsonschema:"its name"`
	S3Region             string   `json:"s3Region,omitempty" jsonschema:"such as eu-west-1"`
	S3KeyPrefix          string   `json:"s3KeyPrefix,omitempty" jsonschema:"such as audit-logs/"`
	S3AuthenticationType string   `json:"s3AuthenticationType,omitempty" jsonschema:"rolearn is recommended" enum:"accesskey,rolearn"`
	S3AccessKeyID        string   `json:"s3AccessKeyId,omitempty" jsonschema:"for accesskey"`
	S3SecretAccessKey    string   `json:"s3SecretAccessKey,omitempty" jsonschema:"for accesskey"`
	S3RoleArn            string   `json:"s3RoleArn,omitempty" jsonschema:"for rolearn"`
	GCSBucket            string   `json:"gcsBucket,omitempty" jsonschema:"its name"`
	GCSKeyPrefix         string   `json:"gcsKeyPrefix,omitempty" jsonschema:"of objects"`
	GCSScopes            []string `json:"gcsScopes,omitempty" jsonschema:"OAuth, for writing"`
	GCSCredentials       string   `json:"gcsCredentials,omitempty" jsonschema:"JSON text"`
}

type setOutput struct {
	Previous tool.Object `json:"previous,omitempty" jsonschema:"where these logs went before, without secrets; absent when nowhere"`
	Stream   tool.Object `json:"stream,omitempty" jsonschema:"where they go now, without secrets"`
	Note     string      `json:"note,omitempty" jsonschema:"what to know when the new state could not be read"`
}

const setButUnread = "the change was made, and reading it back failed: do not repeat it; see get_log_streaming"

func (s *streaming) set() tool.Tool {
	return tool.New(tool.Definition{
		Name:        "set_log_streaming",
		Title:       "Set where logs are streamed",
		Group:       group,
		Target:      "logType",
		Operations:  []string{"getLogStreamingConfiguration", "setLogStreamingConfiguration"},
		Class:       grant.Escalating,
		Outside:     true,
		Idempotent:  true,
		Example:     json.RawMessage(`{"logType":"configuration","destinationType":"splunk","url":"https://splunk.example.com/services/collector","token":"a-secret"}`),
		Description: "Replaces where logs go, all fields of it: give secrets again. Only to a destination that the person named. For rolearn first use create_aws_external_id.",
	}, func(ctx context.Context, call tool.Call, in setInput) (setOutput, error) {
		if err := in.check(); err != nil {
			return setOutput{}, err
		}
		before, there, err := s.present(ctx, in.LogType)
		if err != nil {
			return setOutput{}, err
		}
		effect := "sends the " + in.LogType + " logs of the tailnet from now on to " + where(in.DestinationType, in.URL, in.S3Bucket, in.GCSBucket)
		if there {
			effect += " and no longer to " + destination(before) + ", the stored secrets of which are gone"
		} else {
			effect += "; until now they are streamed nowhere, as far as the API credential may see"
		}
		effect += warning(in.URL)
		if err := call.Confirm(in.Confirmation, in.LogType, effect); err != nil {
			return setOutput{}, err
		}
		if err := s.api.Do(ctx, tsapi.Request{
			Op: "setLogStreamingConfiguration", Params: []string{in.LogType}, Body: in.endpoint,
			Secrets: []string{in.Token, in.S3SecretAccessKey, in.GCSCredentials},
		}); err != nil {
			return setOutput{}, err
		}
		var out setOutput
		if there {
			if out.Previous, err = streamKind.One(nil, before); err != nil {
				return setOutput{}, err
			}
		}
		now, err := s.read(ctx, in.LogType)
		if err != nil {
			out.Note = setButUnread
			return out, nil //nolint:nilerr // the note says it; the change was made
		}
		out.Stream, err = streamKind.One(nil, now)
		return out, err
	})
}
