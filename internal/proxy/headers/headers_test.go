// SPDX-License-Identifier: MIT

package headers

import (
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"tailscale-mcp/internal/cli"
)

// environ are variables by their name.
type environ map[string]string

func (e environ) lookup(name string) string { return e[name] }

// TestPX27Headers: headers come from a file or the environment.
func TestPX27Headers(t *testing.T) {
	file := filepath.Join(t.TempDir(), "the headers")
	text := "# for the gateway\n\nAuthorization: Bearer a:b=c\r\nx-team:  red team \n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := Read(file, []string{"X-Key=KEY"}, environ{"KEY": "k=1"}.lookup)
	want := http.Header{"Authorization": {"Bearer a:b=c"}, "X-Team": {"red team"}, "X-Key": {"k=1"}}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %v and %v, want %v", got, err, want)
	}
}

// TestPX27HeadersRefused: each with where it stands and why, and never with a
// value.
func TestPX27HeadersRefused(t *testing.T) {
	tests := []struct {
		name, text string
		env        []string
		says       string
	}{
		{name: "the identity", text: "x-tailSCALE-user: hunter2", says: "line 1 of"},
		{name: "no colon", text: "# x\nhunter2", says: "line 2 of"},
		{name: "no value", text: "X-Key:", says: "is empty"},
		{name: "white space in the name", text: "X-Key : hunter2", says: "is not a name"},
		{name: "twice", text: "X-Key: hunter2\nx-key: hunter2", says: "given twice"},
		{name: "in the file and the environment", text: "X-Key: hunter2", env: []string{"x-key=SECRET"}, says: "given twice"},
		{name: "not ASCII", text: "X-Key: hunter2\xc3\xa9", says: "cannot carry"},
		{name: "a control character", text: "X-Key: hun\rter2", says: "cannot carry"},
		{name: "too large", text: strings.Repeat("#hunter2\n", maxFile/8), says: "larger than"},
		{name: "a variable that is not there", env: []string{"X-Key=hunter2"}, says: "the variable named for X-Key is not set"},
		{name: "no variable", env: []string{"X-Key="}, says: "not NAME=VARIABLE"},
		{name: "the value itself", env: []string{"X-Key"}, says: "not NAME=VARIABLE"},
		{name: "a line break in the variable", env: []string{"X-Key=BROKEN"}, says: "cannot carry"},
		{name: "a name that is none", env: []string{"a b=SECRET"}, says: "--header-env: what stands before"},
		{name: "the connection's", env: []string{"Host=SECRET"}, says: "--header-env Host: the host is that of --server"},
		{name: "the protocol's", env: []string{"Mcp-Session-Id=SECRET"}, says: "belongs to the protocol"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			file := ""
			if tt.text != "" {
				file = filepath.Join(t.TempDir(), "headers")
				if err := os.WriteFile(file, []byte(tt.text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			_, err := Read(file, tt.env, environ{"SECRET": "hunter2", "BROKEN": "hunter2\r\nX: y"}.lookup)
			if err == nil || !strings.Contains(err.Error(), tt.says) || strings.Contains(err.Error(), "hunter2") {
				t.Errorf("got %v, want an error with %q and without the value", err, tt.says)
			}
			if cli.Report(&strings.Builder{}, err) != cli.Usage {
				t.Errorf("got %v, want a wrong command line", err)
			}
		})
	}
	if _, err := Read(filepath.Join(t.TempDir(), "none"), nil, nil); err == nil || !strings.Contains(err.Error(), "--header-file") {
		t.Errorf("no file: got %v, want an error", err)
	}
}
