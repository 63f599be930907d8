// SPDX-License-Identifier: MIT

package manage

import (
	"errors"
	"fmt"

	godbus "github.com/godbus/dbus/v5"
)

// Given is what a unit is given of credentials, drop-ins included (systemd.exec(5)).
type Given struct {
	Set    []string // by name, in the unit itself
	Load   []Loaded
	Import []string // patterns of names, of what is in the stores
}

// Loaded is a credential that comes from a file: an absolute path, or a name to look for in
// the stores, where Encrypted ones are in those for such.
type Loaded struct {
	Name, Path string
	Encrypted  bool
}

var errCredentials = errors.New("systemd says of its credentials what cannot be read")

// given reads that from the properties of a unit. Older versions lack some of them.
func given(properties map[string]any) (g Given, err error) {
	store := func(name string, to any) {
		if value, ok := properties[name]; ok && godbus.Store([]any{value}, to) != nil {
			err = fmt.Errorf("%w: %s", errCredentials, name)
		}
	}
	type loaded struct{ Name, Path string }
	type set struct {
		Name  string
		Value []byte
	}
	for _, encrypted := range []bool{false, true} {
		suffix := ""
		if encrypted {
			suffix = "Encrypted"
		}
		var files []loaded
		var values []set
		store("LoadCredential"+suffix, &files)
		store("SetCredential"+suffix, &values)
		for _, f := range files {
			g.Load = append(g.Load, Loaded{f.Name, f.Path, encrypted})
		}
		for _, v := range values {
			g.Set = append(g.Set, v.Name)
		}
	}
	store("ImportCredential", &g.Import)
	return g, err
}
