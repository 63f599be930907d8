// SPDX-License-Identifier: MIT

package manage

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"tailscale-mcp/internal/cli"
	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/upstream/pin"
)

// TestCheckSays: what keeps a server from being served, also where its entry is in order,
// and that there is none.
func TestCheckSays(t *testing.T) {
	d := newDesk(t)
	if err := d.Check(t.Context(), d.as(""), ""); err != nil || !strings.Contains(d.out.String(), "no servers in "+d.Dir) {
		t.Errorf("none: %v, %q", err, d.out.String())
	}
	other := d.Host
	other.Systemd, other.Unconfined = nil, true
	if err := other.List(t.Context(), d.as("")); err != nil || strings.Contains(d.out.String(), "server add") || !strings.Contains(d.out.String(), "WITHOUT SYSTEMD") {
		t.Errorf("none, where add is refused: %v, %q", err, d.out.String())
	}
	for name, c := range map[string]struct {
		entry, lock string
		want        string
		wrong       bool
	}{
		"program":  {`{"command":"no-such-program"}`, "", "program: no-such-program is not on this host: install it", false},
		"path":     {`{"command":"/nonexistent/program"}`, "", "path: /nonexistent/program is not on this host", false},
		"folder":   {`{"command":"/usr"}`, "", "folder: /usr is not on this host", false},
		"there":    {`{"command":"sh"}`, "", "there: nothing of it is approved", false},
		"own-path": {`{"command":"sh","env":{"PATH":"/nonexistent"}}`, "", "own-path: sh is not on this host", false},
		"lock":     {`{"command":"sh"}`, "garbage", "lock.lock.json: line 1: this is no pin of version 1: take it from git, or remove it and approve again", true},
	} {
		file := filepath.Join(d.Dir, name+".json")
		for path, text := range map[string]string{file: c.entry, pin.Path(d.Dir, name): c.lock} {
			if text == "" {
				continue
			}
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		err := d.Check(t.Context(), d.as(""), name)
		if got := d.out.String(); !strings.Contains(got, c.want) || errors.Is(err, cli.Code(cli.Failed)) != c.wrong {
			t.Errorf("%s: %v, %q, want %q", name, err, got, c.want)
		}
		if c.wrong {
			if err := d.List(t.Context(), d.as("")); err != nil || !strings.Contains(d.out.String(), "wrong: see tailscale-mcp server check "+name) {
				t.Errorf("%s: %v, listed %s", name, err, d.out.String())
			}
		}
	}
}

// TestApproveSays: why there is nothing to approve, and what to do about that.
func TestApproveSays(t *testing.T) {
	d := newDesk(t)
	for name, text := range map[string]string{
		"off": `{"command":"sh","disabled":true}`, "far": `{"url":"https://127.0.0.1:1/mcp"}`, "idle": `{"command":"sh"}`,
	} {
		if err := os.WriteFile(filepath.Join(d.Dir, name+".json"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	here := d.Host
	here.Systemd = nil
	d.Dial = func(context.Context, string) (net.Conn, error) { return nil, syscall.ENOENT }
	here.Dial = d.Dial
	for _, c := range []struct {
		name string
		Host
		want, next string
	}{
		{"off", d.Host, "off is disabled", `take "disabled" out of ` + filepath.Join(d.Dir, "off.json")},
		{"far", d.Host, "127.0.0.1:1 was not connected to: the address 127.0.0.1 is this host, which is not the internet", filepath.Join(d.Dir, "far.json")},
		{"idle", d.Host, "idle cannot be started", "sudo tailscale-mcp server apply"},
		{"idle", here, "idle cannot be started", "WITHOUT SYSTEMD"},
	} {
		err := c.Approve(t.Context(), d.as(""), c.name, Approval{})
		var hinted *cli.Hinted
		if !errors.As(err, &hinted) || !strings.Contains(err.Error(), c.want) || !strings.Contains(hinted.Hint, c.next) {
			t.Errorf("%s: %v, %+v", c.name, err, hinted)
		}
	}
	var hinted *cli.Hinted
	if err := here.Apply(t.Context(), d.as(""), Applying{}); !errors.As(err, &hinted) || !strings.Contains(hinted.Hint, d.Dir) {
		t.Errorf("apply: %v, %+v", err, hinted)
	}
	for _, text := range []string{"read=a,", "read=", "reed=a", "read"} {
		if _, err := ParseClasses([]string{text}); err == nil {
			t.Errorf("--class %s was taken", text)
		}
	}
	if _, err := ParseClasses([]string{"reed=a"}); !errors.As(err, &hinted) || !strings.Contains(hinted.Hint, "read, write, destructive or escalating") {
		t.Errorf("another class: %v, %+v", err, hinted)
	}
	here.Unconfined = true
	if err := here.Show(t.Context(), d.as(""), "idle"); err != nil || !strings.Contains(d.out.String(), "note      nothing confines it") {
		t.Errorf("%v, shown without a sandbox: %s", err, d.out.String())
	}
}

// TestAddSays: what was wrong on the command line; nothing is written.
func TestAddSays(t *testing.T) {
	d := newDesk(t)
	for _, c := range []struct {
		Adding
		want, next string
	}{
		{Adding{Name: "Files"}, `"Files" cannot name a server`, "a letter or digit first"},
		{Adding{Name: "healthz"}, `"healthz" cannot name a server`, "healthz"},
		{Adding{Name: "files", Network: "internets"}, `"network" says nothing that is known`, "nothing was written"},
		{Adding{Name: "files", Read: []string{"docs"}}, `"docs" is no absolute path`, "nothing was written"},
		{Adding{Name: "files", Read: []string{"/nonexistent"}}, `"/nonexistent" cannot be read`, "nothing was written"},
		{Adding{Name: "files", Write: []string{"/srv"}}, `"write" without "user"`, "nothing was written"},
		{Adding{Name: "files", User: "no-such-account"}, "no account no-such-account", "nothing was written"},
		{Adding{Name: "files", Env: []string{"TOKEN"}}, "--env without =", "--env NAME=VALUE"},
		{Adding{Name: "files", Command: []string{"npx", "-y", "@example/files"}}, "has no version", "write @example/files@VERSION, or use --unpinned"},
	} {
		if c.Command == nil {
			c.Command = []string{"sh"}
		}
		err := d.Add(t.Context(), d.as(""), c.Adding)
		var hinted *cli.Hinted
		if !errors.As(err, &hinted) || !strings.Contains(err.Error(), c.want) || !strings.Contains(hinted.Hint, c.next) {
			t.Errorf("%+v: %v, %+v", c.Adding, err, hinted)
		}
	}
	if left, err := os.ReadDir(d.Dir); err != nil || len(left) > 0 {
		t.Errorf("left %v, %v", left, err)
	}
}

// TestAddNotes: the grant that add prints is for reads, and says so where there are none.
func TestAddNotes(t *testing.T) {
	for class, want := range map[grant.Class]bool{grant.Read: false, grant.Write: true} {
		d := newDesk(t)
		a := d.odd("files")
		a.Classes = map[string]grant.Class{"*": class}
		if err := d.Add(t.Context(), d.as(""), a); err != nil {
			t.Fatal(err)
		}
		if got := d.out.String(); strings.Contains(got, `"files/*" gives all`) != want || strings.Contains(got, "nobody can use it") {
			t.Errorf("%s: said\n%s", class, got)
		}
		if err := d.Remove(t.Context(), d.as("n\n"), "files"); err == nil || !strings.Contains(d.out.String(), "nothing was removed") {
			t.Errorf("%v, said %s", err, d.out.String())
		}
	}
}
