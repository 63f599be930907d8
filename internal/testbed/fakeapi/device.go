// SPDX-License-Identifier: MIT

package fakeapi

import (
	"encoding/json"
	"maps"
	"slices"
)

// Device is a device as the API shows it. Times are RFC 3339.
type Device struct {
	Addresses                 []string `json:"addresses"`
	ID                        string   `json:"id"`
	NodeID                    string   `json:"nodeId"`
	User                      string   `json:"user"`
	Name                      string   `json:"name"`
	Hostname                  string   `json:"hostname"`
	ClientVersion             string   `json:"clientVersion"`
	UpdateAvailable           bool     `json:"updateAvailable"`
	OS                        string   `json:"os"`
	Created                   string   `json:"created"`
	ConnectedToControl        bool     `json:"connectedToControl"`
	LastSeen                  string   `json:"lastSeen,omitempty"` // left out while connected
	KeyExpiryDisabled         bool     `json:"keyExpiryDisabled"`
	Expires                   string   `json:"expires"`
	Authorized                bool     `json:"authorized"`
	IsExternal                bool     `json:"isExternal"`
	MachineKey                string   `json:"machineKey"`
	NodeKey                   string   `json:"nodeKey"`
	BlocksIncomingConnections bool     `json:"blocksIncomingConnections"`
	TailnetLockKey            string   `json:"tailnetLockKey"`
	TailnetLockError          string   `json:"tailnetLockError"`
	Tags                      []string `json:"tags"`
	IsEphemeral               bool     `json:"isEphemeral"`

	// Details are the fields that only fields=all shows; nil stands for none set.
	*Details

	// Extra are fields that the API may have one day.
	Extra map[string]any `json:"-"`
}

// Details are the fields of a device that only fields=all shows.
type Details struct {
	MultipleConnections bool             `json:"multipleConnections,omitempty"`
	EnabledRoutes       []string         `json:"enabledRoutes"`
	AdvertisedRoutes    []string         `json:"advertisedRoutes"`
	SSHEnabled          bool             `json:"sshEnabled"`
	ClientConnectivity  *Connectivity    `json:"clientConnectivity,omitempty"`
	PostureIdentity     *PostureIdentity `json:"postureIdentity,omitempty"`
	Distro              *Distro          `json:"distro,omitempty"`
}

// Connectivity is what a client has reported about its network.
type Connectivity struct {
	Endpoints             []string           `json:"endpoints"`
	MappingVariesByDestIP bool               `json:"mappingVariesByDestIP"`
	Latency               map[string]Latency `json:"latency"`
	ClientSupports        ClientSupports     `json:"clientSupports"`
}

// Latency is the way to one DERP region, in milliseconds.
type Latency struct {
	Preferred bool    `json:"preferred,omitempty"`
	Millis    float64 `json:"latencyMs"`
}

// ClientSupports lists what the client's network can do; nil is null: not known.
type ClientSupports struct {
	HairPinning *bool `json:"hairPinning"`
	IPv6        *bool `json:"ipv6"`
	PCP         *bool `json:"pcp"`
	PMP         *bool `json:"pmp"`
	UDP         *bool `json:"udp"`
	UPnP        *bool `json:"upnp"`
}

// PostureIdentity identifies the hardware, if that is collected.
type PostureIdentity struct {
	SerialNumbers []string `json:"serialNumbers,omitempty"`
	Disabled      bool     `json:"disabled,omitempty"`
}

// Distro is the distribution of a Linux device.
type Distro struct {
	Name     string `json:"name"`
	Version  string `json:"version"`
	CodeName string `json:"codeName"`
}

// encode returns the JSON of the device, with its details or without.
func (d Device) encode(all bool) json.RawMessage {
	if !all {
		d.Details = nil
	} else if d.Details == nil {
		d.Details = &Details{}
	}
	if d.Addresses == nil {
		d.Addresses = []string{}
	}
	if d.Tags == nil {
		d.Tags = []string{}
	}
	if d.Details != nil {
		details := *d.Details
		details.EnabledRoutes = append([]string{}, details.EnabledRoutes...)
		details.AdvertisedRoutes = append([]string{}, details.AdvertisedRoutes...)
		d.Details = &details
	}
	text := jsonAnswer(d).body
	for _, name := range slices.Sorted(maps.Keys(d.Extra)) {
		field := jsonAnswer(map[string]any{name: d.Extra[name]}).body
		text = append(append(text[:len(text)-1], ','), field[1:]...)
	}
	return text
}

// deviceTable holds the devices in the order in which they are listed. Encoding
// thousands of devices for each request would be most of a benchmark, so the
// texts are kept until the device changes.
type deviceTable struct {
	rows []*deviceRow
	byID map[string]*deviceRow // by node ID and by numeric ID
}

type deviceRow struct {
	Device
	custom  map[string]posture // posture attributes
	osName  string             // the name that an empty one goes back to
	text    [2]json.RawMessage
	decoded map[string]any // of the text with all fields, for filters
}

func (t *deviceTable) add(d Device) {
	row := &deviceRow{Device: d, osName: d.Hostname}
	if t.byID == nil {
		t.byID = map[string]*deviceRow{}
	}
	t.rows = append(t.rows, row)
	t.byID[d.NodeID] = row
	t.byID[d.ID] = row
}

func (t *deviceTable) remove(row *deviceRow) {
	t.rows = slices.DeleteFunc(t.rows, func(r *deviceRow) bool { return r == row })
	delete(t.byID, row.NodeID)
	delete(t.byID, row.ID)
}

// changed forgets the texts of a row.
func (r *deviceRow) changed() { r.text, r.decoded = [2]json.RawMessage{}, nil }

func (r *deviceRow) json(all bool) json.RawMessage {
	i := 0
	if all {
		i = 1
	}
	if r.text[i] == nil {
		r.text[i] = r.encode(all)
	}
	return r.text[i]
}

// fits reports whether a top-level field is value, or is a list that holds it.
// valid is false for a field that is an object, which the API does not filter by.
func (r *deviceRow) fits(field, value string) (fits, valid bool) {
	if r.decoded == nil {
		if err := json.Unmarshal(r.json(true), &r.decoded); err != nil {
			panic(err) // the text is this package's own
		}
	}
	switch v := r.decoded[field].(type) {
	case nil:
		return false, true
	case map[string]any:
		return false, false
	case []any:
		return slices.ContainsFunc(v, func(e any) bool { return scalar(e) == value }), true
	default:
		return scalar(v) == value, true
	}
}

func scalar(v any) string {
	if s, ok := v.(string); ok {
		return s
	}
	return string(jsonAnswer(v).body)
}
