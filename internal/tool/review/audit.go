// SPDX-License-Identifier: MIT

package review

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/survey"
	"tailscale-mcp/internal/tool"
	"tailscale-mcp/internal/tool/access/held"
	"tailscale-mcp/internal/tool/review/risk"
	"tailscale-mcp/internal/tsapi"
	"tailscale-mcp/internal/visible"
)

type auditInput struct {
	About string `json:"about,omitempty" jsonschema:"one area in full; absent: all in short" enum:"server,policy,credentials,people,shares,devices,settings"`
}

type auditOutput struct {
	Summary  string    `json:"summary"`
	Findings []finding `json:"findings" jsonschema:"the gravest first"`
	More     string    `json:"more,omitempty" jsonschema:"what is left out, and how to see it"`
	NotRead  []string  `json:"notRead,omitempty" jsonschema:"what could not be read and was not judged, and why"`
	Note     string    `json:"note,omitempty"`
}

// finding is a risk as it is shown.
type finding struct {
	Rank  string   `json:"rank" jsonschema:"high, medium or low"`
	Risk  string   `json:"risk"`
	Where []string `json:"where" jsonschema:"names, or lines of the policy file"`
	Why   string   `json:"why"`
	Next  string   `json:"next" jsonschema:"the tool to go on with"`
}

// bounds of an answer: bytes of findings, and names of each.
type bounds struct{ bytes, names int }

var (
	inShort = bounds{3400, 4}
	inFull  = bounds{24 << 10, 200}
)

func (r reviewer) audit() tool.Tool {
	return tool.New(tool.Definition{
		Name: "audit_tailnet", Title: "Find what is risky", Group: group, Class: grant.Read,
		Weight: weight,
		Operations: slices.Concat([]string{"getPolicyFile", "listTailnetDevices", "listUsers", "listTailnetKeys", "listUserInvites", "listWebhooks", "getTailnetSettings", "getDnsConfiguration"},
			survey.ShareOperations),
		Example:     json.RawMessage(`{}`),
		Description: "Ranks what is risky in the tailnet: policy, devices, keys, people, shares, settings, this server. Begin reviews of security with it.",
		Narrow:      "ask about one area",
	}, r.find)
}

func (r reviewer) find(ctx context.Context, call tool.Call, in auditInput) (out auditOutput, err error) {
	t := &tailnet{}
	parts := append(r.parts(t), part{"DNS", "getDnsConfiguration", func(ctx context.Context) (err error) {
		t.dns, err = r.api.Object(ctx, tsapi.Request{Op: "getDnsConfiguration"})
		return err
	}})
	if err := t.gather(ctx, parts); err != nil {
		return out, err
	}
	all, ids, err := r.judge(ctx, t)
	if err != nil {
		return out, err
	}
	shared, err := r.shared(ctx, call, t, ids)
	if err != nil {
		return out, err
	}
	all = risk.Sorted(append(all, shared...))
	if in.About != "" {
		all = slices.DeleteFunc(all, func(f risk.Finding) bool { return f.Area != in.About })
		out = show(all, inFull, in.About)
	} else {
		out = show(all, inShort, "")
	}
	for _, what := range t.notRead {
		out.NotRead = append(out.NotRead, visible.Text(what))
	}
	out.Note = elsewhere(t.settings)
	return out, nil
}

// identified is a device by its ID and name.
type identified struct{ id, name string }

// judge finds what is risky, but for shares, and returns the devices that may be shared.
func (r reviewer) judge(ctx context.Context, t *tailnet) (all []risk.Finding, ids []identified, err error) {
	f := &risk.Facts{
		Now: r.now(), Users: t.users, Keys: t.keys, Invites: t.invites, Webhooks: t.webhooks, Settings: t.settings, DNS: t.dns,
		Escalating: r.Escalating(), Own: r.api.Uses,
	}
	file := t.file
	if file == nil {
		file = nobody()
	}
	here := r.Host.ID(ctx)
	err = r.Evaluator.Outline(ctx, file, func(v survey.Evaluation) error {
		f.Devices = v.Devices
		if t.file != nil {
			f.Policy = v.Policies[0]
			if end, err := f.Policy.Endpoint(here); here != "" && err == nil {
				f.Holders = held.Grants(f.Policy.Holders(end, r.Capability))
			} else {
				t.notRead = append(t.notRead, "who may change this server: which node this host is, is not known")
			}
		}
		for i := range v.Devices {
			if d := &v.Devices[i]; !d.IsExternal {
				ids = append(ids, identified{d.NodeID, v.Tailnet.Devices[i].Name})
			}
		}
		all = risk.All(f)
		return nil
	})
	if err != nil {
		if ctx.Err() != nil {
			return nil, nil, err
		}
		t.note("devices, and what the policy file gives them", "listTailnetDevices", err)
		return risk.All(f), nil, nil
	}
	return all, ids, nil
}

// shared finds the devices that people outside reach.
func (r reviewer) shared(ctx context.Context, call tool.Call, t *tailnet, ids []identified) ([]risk.Finding, error) {
	names, order := map[string]string{}, []string(nil)
	for _, d := range ids {
		names[d.id] = d.name
		order = append(order, d.id)
	}
	s, err := r.Evaluator.Shares(ctx, call.Caller.Key(), order, mostShares)
	if err != nil {
		if ctx.Err() != nil {
			return nil, err
		}
		t.note("shares of devices", "listDeviceInvites", err)
		return nil, nil
	}
	if s.Unasked > 0 {
		t.notRead = append(t.notRead, fmt.Sprintf("shares of %d devices: not asked for, since that is one request each; list_invites with device shows those of one", s.Unasked))
	}
	f := &risk.Facts{Now: r.now(), Shared: map[string][]tsapi.Object{}}
	for id, invites := range s.Of {
		f.Shared[names[id]] = append(f.Shared[names[id]], invites...)
	}
	return risk.All(f), nil
}

// show puts findings into words within bounds, and counts what is left out. In full none
// is, however much there is of one: each has its share. about is the area that was asked
// for.
func show(all []risk.Finding, within bounds, about string) (out auditOutput) {
	out.Findings = []finding{}
	counts, left, room := map[string]int{}, map[string]int{}, within.bytes
	var areas []string
	for i, f := range all {
		counts[f.Rank]++
		share := room
		if within == inFull {
			share = room / (len(all) - i)
		}
		one, bytes := told(f, within.names, share)
		if bytes <= room {
			room -= bytes
			out.Findings = append(out.Findings, one)
			continue
		}
		left[f.Rank]++
		if !slices.Contains(areas, f.Area) {
			areas = append(areas, f.Area)
		}
	}
	out.Summary = counted(counts)
	switch {
	case len(left) == 0:
	case about != "":
		out.More = counted(left) + " more: call again when these are mended"
	default:
		out.More = fmt.Sprintf("%s more: call again about %s", counted(left), strings.Join(areas, ", "))
	}
	return out
}

// told is a finding as it is shown, with fewer names where it is larger than its share.
func told(f risk.Finding, names, share int) (one finding, bytes int) {
	for n := min(names, len(f.Where)); ; n /= 2 {
		one = finding{f.Rank, f.Risk, few(f.Where, n), f.Why, f.Next}
		text, _ := json.Marshal(one) // texts can always be written
		if len(text) <= share || n <= 1 {
			return one, len(text)
		}
	}
}

func counted(by map[string]int) string {
	var parts []string
	for _, rank := range []string{risk.High, risk.Medium, risk.Low} {
		if by[rank] > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", by[rank], rank))
		}
	}
	if len(parts) == 0 {
		return "nothing risky was found in what was read"
	}
	return strings.Join(parts, ", ")
}

// few bounds a list of names, and counts the rest.
func few(names []string, most int) []string {
	if len(names) <= most {
		return names
	}
	return append(slices.Clone(names[:most]), fmt.Sprintf("and %d more", len(names)-most))
}
