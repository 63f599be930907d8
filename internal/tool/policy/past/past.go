// SPDX-License-Identifier: MIT

// Package past reads from the configuration audit log how the tailnet policy file was
// changed: by whom, by what, and from what to what. It imports tsapi, its period and failure;
// errors of the API pass through with their codes. What the log does not hold is
// empty, and never guessed.
package past

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"tailscale-mcp/internal/failure"
	"tailscale-mcp/internal/tsapi"
	"tailscale-mcp/internal/tsapi/period"
)

// Change is one change of the policy file as the log has it. Its texts are as others
// wrote them.
type Change struct {
	// ID names the change: its time and a digest of the group of its event, so that it
	// is the same in every answer.
	ID string
	// At is when the log says it was made.
	At time.Time
	// Who made it: the login, or the name or ID of what is no person.
	Who string
	// How says by what it was made, such as "the admin console".
	How string
	// Comment is what its author said of it; Failed why it was not made, empty when it was.
	Comment, Failed string
	// Old and New are the file before and after.
	Old, New File
}

// API is what is asked of the Tailscale API.
type API interface {
	ConfigurationLog(ctx context.Context, wanted tsapi.ConfigurationLog) ([]tsapi.Object, error)
}

// Read returns the changes of the policy file within a span, the oldest first, those
// that failed included.
func Read(ctx context.Context, api API, s period.Span) ([]Change, error) {
	found, err := api.ConfigurationLog(ctx, tsapi.ConfigurationLog{Start: s.Start, End: s.End, Event: []string{"TAILNET.UPDATE.ACL"}})
	if err != nil {
		return nil, err
	}
	var all []Change
	for _, o := range found {
		// A value before and after that is of something else must never become a file.
		if text(o, "target", "property") != "ACL" {
			continue
		}
		c, err := changeOf(o)
		if err != nil {
			return nil, &tsapi.Error{
				Code: failure.UpstreamMalformed, Op: "listConfigurationAuditLogs",
				Message: "an entry of the configuration audit log has no time that can be read, so what came after what is not known",
				Next:    "look at the entries with list_audit_logs",
			}
		}
		all = append(all, c)
	}
	slices.SortStableFunc(all, func(a, b Change) int { return a.At.Compare(b.At) })
	return all, nil
}

func changeOf(o tsapi.Object) (Change, error) {
	c := Change{
		Failed: o.Text("error"), Comment: o.Text("actionDetails"),
		Who: cmp.Or(text(o, "actor", "loginName"), text(o, "actor", "displayName"), text(o, "actor", "id"), "somebody whom the log does not name"),
		Old: fileOf(o, "old"), New: fileOf(o, "new"),
	}
	client := text(o, "actor", "type") == "OAUTH_CLIENT"
	switch origin := o.Text("origin"); {
	case origin == "CONFIG_API" && client:
		c.How = "the API with an OAuth client, as GitOps does"
	case origin == "CONFIG_API":
		c.How = "the API"
	case origin == "ADMIN_CONSOLE":
		c.How = "the admin console"
	case origin == "CONTROL":
		c.How = "Tailscale itself"
	case origin == "SUPPORT_REQUEST":
		c.How = "the support of Tailscale"
	case origin == "":
		c.How = "something that the log does not name"
	default:
		c.How = "what the log calls " + strconv.QuoteToASCII(origin)
	}
	var err error
	c.At, err = time.Parse(time.RFC3339, o.Text("eventTime"))
	sum := sha256.Sum256([]byte(o.Text("eventGroupID")))
	c.ID = c.Time() + "-" + hex.EncodeToString(sum[:4])
	return c, err
}

// text is a text in an object of an object; empty where there is none.
func text(o tsapi.Object, outer, inner string) string {
	value, _ := o.Field(outer)
	var fields map[string]json.RawMessage
	var s string
	if json.Unmarshal(value, &fields) != nil || json.Unmarshal(fields[inner], &s) != nil {
		return ""
	}
	return s
}

// Time is At as texts have it.
func (c Change) Time() string { return c.At.UTC().Format(time.RFC3339Nano) }

// TimeOf reads the time out of an ID.
func TimeOf(id string) (time.Time, error) {
	at, _, _ := strings.Cut(id, "Z-")
	return time.Parse(time.RFC3339, at+"Z")
}

// Made returns the newest change that was made; nil if there is none.
func Made(all []Change) *Change {
	for i := len(all) - 1; i >= 0; i-- {
		if all[i].Failed == "" {
			return &all[i]
		}
	}
	return nil
}

// Unlogged reports whether the log lacks a change between the one that was made before
// and c: what the one has left is not what the other found. A file that is not there
// tells nothing.
func (c Change) Unlogged(before *Change) bool {
	return before != nil && before.New.Text != "" && c.Old.Text != "" && !before.New.Same(c.Old)
}
