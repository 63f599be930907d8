// SPDX-License-Identifier: MIT

package policy

import (
	"context"
	"strconv"

	"tailscale-mcp/internal/failure"
	"tailscale-mcp/internal/tool"
)

// managed refuses a change where the policy file of the tailnet is managed elsewhere,
// as in a repository: the next change there would undo it. Where the credential may not
// read that, the notes say so.
//
// https://tailscale.com/api#tag/tailnetsettings/GET/tailnet/{tailnet}/settings
func (c changer) managed(ctx context.Context) (notes []string, err error) {
	const unread = "the API credential may not read whether the policy file is managed elsewhere (the setting aclsExternallyManagedOn)"
	o, err := c.api.Settings(ctx)
	switch code := failure.CodeOf(err); {
	case code == failure.PermissionDenied || code == failure.MissingScope:
		return []string{unread}, nil
	case err != nil:
		return nil, err
	}
	switch on, known := o.Field("aclsExternallyManagedOn"); {
	case !known:
		return []string{unread}, nil
	case string(on) != "true":
		return nil, nil
	}
	at, next := "", "ask the administrators of the tailnet where that is; aclsExternalLink in the settings says nothing"
	if link := o.Text("aclsExternalLink"); link != "" {
		link = strconv.QuoteToASCII(tool.Clip(link))
		at, next = ", at "+link, "propose the change at "+link
	}
	return nil, &tool.Error{
		Code:    failure.Unsupported,
		Message: "nothing was changed: the policy file of this tailnet is managed elsewhere (the setting aclsExternallyManagedOn)" + at,
		Next:    next,
	}
}
