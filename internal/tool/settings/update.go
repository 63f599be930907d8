// SPDX-License-Identifier: MIT

package settings

import (
	"bytes"
	"context"
	"encoding/json"
	"net/url"
	"reflect"
	"strings"

	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/tool"
	"tailscale-mcp/internal/tsapi"
)

type updateInput struct {
	ACLsExternallyManagedOn *bool   `json:"aclsExternallyManagedOn,omitempty" jsonschema:"no edits in the admin console"`
	ACLsExternalLink        *string `json:"aclsExternalLink,omitempty" jsonschema:"URL of the policy file"`
	DevicesApprovalOn       *bool   `json:"devicesApprovalOn,omitempty"`
	DevicesAutoUpdatesOn    *bool   `json:"devicesAutoUpdatesOn,omitempty"`
	DevicesKeyDurationDays  *int    `json:"devicesKeyDurationDays,omitempty" jsonschema:"until a device has to log in again" min:"1" max:"180"`
	UsersApprovalOn         *bool   `json:"usersApprovalOn,omitempty"`
	JoinRole                *string `json:"usersRoleAllowedToJoinExternalTailnets,omitempty" enum:"none,admin,member"`
	NetworkFlowLoggingOn    *bool   `json:"networkFlowLoggingOn,omitempty"`
	RegionalRoutingOn       *bool   `json:"regionalRoutingOn,omitempty"`
	PostureIdentityOn       *bool   `json:"postureIdentityCollectionOn,omitempty"`
	HTTPSEnabled            *bool   `json:"httpsEnabled,omitempty"`
	RouteSelection          *string `json:"routeSelection,omitempty" jsonschema:"instead of regionalRoutingOn" enum:"active-passive-failover,regional-routing,regional-routing-failover"`
	tool.Confirmation
}

type updateOutput struct {
	Previous tool.Object `json:"previous" jsonschema:"the named settings before; one that could not be read is absent"`
	Now      tool.Object `json:"now" jsonschema:"all settings now"`
	Note     string      `json:"note,omitempty" jsonschema:"says so when nothing had to be changed"`
}

func update(api API) tool.Tool {
	return tool.New(tool.Definition{
		Name: "update_settings", Title: "Change tailnet settings", Group: group, Class: grant.Escalating, Idempotent: true,
		Operations:  []string{"getTailnetSettings", "updateTailnetSettings"},
		Example:     json.RawMessage(`{"devicesApprovalOn":true,"devicesKeyDurationDays":90}`),
		Description: "Changes the settings that are given; the others stay.",
	}, func(ctx context.Context, call tool.Call, in updateInput) (updateOutput, error) {
		changes, names := in.named()
		if err := in.check(len(names)); err != nil {
			return updateOutput{}, err
		}
		before, err := api.Settings(ctx)
		if err != nil {
			return updateOutput{}, err
		}
		out := updateOutput{Previous: tool.Object{}}
		var effects []string
		for _, name := range names {
			old, ok := before.Field(name)
			if !ok {
				old = json.RawMessage("unknown")
			} else {
				out.Previous[name] = old
			}
			if bytes.Equal(old, changes[name]) {
				continue
			}
			effects = append(effects, name+": "+string(old)+" -> "+string(changes[name]))
		}
		if len(effects) == 0 {
			out.Now, out.Note = tool.Whole(before), "the settings are like this already; nothing was sent"
			return out, nil
		}
		if err := call.Confirm(in.Confirmation, "settings", "changes settings of the whole tailnet ("+strings.Join(effects, ", ")+")"); err != nil {
			return updateOutput{}, err
		}
		// https://tailscale.com/api#tag/tailnetsettings/PATCH/tailnet/{tailnet}/settings
		now, err := api.Object(ctx, tsapi.Request{Op: "updateTailnetSettings", Body: changes})
		if err != nil {
			return updateOutput{}, err
		}
		out.Now = tool.Whole(now)
		return out, nil
	})
}

// named returns the settings that the call names, as JSON, and their names in the order
// above.
func (in updateInput) named() (tool.Object, []string) {
	changes := tool.Object{}
	var names []string
	v := reflect.ValueOf(in)
	for i := range v.NumField() {
		if v.Field(i).Kind() != reflect.Pointer || v.Field(i).IsNil() {
			continue
		}
		name, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("json"), ",")
		text, err := json.Marshal(v.Field(i).Interface())
		if err != nil {
			panic(err) // booleans, numbers and strings
		}
		changes[name] = text
		names = append(names, name)
	}
	return changes, names
}

func (in updateInput) check(named int) error {
	if named == 0 {
		return tool.Invalidf("name at least one setting, such as devicesApprovalOn; call get_settings to see them", "no setting is named")
	}
	if in.RegionalRoutingOn != nil && in.RouteSelection != nil {
		return tool.Invalidf("give routeSelection alone, which supersedes regionalRoutingOn", "regionalRoutingOn and routeSelection cannot be set in one call")
	}
	if link := in.ACLsExternalLink; link != nil && *link != "" {
		if u, err := url.Parse(*link); err != nil || u.Scheme == "" || u.Host == "" {
			return tool.Invalidf("give a whole address, such as https://github.com/example/policy", "aclsExternalLink is no address")
		}
	}
	return nil
}
