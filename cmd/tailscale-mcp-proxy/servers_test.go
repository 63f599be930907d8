// SPDX-License-Identifier: MIT

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tailscale-mcp/internal/cli"
)

// host is one of tailscale-mcp as far as its list goes.
type host struct {
	*httptest.Server
	list string
}

func listing(t *testing.T) *host {
	t.Helper()
	h := &host{list: `{"servers":[{"name":"tailscale","path":"/mcp","about":"the tailnet","tools":{"read":2}},
		{"name":"files","path":"/files/mcp","title":"Files","about":"Reads \u001b[31mfiles","tools":{"read":3,"write":1}}]}`}
	h.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/servers" || h.list == "" {
			http.NotFound(w, r)
			return
		}
		fmt.Fprint(w, h.list)
	}))
	t.Cleanup(h.Close)
	return h
}

// typed runs a command line and returns its exit code and what it wrote.
func typed(t *testing.T, home string, args ...string) (code int, out, errs string) {
	t.Helper()
	var o, e bytes.Buffer
	code = run(t.Context(), args, []string{"HOME=" + home, "USERPROFILE=" + home}, strings.NewReader(""), &o, &e)
	return code, o.String(), e.String()
}

func TestServers(t *testing.T) {
	h := listing(t)
	for _, server := range []string{h.URL, h.URL + "/", h.URL + "/mcp", h.URL + "/files/mcp"} {
		code, out, errs := typed(t, t.TempDir(), "servers", "--server", server)
		want := "tailscale  " + h.URL + "/mcp\n    the tailnet\n    tools: 2 read\n    tailscale-mcp-proxy install CLIENT --server " + h.URL + "/mcp\n" +
			"files  " + h.URL + "/files/mcp\n    Files\n    Reads \\u001b[31mfiles\n    tools: 3 read, 1 write\n    tailscale-mcp-proxy install CLIENT --server " + h.URL + "/files/mcp\n" +
			"all of them at once: tailscale-mcp-proxy install CLIENT --all --server " + h.URL + "\n"
		if code != cli.Done || out != want || errs != "" {
			t.Errorf("%s: got exit code %d, %q and %q, want %q", server, code, out, errs, want)
		}
	}
	code, out, _ := typed(t, t.TempDir(), "servers", "--json", "--server", h.URL)
	var got struct {
		Host    string
		Servers []struct{ Name, URL, Title, About, Install string }
	}
	if err := json.Unmarshal([]byte(out), &got); err != nil || code != cli.Done || got.Host != h.URL || len(got.Servers) != 2 || got.Servers[1].URL != h.URL+"/files/mcp" || got.Servers[1].Title != "Files" || got.Servers[1].Install == "" {
		t.Errorf("got exit code %d, %s (%v)", code, out, err)
	}
	h.list = ""
	if code, out, errs := typed(t, t.TempDir(), "servers", "--server", h.URL); code != cli.Failed || out != "" || !strings.Contains(errs, "nothing is granted to you there") || !strings.Contains(errs, "hint: ") {
		t.Errorf("got exit code %d, %q and %q", code, out, errs)
	}
}

// TestInstallNamesAfterServer: an entry has the name of its server, and no other server
// takes its place unasked.
func TestInstallNamesAfterServer(t *testing.T) {
	home := t.TempDir()
	file := filepath.Join(home, ".cursor", "mcp.json")
	for _, server := range []string{"http://ts-mcp:8080/mcp", "http://ts-mcp:8080/files/mcp", "http://ts-mcp:8080/files/mcp?x=1", "http://ts-mcp:8080/notes/mcp"} {
		if code, _, errs := typed(t, home, "install", "cursor", "--yes", "--server", server); code != cli.Done {
			t.Fatalf("%s: got exit code %d: %s", server, code, errs)
		}
	}
	text, _ := os.ReadFile(file)
	for _, want := range []string{`"tailscale": {`, `"files": {`, `"notes": {`, `files/mcp?x=1`} {
		if !strings.Contains(string(text), want) {
			t.Errorf("got %s, want %s in it", text, want)
		}
	}
	code, _, errs := typed(t, home, "install", "cursor", "--yes", "--server", "http://other:8080/files/mcp")
	if after, _ := os.ReadFile(file); code != cli.Failed || !bytes.Equal(after, text) || !strings.Contains(errs, `already has a server "files", which is http://ts-mcp:8080/files/mcp?x=1`) || !strings.Contains(errs, "--name") {
		t.Errorf("got exit code %d: %s", code, errs)
	}
	for _, more := range [][]string{{"--force"}, {"--name", "files-2"}} {
		if code, _, errs := typed(t, home, append([]string{"install", "cursor", "--yes", "--server", "http://other:8080/files/mcp"}, more...)...); code != cli.Done {
			t.Errorf("%q: got exit code %d: %s", more, code, errs)
		}
	}
}

// TestInstallAll: every server is entered once; what others have entered, and what is no
// longer granted, stays and is said.
func TestInstallAll(t *testing.T) {
	h := listing(t)
	home := t.TempDir()
	file := filepath.Join(home, ".cursor", "mcp.json")
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		t.Fatal(err)
	}
	before := `{"mcpServers": {"theirs": {"command": "x"}}}`
	if err := os.WriteFile(file, []byte(before), 0o600); err != nil {
		t.Fatal(err)
	}
	all := func(more ...string) (int, string, string) {
		return typed(t, home, append([]string{"install", "cursor", "--all", "--yes", "--server", h.URL}, more...)...)
	}
	code, out, errs := all("--print")
	if text, _ := os.ReadFile(file); code != cli.Done || string(text) != before || !strings.Contains(out, "files: would be entered ("+h.URL+"/files/mcp)") || !strings.Contains(out, "+++ ") {
		t.Errorf("--print: got exit code %d, %s%s and %s", code, out, errs, text)
	}
	code, out, errs = all("--", "-v")
	text, _ := os.ReadFile(file)
	if code != cli.Done || !strings.Contains(out, "tailscale: entered") || !strings.Contains(out, "files: entered") {
		t.Errorf("got exit code %d, %s%s", code, out, errs)
	}
	for _, want := range []string{`"theirs": {"command": "x"}`, `"` + h.URL + `/mcp"`, `"` + h.URL + `/files/mcp"`, `"-v"`} {
		if !strings.Contains(string(text), want) {
			t.Errorf("got %s, want %s in it", text, want)
		}
	}
	// The same again, with other options: what a person has set up stays.
	code, out, _ = all()
	if again, _ := os.ReadFile(file); code != cli.Done || !bytes.Equal(again, text) || !strings.Contains(out, "nothing to do") || !strings.Contains(out, "files: there already") {
		t.Errorf("again: got exit code %d, %s and %s", code, out, again)
	}
	// One is gone, and one has a name that is taken.
	h.list = `{"servers":[{"name":"files","path":"/files/mcp","tools":{"read":1}},{"name":"theirs","path":"/theirs/mcp","tools":{"read":1}}]}`
	code, out, _ = all()
	if again, _ := os.ReadFile(file); code != cli.Done || !bytes.Equal(again, text) ||
		!strings.Contains(out, "theirs: left, since something else has the name, which starts x; by another name: tailscale-mcp-proxy install cursor --server "+h.URL+"/theirs/mcp --name theirs-2\n") ||
		!strings.Contains(out, "tailscale: no longer granted ("+h.URL+"/mcp); to remove it: tailscale-mcp-proxy uninstall cursor --name tailscale\n") {
		t.Errorf("got exit code %d, %s and %s", code, out, again)
	}
	// Nor is it replaced with --force, by a host that has listed the name; what is for another
	// server of the host is.
	others := `{"mcpServers": {"theirs": {"command": "x"}, "far": {"url": "https://elsewhere.example.com/mcp"}, "proxied": {"command": "/usr/bin/tailscale-mcp-proxy", "args": ["--server", "http://other:8080/proxied/mcp"]},
		"moved": {"command": "/usr/bin/tailscale-mcp-proxy", "args": ["--server", "` + h.URL + `/before/mcp"]}, "direct": {"url": "` + h.URL + `/before/mcp"}}}`
	if err := os.WriteFile(file, []byte(others), 0o600); err != nil {
		t.Fatal(err)
	}
	h.list = `{"servers":[{"name":"theirs","path":"/theirs/mcp","tools":{"read":1}},{"name":"far","path":"/far/mcp","tools":{"read":1}},{"name":"proxied","path":"/proxied/mcp","tools":{"read":1}},
		{"name":"moved","path":"/moved/mcp","tools":{"read":1}},{"name":"direct","path":"/direct/mcp","tools":{"read":1}}]}`
	code, out, errs = all("--force")
	again, _ := os.ReadFile(file)
	if code != cli.Done {
		t.Errorf("--force: got exit code %d, %s%s", code, out, errs)
	}
	for name, by := range map[string]string{"theirs": "starts x", "far": "connects to elsewhere.example.com", "proxied": "starts the proxy for another server"} {
		if !strings.Contains(out, name+": left, since what has the name is none of this host's: it "+by+"; to replace it all the same, name it: tailscale-mcp-proxy install cursor --server "+h.URL+"/"+name+"/mcp --name "+name+" --force\n") || strings.Contains(string(again), h.URL+"/"+name+"/mcp") {
			t.Errorf("%s, --force: got %s and %s", name, out, again)
		}
	}
	for _, name := range []string{"moved", "direct"} {
		if !strings.Contains(out, name+": replaced ("+h.URL+"/"+name+"/mcp)\n") || !strings.Contains(string(again), h.URL+"/"+name+"/mcp") {
			t.Errorf("%s, --force: got %s and %s", name, out, again)
		}
	}
	// Who is granted nothing is answered as a stranger, and told which entries that may be about.
	h.list = ""
	text = again
	code, out, errs = all()
	if again, _ := os.ReadFile(file); code != cli.Failed || !bytes.Equal(again, text) || !strings.Contains(errs, "nothing is granted to you there") ||
		!strings.Contains(out, "moved: may no longer be granted ("+h.URL+"/moved/mcp), since the host lists nothing; to remove it: tailscale-mcp-proxy uninstall cursor --name moved\n") || strings.Contains(out, "proxied") || strings.Contains(out, "far") {
		t.Errorf("nothing granted: got exit code %d, %s%s and %s", code, out, errs, again)
	}
	// A host that lies changes nothing.
	h.list = `{"servers":[{"name":"x","path":"http://evil/x/mcp"}]}`
	code, _, errs = all()
	if again, _ := os.ReadFile(file); code != cli.Failed || !bytes.Equal(again, text) || !strings.Contains(errs, "not at /x/mcp") {
		t.Errorf("got exit code %d, %s and %s", code, errs, again)
	}
	for _, more := range [][]string{{"--name", "x"}, {"--groups", "dns"}, {"--text", "short"}, {"--", "--drain", "soon"}} {
		if code, _, _ := all(more...); code != cli.Usage {
			t.Errorf("%q: got exit code %d", more, code)
		}
	}
	if code, _, _ := typed(t, home, "install", "--all", "--server", h.URL); code != cli.Usage {
		t.Errorf("without a client: got exit code %d", code)
	}
}
