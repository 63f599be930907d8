// SPDX-License-Identifier: MIT

// Package view has what callers are shown of a device: the fields that they ask for,
// and the objects that the API keeps beside it. It knows no caller: whoever asks has
// looked the device up for one.
package view

import (
	"encoding/json"
	"slices"

	"tailscale-mcp/internal/tool"
	"tailscale-mcp/internal/tool/devices/lookup"
	"tailscale-mcp/internal/tsapi"
)

// Our own fields.
const (
	// online is there because what lastSeen means is easily misread: the API omits it
	// for a device that is connected right now.
	online = "online"
	// address is the first of the addresses, which does where one is wanted.
	address = "address"
	// unapproved are the routes that somebody still has to approve.
	unapproved = "unapprovedRoutes"
)

// everything is the name in place of a field that asks for all of them.
const everything = "all"

// usual are the fields that the API sends unasked, and ours.
var usual = []string{
	online, address, "addresses", "authorized", "blocksIncomingConnections", "clientVersion", "connectedToControl", "created", "expires", "hostname",
	"id", "isEphemeral", "isExternal", "keyExpiryDisabled", "lastSeen", "machineKey", "name", "nodeId", "nodeKey", "os", "tags",
	"tailnetLockError", "tailnetLockKey", "updateAvailable", "user",
}

// documented are all fields of the API's document
// (https://tailscale.com/api#tag/devices/GET/tailnet/{tailnet}/devices). Any of
// them may be absent.
var documented = append(slices.Clone(usual),
	unapproved, "advertisedRoutes", "clientConnectivity", "distro", "enabledRoutes", "multipleConnections", "postureIdentity", "sshEnabled")

// Listed are the fields that a caller is offered for a list: those that answer questions
// about many. Others are taken, too.
var Listed = slices.DeleteFunc(slices.Clone(documented), func(name string) bool {
	return slices.Contains([]string{
		"address", "blocksIncomingConnections", "clientConnectivity", "connectedToControl", "distro", "id", "isExternal", "machineKey", "multipleConnections", "nodeKey", "postureIdentity", "tailnetLockError", "tailnetLockKey", "unapprovedRoutes", "updateAvailable",
	}, name)
})

// Alone is the default projection of one device.
var Alone = append([]string{"nodeId", "name", "addresses", "os", "user", "tags", online, "lastSeen", "updateAvailable", "isExternal"},
	"id", "hostname", "clientVersion", "created", "expires", "keyExpiryDisabled", "authorized", "isEphemeral", "blocksIncomingConnections",
	"enabledRoutes", "advertisedRoutes", "sshEnabled", "distro", "multipleConnections", "tailnetLockError")

// Distinct returns each of the fields once: what a projection costs must not
// grow with how often a field is named.
func Distinct(fields []string) []string {
	return slices.Compact(slices.Sorted(slices.Values(fields)))
}

// BeyondUsual reports whether the API has to be asked for more than it sends
// unasked. A field that we do not know may be a new one of the others.
func BeyondUsual(fields []string) bool {
	return slices.ContainsFunc(fields, func(name string) bool { return !slices.Contains(usual, name) })
}

// Project returns the fields of a device that are asked for, or those of the
// default projection when none are. One that it lacks, or that is null, which is
// the same said with more words, is left out.
//
// It goes through the device once: looking for each field by itself takes several
// times as long.
func Project(d tsapi.Device, fields, byDefault []string) tool.Object {
	switch {
	case slices.Contains(fields, everything):
		return Whole(d)
	case len(fields) == 0:
		fields = byDefault
	}
	o := make(tool.Object, len(fields))
	for name, value := range d.Fields() {
		if slices.Contains(fields, name) && string(value) != "null" {
			o[name] = value
		}
	}
	if slices.Contains(fields, online) {
		o[online] = isOnline(d)
	}
	if slices.Contains(fields, address) && len(d.Addresses) > 0 {
		o[address] = text(d.Addresses[0])
	}
	if slices.Contains(fields, unapproved) {
		o[unapproved] = text(append([]string{}, lookup.UnapprovedRoutes(d)...))
	}
	return o
}

// text is a value as JSON.
func text(value any) json.RawMessage {
	encoded, err := json.Marshal(value)
	if err != nil {
		panic("encoding texts: " + err.Error()) // cannot happen
	}
	return encoded
}

// Whole returns all fields of a device as they came, and ours.
func Whole(d tsapi.Device) tool.Object {
	o := tool.Object{}
	for name, value := range d.Fields() {
		o[name] = value
	}
	o[online] = isOnline(d)
	return o
}

// isOnline returns the value of the field online.
func isOnline(d tsapi.Device) json.RawMessage {
	if d.Online() {
		return json.RawMessage("true")
	}
	return json.RawMessage("false")
}

// Check refuses a field that the API does not document and none of found
// has. All that were found count and not only those of one page: a field that
// only some devices have would be refused in the middle of the list otherwise.
// Of no device there is nothing to be left out.
func Check(found []tsapi.Device, fields []string) error {
	if len(found) == 0 {
		return nil
	}
	const named = 20 // devices whose fields a refusal names
	witnesses := []tool.Object{}
	for _, name := range fields {
		if name == everything || slices.Contains(documented, name) {
			continue
		}
		i := slices.IndexFunc(found, func(d tsapi.Device) bool { _, ok := d.Field(name); return ok })
		if i < 0 {
			for _, device := range found[:min(named, len(found))] {
				witnesses = append(witnesses, Whole(device))
			}
			break
		}
		witnesses = append(witnesses, tool.Object{name: nil})
	}
	return tool.CheckFields(witnesses, fields, documented)
}
