// SPDX-License-Identifier: MIT

package manage

import (
	"bytes"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	godbus "github.com/godbus/dbus/v5"
	"github.com/google/go-cmp/cmp"
)

// TestCredentialsGiven: a credential that a drop-in gives is not said to be missing, wherever
// it comes from; one that is not where the drop-in says is.
func TestCredentialsGiven(t *testing.T) {
	d := newDesk(t)
	root := t.TempDir()
	store, elsewhere := filepath.Join(root, "credstore"), filepath.Join(root, "elsewhere")
	d.Credentials, d.Handed = []string{store}, []string{filepath.Join(root, "system")}
	put := func(folder, name string) string {
		t.Helper()
		err := os.MkdirAll(folder, 0o700)
		if err == nil {
			err = os.WriteFile(filepath.Join(folder, name), nil, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
		return filepath.Join(folder, name)
	}
	put(store+".encrypted", "files.a")
	put(store+".encrypted", "files.other")
	put(d.Handed[0], "files.handed")
	there, folder := put(elsewhere, "token"), filepath.Dir(put(filepath.Join(elsewhere, "dir"), "b"))
	plain := Loaded{Name: "files.a", Path: "files.a"} // of the unit that is made
	for what, c := range map[string]struct {
		name  string
		given Given
		want  string
	}{
		"nowhere":                     {"files.b", Given{Load: []Loaded{{Name: "files.b", Path: "files.b"}}}, "the credential files.b is not in " + store + ": put it into"},
		"encrypted, by nobody":        {"files.a", Given{Load: []Loaded{plain}}, "the credential files.a is not in " + store + ": put it into"},
		"encrypted":                   {"files.a", Given{Load: []Loaded{{"files.a", "files.a", true}}}, ""},
		"encrypted, of another name":  {"files.b", Given{Load: []Loaded{{"files.b", "files.other", true}}}, ""},
		"encrypted, not there":        {"files.b", Given{Load: []Loaded{{"files.b", "files.b", true}}}, "the credential files.b is not in " + store + ".encrypted, " + store + ", where its unit takes it from"},
		"by path":                     {"files.b", Given{Load: []Loaded{{"files.b", there, false}}}, ""},
		"by path, encrypted":          {"files.b", Given{Load: []Loaded{{"files.b", there, true}}}, ""},
		"by path, not there":          {"files.b", Given{Load: []Loaded{{"files.b", there + "2", true}}}, "the credential files.b is not in " + there + "2, where its unit takes it from"},
		"of a folder":                 {"files.x_b", Given{Load: []Loaded{{"files.x", folder, false}}}, ""},
		"of a folder, not there":      {"files.x_c", Given{Load: []Loaded{{"files.x", folder, false}}}, "the credential files.x_c is not in " + store},
		"in the unit":                 {"files.b", Given{Set: []string{"files.b"}}, ""},
		"imported":                    {"files.a", Given{Load: []Loaded{plain}, Import: []string{"files.*"}}, ""},
		"imported, not there":         {"files.b", Given{Import: []string{"files.*"}}, "the credential files.b is not in " + store},
		"handed down by what booted":  {"files.handed", Given{Load: []Loaded{{"files.handed", "files.handed", false}}}, ""},
		"imported, of another server": {"files.a", Given{Import: []string{"far.*"}}, "the credential files.a is not in " + store},
	} {
		t.Run(what, func(t *testing.T) {
			if err := d.systemd.WriteText("files", `{"command": "`+d.systemd.OddPath()+`", "env": {"A": "${credential:`+c.name+`}"}}`); err != nil {
				t.Fatal(err)
			}
			d.systemd.given = c.given
			for _, verb := range []func() error{
				func() error { return d.Check(t.Context(), d.as(""), "files") },
				func() error { return d.Show(t.Context(), d.as(""), "files") },
			} {
				if err := verb(); err != nil {
					t.Fatal(err)
				}
				said := d.out.String()
				if c.want == "" && strings.Contains(said, "the credential") || !strings.Contains(said, c.want) {
					t.Errorf("want %q, said:\n%s", c.want, said)
				}
			}
		})
	}
	d.systemd.given, d.systemd.silent = Given{}, errors.New("no answer")
	if err := d.Check(t.Context(), d.as(""), "files"); err != nil || strings.Contains(d.out.String(), "put it into") {
		t.Errorf("%v, systemd does not say: %s", err, d.out.String())
	}
}

// TestGiven: what systemd says of a unit's credentials is read, as it comes over D-Bus; an
// older one says less.
func TestGiven(t *testing.T) {
	type loaded struct{ Name, Path string }
	type set struct {
		Name  string
		Value []byte
	}
	properties := map[string]godbus.Variant{
		"LoadCredential":          godbus.MakeVariant([]loaded{{"server.json", "/etc/x.json"}, {"files.a", "files.a"}}),
		"LoadCredentialEncrypted": godbus.MakeVariant([]loaded{{"files.b", "/etc/b.cred"}}),
		"SetCredential":           godbus.MakeVariant([]set{{"files.c", []byte("s3cret")}}),
		"SetCredentialEncrypted":  godbus.MakeVariant([]set{}),
		"ImportCredential":        godbus.MakeVariant([]string{"files.*"}),
		"Type":                    godbus.MakeVariant("simple"),
	}
	got, err := given(overTheWire(t, properties))
	want := Given{
		Set: []string{"files.c"}, Import: []string{"files.*"},
		Load: []Loaded{{"server.json", "/etc/x.json", false}, {"files.a", "files.a", false}, {"files.b", "/etc/b.cred", true}},
	}
	if err != nil || !cmp.Equal(got, want) {
		t.Errorf("%v: %s", err, cmp.Diff(want, got))
	}
	if got, err := given(overTheWire(t, map[string]godbus.Variant{})); err != nil || !cmp.Equal(got, Given{}) {
		t.Errorf("an older systemd: %v, %v", got, err)
	}
	if _, err := given(overTheWire(t, map[string]godbus.Variant{"LoadCredentialEncrypted": godbus.MakeVariant(7)})); !errors.Is(err, errCredentials) {
		t.Errorf("another systemd: %v", err)
	}
}

// overTheWire is what a client has of properties that were sent to it.
func overTheWire(t *testing.T, properties map[string]godbus.Variant) map[string]any {
	t.Helper()
	m := godbus.Message{Type: godbus.TypeMethodReply, Body: []any{properties}, Headers: map[godbus.HeaderField]godbus.Variant{
		godbus.FieldReplySerial: godbus.MakeVariant(uint32(1)), godbus.FieldSignature: godbus.MakeVariant(godbus.SignatureOf(properties)),
	}}
	var wire bytes.Buffer
	if err := m.EncodeTo(&wire, binary.LittleEndian); err != nil {
		t.Fatal(err)
	}
	read, err := godbus.DecodeMessage(&wire)
	if err != nil {
		t.Fatal(err)
	}
	var got map[string]godbus.Variant
	if err := godbus.Store(read.Body, &got); err != nil {
		t.Fatal(err)
	}
	values := map[string]any{}
	for name, v := range got {
		values[name] = v.Value()
	}
	return values
}
