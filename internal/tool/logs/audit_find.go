// SPDX-License-Identifier: MIT

package logs

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"

	"tailscale-mcp/internal/failure"
	"tailscale-mcp/internal/tsapi"
	"tailscale-mcp/internal/tsapi/period"
)

// candidates are what filters could have been: of each the most frequent in the window.
type candidates struct {
	Actors  []string `json:"actors,omitempty"`
	Targets []string `json:"targets,omitempty"`
	Events  []string `json:"events,omitempty"`
}

const (
	noteLoose = "nothing fits to the letter; these fit in any case, or by the property or type of the target"
	noteNone  = "nothing fits; candidates are what was changed in this window, by whom"
	noteEmpty = "nothing was changed in this window"
	noteLarge = "nothing fits, and the window has too much in it to look for what was meant: ask for a shorter one"
)

// findAudit returns the entries of a window that fit a filter. The API compares to the
// letter, with names and IDs only: where nothing fits so, all of the window is compared
// here, or the answer would be that nothing was done.
func (l *logs) findAudit(ctx context.Context, when period.Span, f auditFilter) (found []tsapi.Object, note string, near *candidates, err error) {
	wanted := tsapi.ConfigurationLog{Start: when.Start, End: when.End, Actor: f.Actor, Target: f.Target, Event: f.Event}
	found, err = l.api.ConfigurationLog(ctx, wanted)
	switch {
	case err != nil || len(found) > 0:
		return found, "", nil, err
	case len(f.Actor)+len(f.Target)+len(f.Event) == 0:
		return nil, noteEmpty, nil, nil
	}
	all, err := l.api.ConfigurationLog(ctx, tsapi.ConfigurationLog{Start: when.Start, End: when.End})
	switch {
	case failure.CodeOf(err) == failure.ResultTooLarge:
		return nil, noteLarge, nil, nil
	case err != nil:
		return nil, "", nil, err
	case len(all) == 0:
		return nil, noteEmpty, nil, nil
	}
	for _, o := range all {
		if f.fits(o) {
			found = append(found, o)
		}
	}
	if len(found) > 0 {
		return found, noteLoose, nil, nil
	}
	return nil, noteNone, candidatesOf(all), nil
}

// fits compares in any case, and with all that an entry says of its actor and target.
func (f auditFilter) fits(o tsapi.Object) bool {
	actor, target := part(o, "actor"), part(o, "target")
	return fitsOne(f.Actor, strings.Join([]string{actor.Text("id"), actor.Text("loginName"), actor.Text("displayName")}, "\n")) &&
		fitsOne(f.Target, strings.Join([]string{target.Text("id"), target.Text("name"), target.Text("property"), target.Text("type")}, "\n")) &&
		fitsOne(f.Event, eventOf(o))
}

// fitsOne reports whether there is no filter, or the text has one of them in it.
func fitsOne(filters []string, text string) bool {
	text = strings.ToLower(text)
	return len(filters) == 0 || slices.ContainsFunc(filters, func(filter string) bool {
		return strings.Contains(text, strings.ToLower(strings.Trim(filter, "~ \t\r\n")))
	})
}

// eventOf is the event of an entry as the filter has it.
func eventOf(o tsapi.Object) string {
	target := part(o, "target")
	event := target.Text("type") + "." + o.Text("action")
	if property := target.Text("property"); property != "" {
		event += "." + property
	}
	return event
}

func candidatesOf(all []tsapi.Object) *candidates {
	actors, targets, events := map[string]int{}, map[string]int{}, map[string]int{}
	for _, o := range all {
		actor, target := part(o, "actor"), part(o, "target")
		actors[cmp.Or(actor.Text("loginName"), actor.Text("displayName"), actor.Text("id"))]++
		targets[cmp.Or(target.Text("name"), target.Text("id"))]++
		events[eventOf(o)]++
	}
	return &candidates{mostFrequent(actors), mostFrequent(targets), mostFrequent(events)}
}

func mostFrequent(counted map[string]int) []string {
	const most = 10
	delete(counted, "")
	names := slices.SortedFunc(maps.Keys(counted), func(a, b string) int {
		return cmp.Or(cmp.Compare(counted[b], counted[a]), strings.Compare(a, b))
	})
	return names[:min(most, len(names))]
}
