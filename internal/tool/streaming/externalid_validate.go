// SPDX-License-Identifier: MIT

package streaming

import (
	"context"
	"encoding/json"
	"errors"
	"regexp"
	"strings"

	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/tool"
	"tailscale-mcp/internal/tsapi"
)

type validateInput struct {
	ExternalID string `json:"externalId" jsonschema:"of create_aws_external_id"`
	RoleArn    string `json:"roleArn" jsonschema:"such as arn:aws:iam::000000000000:role/log-writer"`
}

type validateOutput struct {
	RoleArn string `json:"roleArn" jsonschema:"the role that was checked"`
	Valid   bool   `json:"valid" jsonschema:"Tailscale can assume the role with this external ID, and not without it"`
	Reason  string `json:"reason,omitempty" jsonschema:"why it is not valid, in the words of the API"`
}

func (s *streaming) validateExternalID() tool.Tool {
	return tool.New(tool.Definition{
		Name:        "validate_aws_external_id",
		Title:       "Check the AWS role for streamed logs",
		Group:       group,
		Operations:  []string{"getLogStreamingConfiguration", "validateAwsExternalId"},
		Class:       grant.Read,
		Outside:     true,
		Example:     json.RawMessage(`{"externalId":"60fe9ce7-7791-4ab3-ab34-4294f5972725","roleArn":"arn:aws:iam::000000000000:role/tailscale-log-writer"}`),
		Description: "Checks that Tailscale can assume the IAM role with the external ID, and not without, or says why not.",
	}, func(ctx context.Context, _ tool.Call, in validateInput) (validateOutput, error) {
		id, role := strings.TrimSpace(in.ExternalID), strings.TrimSpace(in.RoleArn)
		if err := checkRole("roleArn", role); err != nil {
			return validateOutput{}, err
		}
		if len(id) > 128 || !idForm.MatchString(id) {
			return validateOutput{}, tool.Invalidf("give the externalId that create_aws_external_id answered with", "externalId is no external ID")
		}
		// The answer to the check has no content by which a page of somebody else's
		// could be told from it; this one has.
		if _, _, err := s.present(ctx, "configuration"); err != nil {
			return validateOutput{}, err
		}
		err := s.api.Do(ctx, tsapi.Request{Op: "validateAwsExternalId", Params: []string{id}, Body: map[string]string{"roleArn": role}})
		var e *tsapi.Error
		if errors.As(err, &e) && e.Status == 422 {
			return validateOutput{RoleArn: role, Reason: e.Message}, nil
		}
		return validateOutput{RoleArn: role, Valid: err == nil}, err
	})
}

var (
	idForm   = regexp.MustCompile(`^[0-9A-Za-z_-]+$`)
	roleForm = regexp.MustCompile(`^arn:aws[a-z-]*:iam::[0-9]{12}:role/[0-9A-Za-z_+=,.@/-]+$`)
)

func checkRole(name, role string) error {
	if _, name, _ := strings.Cut(role, ":role/"); len(name) > 600 || !roleForm.MatchString(role) {
		return tool.Invalidf("give the ARN of an IAM role, such as arn:aws:iam::000000000000:role/tailscale-log-writer", "%s is no ARN of an IAM role", name)
	}
	return nil
}
