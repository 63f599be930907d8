// SPDX-License-Identifier: MIT

package tsapi

import (
	"errors"
	"fmt"

	"tailscale-mcp/internal/tsapi/object"
)

// Device is one device of the tailnet: the fields that listings are made of,
// decoded, and the whole object as the API sent it.
//
// Strings are as the API has them, times in RFC 3339. A field that is missing or
// null is the zero value; [Object.Field] tells the difference.
type Device struct {
	Object

	NodeID        string   // preferred ID
	ID            string   // legacy numeric ID
	Name          string   // MagicDNS name, fully qualified
	Hostname      string   // machine name in the admin console
	User          string   // who registered it; the owner, unless it is tagged
	OS            string   // operating system
	ClientVersion string   // of Tailscale; empty for external devices
	Created       string   // time; empty for external devices
	LastSeen      string   // time; missing while connected, and before the first connection
	Expires       string   // time when the node key expires; see KeyExpiryDisabled
	Addresses     []string // Tailscale addresses, IPv4 and IPv6
	Tags          []string // tags that own the device

	UpdateAvailable           bool // a newer Tailscale is available
	ConnectedToControl        bool // has held a connection to the control server recently
	KeyExpiryDisabled         bool // the node key never expires
	Authorized                bool // approved for the tailnet
	IsExternal                bool // shared with the tailnet, not a member
	IsEphemeral               bool // removed by itself when it goes offline
	BlocksIncomingConnections bool // refuses everything inbound, pings too

	saysConnected bool
}

// Online reports whether the device is connected. Where the API does not say so
// itself, a missing LastSeen means yes.
func (d *Device) Online() bool {
	if d.saysConnected {
		return d.ConnectedToControl
	}
	return d.LastSeen == ""
}

// newDevice decodes the typed fields. One of another type than documented is an
// error: its zero value would state something that the API did not.
func newDevice(o Object) (Device, error) {
	d := Device{Object: o}
	for name, value := range o.Members() {
		if value == "null" {
			continue
		}
		var err error
		switch name {
		case "nodeId":
			d.NodeID, err = object.Unquote(value)
		case "id":
			d.ID, err = object.Unquote(value)
		case "name":
			d.Name, err = object.Unquote(value)
		case "hostname":
			d.Hostname, err = object.Unquote(value)
		case "user":
			d.User, err = object.Unquote(value)
		case "os":
			d.OS, err = object.Unquote(value)
		case "clientVersion":
			d.ClientVersion, err = object.Unquote(value)
		case "created":
			d.Created, err = object.Unquote(value)
		case "lastSeen":
			d.LastSeen, err = object.Unquote(value)
		case "expires":
			d.Expires, err = object.Unquote(value)
		case "addresses":
			d.Addresses, err = stringList(value)
		case "tags":
			d.Tags, err = stringList(value)
		case "updateAvailable":
			d.UpdateAvailable, err = boolean(value)
		case "connectedToControl":
			d.saysConnected = true
			d.ConnectedToControl, err = boolean(value)
		case "keyExpiryDisabled":
			d.KeyExpiryDisabled, err = boolean(value)
		case "authorized":
			d.Authorized, err = boolean(value)
		case "isExternal":
			d.IsExternal, err = boolean(value)
		case "isEphemeral":
			d.IsEphemeral, err = boolean(value)
		case "blocksIncomingConnections":
			d.BlocksIncomingConnections, err = boolean(value)
		}
		if err != nil {
			return Device{}, fmt.Errorf("the field %s: %w", name, err)
		}
	}
	if d.NodeID == "" && d.ID == "" {
		return Device{}, errors.New("neither nodeId nor id is there")
	}
	return d, nil
}

func boolean(text string) (bool, error) {
	if text != "true" && text != "false" {
		return false, fmt.Errorf("it is %s, not a boolean", object.TypeName(text))
	}
	return text == "true", nil
}

func stringList(text string) ([]string, error) {
	if text[0] != '[' {
		return nil, fmt.Errorf("it is %s, not an array", object.TypeName(text))
	}
	list := make([]string, 0, 2)
	for element := range object.Elements(text) {
		s, err := object.Unquote(element)
		if err != nil {
			return nil, err
		}
		list = append(list, s)
	}
	return list, nil
}
