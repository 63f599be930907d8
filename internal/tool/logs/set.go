// SPDX-License-Identifier: MIT

package logs

import (
	"context"
	"encoding/json"

	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/tool"
	"tailscale-mcp/internal/tsapi"
)

type setInput struct {
	LogType string `json:"logType" jsonschema:"which logs: configuration is the audit log, network are the flow logs" enum:"configuration,network"`
	endpoint
	tool.Confirmation
}

// endpoint is the body that the API takes: all documented fields that can be set.
type endpoint struct {
	DestinationType      string   `json:"destinationType" jsonschema:"what kind of service gets the logs" enum:"splunk,elastic,panther,cribl,datadog,axiom,crowdstrike,s3,gcs"`
	URL                  string   `json:"url,omitempty" jsonschema:"where the service takes logs, such as https://http-inputs.example.com/services/collector; for s3 only when it is not AWS"`
	User                 string   `json:"user,omitempty" jsonschema:"the user name at the service, such as that of elastic"`
	Token                string   `json:"token,omitempty" jsonschema:"the secret of the service, needed by all but cribl, s3 and gcs; give it again with every change; never shown again"`
	UploadPeriodMinutes  int      `json:"uploadPeriodMinutes,omitempty" jsonschema:"how many minutes to wait between uploads" min:"1" max:"1440"`
	CompressionFormat    string   `json:"compressionFormat,omitempty" jsonschema:"how uploads are compressed; absent is none" enum:"zstd,gzip,none"`
	S3Bucket             string   `json:"s3Bucket,omitempty" jsonschema:"for s3: the name of the bucket"`
	S3Region             string   `json:"s3Region,omitempty" jsonschema:"for s3: the region of the bucket, such as eu-west-1"`
	S3KeyPrefix          string   `json:"s3KeyPrefix,omitempty" jsonschema:"for s3: what the names of the objects begin with, such as audit-logs/"`
	S3AuthenticationType string   `json:"s3AuthenticationType,omitempty" jsonschema:"for s3: rolearn (recommended) or accesskey" enum:"accesskey,rolearn"`
	S3AccessKeyID        string   `json:"s3AccessKeyId,omitempty" jsonschema:"for s3 with accesskey: the ID of the access key"`
	S3SecretAccessKey    string   `json:"s3SecretAccessKey,omitempty" jsonschema:"for s3 with accesskey: the secret of the access key; never shown again"`
	S3RoleArn            string   `json:"s3RoleArn,omitempty" jsonschema:"for s3 with rolearn: the role, such as arn:aws:iam::000000000000:role/tailscale-log-writer; see create_aws_external_id"`
	GCSBucket            string   `json:"gcsBucket,omitempty" jsonschema:"for gcs: the name of the bucket"`
	GCSKeyPrefix         string   `json:"gcsKeyPrefix,omitempty" jsonschema:"for gcs: what the names of the objects begin with"`
	GCSScopes            []string `json:"gcsScopes,omitempty" jsonschema:"for gcs: the OAuth scopes for writing, such as https://www.googleapis.com/auth/devstorage.read_write"`
	GCSCredentials       string   `json:"gcsCredentials,omitempty" jsonschema:"for gcs: the JSON text of the workload identity credentials; never shown again"`
}

type setOutput struct {
	Previous tool.Object `json:"previous,omitempty" jsonschema:"where these logs went before, without secrets; absent when nowhere"`
	Stream   tool.Object `json:"stream,omitempty" jsonschema:"where they go now, without secrets"`
	Note     string      `json:"note,omitempty" jsonschema:"what to know when the new state could not be read"`
}

const setButUnread = "the change was made, and reading it back failed: do not repeat it; see get_log_streaming"

func (l *logs) setStream() tool.Tool {
	return tool.New(tool.Definition{
		Name:       "set_log_streaming",
		Title:      "Set where logs are streamed",
		Group:      group,
		Target:     "logType",
		Operations: []string{"getLogStreamingConfiguration", "setLogStreamingConfiguration"},
		Class:      grant.Escalating,
		Outside:    true,
		Idempotent: true,
		Example:    json.RawMessage(`{"logType":"configuration","destinationType":"splunk","url":"https://splunk.example.com/services/collector","token":"a-secret"}`),
		Description: "Sets the one destination of the audit log (configuration) or the flow logs (network). It replaces the present one: what went there goes to the new one from then on, " +
			"so whoever watches the old one is blind, and whoever holds the new one learns what happens in the tailnet. Use only a destination that the person has named. " +
			"All fields are replaced; what is left out is unset, so give the secrets again. s3 takes s3Bucket, s3Region and s3AuthenticationType: with rolearn first use create_aws_external_id " +
			"and validate_aws_external_id; gcs takes gcsBucket and gcsCredentials; the others take url and token. A destination inside the tailnet needs an API credential with more scopes: device_invites and policy_file. " +
			"Answers with the destination before and now, without secrets. Needs confirm. Three calls to the Tailscale API.",
	}, func(ctx context.Context, call tool.Call, in setInput) (setOutput, error) {
		if err := in.check(); err != nil {
			return setOutput{}, err
		}
		before, there, err := l.present(ctx, in.LogType)
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
		if err := l.api.Do(ctx, tsapi.Request{
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
		now, err := l.getStream(ctx, in.LogType)
		if err != nil {
			out.Note = setButUnread
			return out, nil //nolint:nilerr // the note says it; the change was made
		}
		out.Stream, err = streamKind.One(nil, now)
		return out, err
	})
}
