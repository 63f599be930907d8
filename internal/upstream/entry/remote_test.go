// SPDX-License-Identifier: MIT

package entry

import (
	"encoding/pem"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestNoAuthority: what "ca" names has certificates, and the daemon, who is not root, reads it.
func TestNoAuthority(t *testing.T) {
	srv := httptest.NewTLSServer(http.NotFoundHandler())
	defer srv.Close()
	good := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: srv.Certificate().Raw}))
	dir := t.TempDir()
	for _, c := range []struct {
		name, text string
		mode       os.FileMode
		want       string
	}{
		{"good", good, 0o644, ""},
		{"closed", good, 0o640, "cannot be read by the daemon"},
		{"empty", "", 0o644, "has no certificate in PEM"},
		{"key", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", 0o644, "has no certificate in PEM"},
		{"large", strings.Repeat("x", maxFile+1), 0o644, "is no file with certificates"},
	} {
		path := filepath.Join(dir, c.name)
		if err := errors.Join(os.WriteFile(path, []byte(c.text), 0o600), os.Chmod(path, c.mode)); err != nil { // whatever the umask is
			t.Fatal(err)
		}
		if what, remedy := noAuthority(path); (what == "") != (c.want == "") || !strings.Contains(what, c.want) || (what == "") != (remedy == "") {
			t.Errorf("%s: %q, %q", c.name, what, remedy)
		}
	}
	for _, path := range []string{dir, filepath.Join(dir, "none")} {
		if what, _ := noAuthority(path); what == "" {
			t.Errorf("%s is taken", path)
		}
	}
}
