// SPDX-License-Identifier: MIT

package grant

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// conditions are what an entry sets for all of its selectors.
type conditions struct {
	devices *Devices  // nil: every device
	until   time.Time // zero: for good
	rate    Rate      // zero: any
}

func (c conditions) none() bool { return c.devices == nil && c.until.IsZero() && c.rate.Calls == 0 }

// holds reports whether the entry has not ended; without a time it has.
func (c conditions) holds(now time.Time) bool {
	return c.until.IsZero() || !now.IsZero() && now.Before(c.until)
}

// words are the conditions for Decision.By, which is part of each audit record: of
// many devices it names a few.
func (c conditions) words() string {
	const most = 4
	var all []string
	if c.devices != nil {
		list := c.devices.list
		text := "devices " + strings.Join(list[:min(most, len(list))], " ")
		if len(list) > most {
			text += fmt.Sprintf(" and %d more", len(list)-most)
		}
		all = append(all, text)
	}
	if !c.until.IsZero() {
		all = append(all, "until "+c.until.Format(time.RFC3339Nano))
	}
	if c.rate.Calls > 0 {
		all = append(all, "rate "+c.rate.String())
	}
	return " (" + strings.Join(all, ", ") + ")"
}

// members are the conditions as members of an entry in normal form, a comma before each.
func (c conditions) members() (members string) {
	if c.devices != nil {
		members += listText(keyDevices, c.devices.list)
	}
	if !c.until.IsZero() {
		members += fmt.Sprintf(`,"%s":"%s"`, keyUntil, c.until.Format(time.RFC3339Nano))
	}
	if c.rate.Calls > 0 {
		members += fmt.Sprintf(`,"%s":"%s"`, keyRate, c.rate)
	}
	return members
}

// Terms are the entries that allow something only for some devices or at some rate.
type Terms struct {
	Ways []Way // never empty
}

// Narrow reports whether some devices are left out; nil leaves out none.
func (t *Terms) Narrow() bool {
	return t != nil && !slices.ContainsFunc(t.Ways, func(w Way) bool { return w.Devices == nil })
}

// Way is what one of the entries allows by itself.
type Way struct {
	// Entry is the entry in normal form: what the calls of a caller are counted by.
	Entry string
	// Devices are the devices that it is for; nil means every one.
	Devices *Devices
	// Rate is how often it may be used; the zero Rate means any.
	Rate Rate
}

// Rate is a number of calls in a time: on average, and at once.
type Rate struct {
	Calls int
	Per   time.Duration
}

const (
	maxRate      = 1000000
	acceptedRate = `"rate" is a number of calls from 1 to 1000000, a slash and s, m, h or d, such as "30/m"`
)

var units = map[string]time.Duration{"s": time.Second, "m": time.Minute, "h": time.Hour, "d": 24 * time.Hour}

// String returns the rate as a grant spells it.
func (r Rate) String() string {
	for unit, per := range units {
		if per == r.Per {
			return strconv.Itoa(r.Calls) + "/" + unit
		}
	}
	return ""
}

func parseRate(s string) (Rate, error) {
	number, unit, _ := strings.Cut(s, "/")
	calls, err := strconv.Atoi(number)
	per, known := units[unit]
	if err != nil || !known || calls < 1 || calls > maxRate || strconv.Itoa(calls) != number {
		return Rate{}, fmt.Errorf("%s is not a rate; %s", quote(s), acceptedRate)
	}
	return Rate{calls, per}, nil
}

func parseUntil(s string) (time.Time, error) {
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil || t.Year() < 1970 || t.Year() > 9999 || strings.Contains(s, ",") {
		return time.Time{}, fmt.Errorf(`%s is not a time; "until" is one of RFC 3339 with its zone, such as "2026-12-24T18:00:00Z"`, quote(s))
	}
	return t.UTC(), nil
}

// Devices is a set of devices, as the tailnet names them: by a tag, by the login of
// the user whose device it is, by the stable ID of a node, by its machine name (the
// first label of its MagicDNS name, or all of it), or autogroup:self for those of the
// calling user. What a node reports of itself, such as its host name, is no part of it.
type Devices struct {
	list []string // sorted, without duplicates
}

// Device is what the tailnet knows of one device.
type Device struct {
	NodeID string   // stable ID
	Name   string   // MagicDNS name, with or without the dot at its end
	User   string   // login of its user; of no account for a tagged device
	Tags   []string // a tagged device is its tags and nobody's
	// Foreign marks a device that another tailnet shares with this one: its tags are
	// that tailnet's, and its machine name counts with the domain only.
	Foreign bool
}

const (
	self            = "autogroup:self"
	acceptedDevices = `"devices" is a list of tags (tag:ci), logins (alice@example.com), node IDs (n123CNTRL), machine names (web-1, web-1.example.ts.net) and autogroup:self`
)

// Cover reports whether device is one of these for the caller with this login, which
// is empty for a tagged caller: it has no devices of its own.
func (d *Devices) Cover(device Device, login string) bool {
	for _, s := range d.list {
		switch {
		case s == self:
			if login != "" && len(device.Tags) == 0 && device.User == login {
				return true
			}
		case strings.HasPrefix(s, "tag:"):
			if !device.Foreign && slices.Contains(device.Tags, s) {
				return true
			}
		case strings.Contains(s, "@"):
			if len(device.Tags) == 0 && device.User == s {
				return true
			}
		case s == device.NodeID || isMachine(s) && named(device, s):
			return true
		}
	}
	return false
}

func named(device Device, s string) bool {
	name := strings.ToLower(strings.TrimSuffix(device.Name, "."))
	label, _, _ := strings.Cut(name, ".")
	return name != "" && (s == name || s == label && !device.Foreign)
}

// isMachine reports whether s is a DNS name in lower case.
func isMachine(s string) bool {
	for label := range strings.SplitSeq(s, ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		for i := range len(label) {
			if c := label[i]; !isAlphanumeric(c) && c != '-' || 'A' <= c && c <= 'Z' {
				return false
			}
		}
	}
	return len(s) <= 253
}

func parseDevices(list []string) (*Devices, error) {
	for _, s := range list {
		if !isDevice(s) {
			return nil, fmt.Errorf("%s names no device; %s", quote(s), acceptedDevices)
		}
	}
	sorted := slices.Clone(list)
	slices.Sort(sorted)
	return &Devices{slices.Compact(sorted)}, nil
}

func isDevice(s string) bool {
	if s == self {
		return true
	}
	if tag, ok := strings.CutPrefix(s, "tag:"); ok {
		return isLabel(tag)
	}
	if local, domain, ok := strings.Cut(s, "@"); ok {
		// Such as alice@example.com, and alice@github.
		return len(s) <= 254 && isLogin(local) && isMachine(strings.ToLower(domain))
	}
	if id, ok := strings.CutSuffix(s, "CNTRL"); ok {
		return isLabel(id) && len(s) <= 64
	}
	return isMachine(s)
}

// isLabel reports whether s is letters, digits and hyphens.
func isLabel(s string) bool {
	for i := range len(s) {
		if !isAlphanumeric(s[i]) && s[i] != '-' {
			return false
		}
	}
	return s != "" && len(s) <= 63
}

func isLogin(s string) bool {
	for i := range len(s) {
		if !isAlphanumeric(s[i]) && strings.IndexByte("._+-", s[i]) < 0 {
			return false
		}
	}
	return s != ""
}
