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

type createIDInput struct {
	Reusable *bool `json:"reusable,omitempty" jsonschema:"the same ID again until an AWS account has it" default:"true"`
}

type createIDOutput struct {
	ExternalID            string `json:"externalId" jsonschema:"what the trust policy of the role has to demand as sts:ExternalId"`
	TailscaleAwsAccountID string `json:"tailscaleAwsAccountId" jsonschema:"the AWS account of Tailscale, which the trust policy has to let in; zeros at its beginning belong to it"`
	InUse                 string `json:"inUse,omitempty" jsonschema:"the external ID that the present stream of the audit log uses, if any"`
}

// Not idempotent: with reusable false each call makes another ID, and a linked
// one is not answered again.
func (s *streaming) createExternalID() tool.Tool {
	return tool.New(tool.Definition{
		Name:        "create_aws_external_id",
		Title:       "Get an external ID for AWS",
		Group:       group,
		Operations:  []string{"getLogStreamingConfiguration", "getAwsExternalId"},
		Class:       grant.Write,
		Example:     json.RawMessage(`{}`),
		Description: "Makes the external ID that, with the AWS account of Tailscale, goes into the trust policy of the IAM role for streaming to S3. Then validate_aws_external_id.",
	}, func(ctx context.Context, _ tool.Call, in createIDInput) (createIDOutput, error) {
		o, _, err := s.present(ctx, "configuration")
		if err != nil {
			return createIDOutput{}, err
		}
		made, err := s.api.Object(ctx, tsapi.Request{Op: "getAwsExternalId", Body: map[string]bool{"reusable": in.Reusable == nil || *in.Reusable}})
		if err != nil {
			return createIDOutput{}, err
		}
		if made.Text("externalId") == "" {
			return createIDOutput{}, &tsapi.Error{
				Code:    failure.UpstreamMalformed,
				Message: "the Tailscale API answered without an external ID",
				Next:    "use the admin console, under Logs",
			}
		}
		return createIDOutput{made.Text("externalId"), made.Text("tailscaleAwsAccountId"), o.Text("s3ExternalId")}, nil
	})
}
