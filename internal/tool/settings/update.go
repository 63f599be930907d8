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
	ACLsExternallyManagedOn *bool   `json:"aclsExternallyManagedOn,omitempty" jsonschema:"true stops edits of the policy file in the admin console"`
	ACLsExternalLink        *string `json:"aclsExternalLink,omitempty" jsonschema:"where the policy file is managed, such as https://github.com/example/policy"`
	DevicesApprovalOn       *bool   `json:"devicesApprovalOn,omitempty" jsonschema:"whether new devices need approval"`
	DevicesAutoUpdatesOn    *bool   `json:"devicesAutoUpdatesOn,omitempty" jsonschema:"whether devices update their client by themselves"`
	DevicesKeyDurationDays  *int    `json:"devicesKeyDurationDays,omitempty" jsonschema:"days until a device has to log in again, such as 90" min:"1" max:"180"`
	UsersApprovalOn         *bool   `json:"usersApprovalOn,omitempty" jsonschema:"whether new users need approval"`
	JoinRole                *string `json:"usersRoleAllowedToJoinExternalTailnets,omitempty" jsonschema:"which users may join other tailnets" enum:"none,admin,member"`
	NetworkFlowLoggingOn    *bool   `json:"networkFlowLoggingOn,omitempty" jsonschema:"whether network flow logs are kept"`
	RegionalRoutingOn       *bool   `json:"regionalRoutingOn,omitempty" jsonschema:"whether regional routing is on; not together with routeSelection"`
	PostureIdentityOn       *bool   `json:"postureIdentityCollectionOn,omitempty" jsonschema:"whether identifiers of devices are collected for posture"`
	HTTPSEnabled            *bool   `json:"httpsEnabled,omitempty" jsonschema:"whether devices may get HTTPS certificates"`
	RouteSelection          *string `json:"routeSelection,omitempty" jsonschema:"how one of several routers is chosen; not together with regionalRoutingOn" enum:"active-passive-failover,regional-routing,regional-routing-failover"`
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
		Operations: []string{"getTailnetSettings", "updateTailnetSettings"},
		Example:    json.RawMessage(`{"devicesApprovalOn":true,"devicesKeyDurationDays":90}`),
		Description: "Changes the settings of the tailnet that are named as arguments and leaves the others as they are. It can switch off the approval of devices and users, and flow logging; " +
			"a shorter key duration makes devices log in sooner. Called without confirm it changes nothing and shows each setting before and after. " +
			"Answers with the settings before and now. Two calls to the Tailscale API.",
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
