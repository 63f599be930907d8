// SPDX-License-Identifier: MIT

package invites

import (
	"context"
	"net/mail"
	"slices"
	"strings"
	"unicode"

	"tailscale-mcp/internal/tool"
	"tailscale-mcp/internal/tsapi"
)

const mostEmails = 50

// checkEmails refuses a text that is no address, and an address that is given twice
// and would be invited twice, before anything is sent.
func checkEmails(emails []string) error {
	if len(emails) > mostEmails {
		return tool.Invalidf("invite fewer at once", "there are %d addresses, and at most %d are invited in one call", len(emails), mostEmails)
	}
	for n, email := range emails {
		// The person who confirms must see who is invited: invisible characters may turn a line around.
		hidden := strings.ContainsFunc(email, func(r rune) bool { return r == unicode.ReplacementChar || !unicode.IsPrint(r) })
		if a, err := mail.ParseAddress(email); err != nil || a.Address != email || hidden {
			return tool.Invalidf("write addresses like bob@example.com", "%.80q is no email address", email)
		}
		if slices.ContainsFunc(emails[:n], func(other string) bool { return strings.EqualFold(other, email) }) {
			return tool.Invalidf("name everybody once", "%.80q is there twice", email)
		}
	}
	return nil
}

// invited names the people that the invitations go to.
func invited(emails []string) string {
	if len(emails) == 0 {
		return "whoever holds the link"
	}
	return strings.Join(emails, ", ")
}

type createOutput struct {
	Invites []tool.Object `json:"invites" jsonschema:"the new invitations, with their links"`
	Note    string        `json:"note" jsonschema:"what to know about the links"`
}

func (i *invites) create(ctx context.Context, kind string, r tsapi.Request) (createOutput, error) {
	made, err := i.api.List(ctx, r, "")
	if err != nil {
		return createOutput{}, err
	}
	out := createOutput{Note: linkNote}
	out.Invites, err = kinds[kind].All(nil, made)
	return out, err
}
