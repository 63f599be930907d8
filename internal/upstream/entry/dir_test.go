// SPDX-License-Identifier: MIT

package entry

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func put(t *testing.T, path, text string, mode os.FileMode) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
}

// TestDir: each file by itself, whatever the others are.
func TestDir(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	const good = `{"command": "cat"}`
	put(t, at("good.json"), good, 0o640)
	put(t, at("also-good.json"), good, 0o400)
	put(t, at("good.lock.json"), "no entry", 0o644)
	put(t, at(".good.json.new"), "no entry", 0o644)
	put(t, at("notes.txt"), "no entry", 0o644)
	put(t, at("bad.json"), "{", 0o640)
	put(t, at("Upper.json"), good, 0o640)
	put(t, at("open.json"), good, 0o660)
	if err := os.Symlink(at("good.json"), at("link.json")); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(at("folder.json"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(at("fifo.json"), 0o600); err != nil {
		t.Fatal(err)
	}
	files, err := Dir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, f := range files {
		state := "ok"
		if len(f.Mistakes) > 0 {
			state = strings.ReplaceAll(f.Mistakes.Error(), dir, "")
		} else if f.Server.Name != f.Name || f.Server.File != f.Path {
			t.Errorf("%s is called %s", f.Path, f.Server.Name)
		}
		got = append(got, f.Name+" "+state)
	}
	want := []string{
		`Upper /Upper.json: "Upper" is no name for a server: ` + nameRule,
		`also-good ok`,
		`bad /bad.json:1:2: it is not JSON (parsing value: unexpected EOF): comments and trailing commas are accepted, all else is JSON`,
		`fifo /fifo.json: it is no file: put a file there`,
		`folder /folder.json: it is no file: put a file there`,
		`good ok`,
		`link /link.json: it is a symbolic link: put the file itself there`,
		`open /open.json: others may write it (mode 0660): chmod 0640 /open.json`,
	}
	if g, w := strings.Join(got, "\n"), strings.Join(want, "\n"); g != w {
		t.Errorf("got\n%s\nwant\n%s", g, w)
	}
}

func TestDirOfNothing(t *testing.T) {
	if files, err := Dir(filepath.Join(t.TempDir(), "none")); err != nil || files != nil {
		t.Errorf("a folder that is not there: %v, %v", files, err)
	}
	path := filepath.Join(t.TempDir(), "file")
	put(t, path, "", 0o600)
	if _, err := Dir(path); err == nil {
		t.Error("a file is read as a folder")
	}
}

// TestHost: what the host is asked about, on this one.
func TestHost(t *testing.T) {
	dir := t.TempDir()
	if err := os.Symlink("/usr/share", filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	shared := filepath.Join(dir, "shared")
	if err := errors.Join(os.Mkdir(shared, 0o700), os.Chmod(shared, 0o777), os.Mkdir(filepath.Join(shared, "docs"), 0o700)); err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]string{
		`"read": ["/usr/share"]`:                              "",
		`"read": ["/usr/none/here"]`:                          `f:1:43: "/usr/none/here" cannot be read (no such file or directory): make it, or name another path`,
		`"user": "no-such-account"`:                           "f:1:42: there is no account no-such-account: make it, or name another",
		`"groups": ["no-such-group"]`:                         "f:1:45: there is no group no-such-group: make it, or name another",
		`"user": "nobody", "read": ["/usr/bin"]`:              "",
		`"user": "nobody", "groups": ["no-such", "no-other"]`: "f:1:63: there is no group no-such: make it, or name another\nf:1:74: there is no group no-other: make it, or name another",
	} {
		s, err := Parse("files", "f", []byte(`{"command": "cat", "tailscale": {`+text+`}}`))
		if err != nil {
			t.Fatal(err)
		}
		if got := s.Host().Error(); got != want {
			t.Errorf("%s:\ngot  %s\nwant %s", text, got, want)
		}
	}
	for path, want := range map[string]string{
		filepath.Join(dir, "link"):          "is a symbolic link",
		filepath.Join(dir, "link", "man"):   "is a symbolic link",
		filepath.Join(shared, "docs"):       ", above ",
		"/usr/share":                        "",
		filepath.Join(dir, "nothing/there"): "cannot be read (no such file or directory)",
	} {
		if what, remedy := exchangeable(path); (what == "") != (want == "") || !strings.Contains(what, want) || (what == "") != (remedy == "") {
			t.Errorf("%s: %q, want %q in it", path, what, want)
		}
	}
}
