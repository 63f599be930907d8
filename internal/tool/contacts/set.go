// SPDX-License-Identifier: MIT

package contacts

import (
	"context"
	"encoding/json"
	"fmt"
	"net/mail"

	"tailscale-mcp/internal/failure"
	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/tool"
	"tailscale-mcp/internal/tsapi"
)

type setInput struct {
	Contact string `json:"contact" enum:"account,support,security"`
	Email   string `json:"email" jsonschema:"such as security@example.com"`
	tool.Confirmation
}

type setOutput struct {
	Previous tool.Object `json:"previous" jsonschema:"the contact before"`
	Contact  tool.Object `json:"contact,omitempty" jsonschema:"the contact now"`
	Note     string      `json:"note,omitempty" jsonschema:"what was done"`
}

func (c *contacts) set() tool.Tool {
	return tool.New(tool.Definition{
		Name: "set_contact", Title: "Set a contact address", Group: group, Target: "contact", Outside: true,
		// The reader of these mails learns of incidents, and can pass for an owner with Tailscale.
		Class:       grant.Escalating,
		Operations:  []string{"getContacts", "updateContact", "resendContactVerificationEmail"},
		Example:     json.RawMessage(`{"contact":"security","email":"new@example.com"}`),
		Description: "Sets whom Tailscale writes to. A new address is mailed for verification, and the previous one is used until then; an unverified one is mailed again.",
	}, c.change)
}

// change reads first, so that an address that is set already is not sent again.
//
// https://tailscale.com/api#tag/contacts/PATCH/tailnet/{tailnet}/contacts/{contactType}
func (c *contacts) change(ctx context.Context, call tool.Call, in setInput) (setOutput, error) {
	if a, err := mail.ParseAddress(in.Email); err != nil || a.Address != in.Email || len(in.Email) > 254 {
		return setOutput{}, tool.Invalidf("give one address without a name, such as security@example.com", "the argument email is no mail address")
	}
	before, err := c.one(ctx, in.Contact)
	if err != nil {
		return setOutput{}, err
	}
	out := setOutput{Previous: before}
	var email string
	if json.Unmarshal(before["email"], &email) != nil {
		email = "" // the API shows none: then any is new
	}
	switch {
	case email != in.Email:
		effect := fmt.Sprintf("has Tailscale write about %s to %q", in.Contact, in.Email)
		if email != "" {
			effect += fmt.Sprintf(" and, once that is verified, no longer to %q", tool.Clip(email))
		}
		if err := call.Confirm(in.Confirmation, in.Contact, effect); err != nil {
			return setOutput{}, err
		}
		out.Note = "the contact was changed; the new address gets a mail and has to be verified"
		err = c.api.Do(ctx, tsapi.Request{Op: "updateContact", Params: []string{in.Contact}, Body: map[string]string{"email": in.Email}})
	case string(before["needsVerification"]) == "true":
		out.Note = "the address was set already; its verification mail was sent again"
		err = c.api.Do(ctx, tsapi.Request{Op: "resendContactVerificationEmail", Params: []string{in.Contact}})
	default:
		out.Contact, out.Note = out.Previous, "the address was set and verified already; nothing was sent"
		return out, nil
	}
	if err != nil {
		return setOutput{}, err
	}
	now, err := c.one(ctx, in.Contact)
	if err != nil {
		out.Note += "; do not repeat the call: only reading the contact afterwards failed"
		return out, nil //nolint:nilerr // the note says it; the change was made
	}
	out.Contact = now
	return out, nil
}

func (c *contacts) one(ctx context.Context, name string) (tool.Object, error) {
	all, err := c.read(ctx)
	if err != nil {
		return nil, err
	}
	var contact tool.Object
	raw, ok := all.Field(name)
	if !ok || json.Unmarshal(raw, &contact) != nil {
		return nil, &tsapi.Error{
			Code: failure.NotFound, Op: "getContacts",
			Message: "the tailnet has no contact " + name, Next: "call get_contacts to see the contacts",
		}
	}
	return contact, nil
}
