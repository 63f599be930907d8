// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"errors"
	"fmt"

	"tailscale-mcp/internal/testbed/assistant/company"
	"tailscale-mcp/internal/testbed/assistant/expect"
)

// grantTasks are about what the policy file lets an assistant do.
func grantTasks() []task {
	return []task{
		{23, "an assistant that sees tag:dev only", "(on dev-agent) Which devices are there?", figures{"-", "-", 0}, 1, narrowed},
		{24, "somebody who reads tries a change", "(rita) Put vera into group:eng.", figures{"1", "0.4 kB", 1}, 1, refused},
		{25, "group:devices:read and no more", "(dan) Who are the people of this tailnet?", figures{"1", "7.6 kB", 1}, 1, devicesOnly},
	}
}

func narrowed(ctx context.Context, t *try) error {
	a := t.at[company.Agent]
	if _, err := devicesAre(ctx, a, nil, expect.Tagged(t.company, "tag:dev")); err != nil {
		return err
	}
	text, refused, err := a.call(ctx, "get_device_info", object{"device": "db-1"})
	if err != nil {
		return err
	}
	if !refused {
		return fmt.Errorf("db-1 is shown: %s", text)
	}
	return nil
}

// refused expects the refusal to be one that an administrator can act on.
func refused(ctx context.Context, t *try) error {
	text, err := t.at[company.Rita].refusal(ctx, "edit_policy", object{"operations": []object{{"op": "add_member", "name": "group:eng", "member": company.Login("vera")}}}, "access_denied")
	if err != nil {
		return err
	}
	if t.st.api.Policy() != t.company.Policy.Text {
		return errors.New("the policy file was changed")
	}
	return has("the refusal", text, `"edit_policy"`, company.Login("rita"), `"tag:mcp"`, "jaxxstorm.com/cap/mcp")
}

func devicesOnly(ctx context.Context, t *try) error {
	a := t.at[company.Dan]
	tools, err := a.tools(ctx)
	if err != nil {
		return err
	}
	if err := same("the tools", tools, []string{"whoami", "list_all_devices", "get_device_info"}); err != nil {
		return err
	}
	text, err := a.refusal(ctx, "list_users", nil, "access_denied")
	if err != nil {
		return err
	}
	return first(has("the refusal", text, `"list_users"`, company.Login("dan")), lacks("the refusal", text, "set_", "delete_"))
}
