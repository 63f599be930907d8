// SPDX-License-Identifier: MIT

package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tailscale-mcp/internal/upstream/frame"
)

const invocation = "00112233445566778899aabbccddeeff"

// TestMain is the launcher itself when a test says so.
func TestMain(m *testing.M) {
	if os.Getenv("TEST_AS_LAUNCHER") != "" {
		main()
	}
	os.Exit(m.Run())
}

// launched is a launcher that runs, seen from the daemon.
type launched struct {
	cmd    *exec.Cmd
	conn   *net.UnixConn
	frames *frame.Reader
	stderr string // the file that stands for the journal
	folder string // its TMPDIR
}

// launch starts the launcher as systemd does, with an entry as its credential and a
// socket as stdin and stdout. env is added to what the unit gives.
func launch(t *testing.T, entry string, env ...string) *launched {
	t.Helper()
	credentials := t.TempDir()
	put(t, filepath.Join(credentials, "server.json"), entry)
	put(t, filepath.Join(credentials, "files.token"), "s3cret\n")
	return bare(t, append([]string{"CREDENTIALS_DIRECTORY=" + credentials, "INVOCATION_ID=" + invocation}, env...)...)
}

func bare(t *testing.T, env ...string) *launched {
	t.Helper()
	pair, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	theirs, ours := os.NewFile(uintptr(pair[0]), "launcher"), os.NewFile(uintptr(pair[1]), "daemon")
	defer theirs.Close()
	conn, err := net.FileConn(ours)
	ours.Close()
	if err != nil {
		t.Fatal(err)
	}
	l := &launched{conn: conn.(*net.UnixConn), frames: frame.NewReader(conn), stderr: filepath.Join(t.TempDir(), "journal"), folder: t.TempDir()}
	journal, err := os.Create(l.stderr)
	if err != nil {
		t.Fatal(err)
	}
	defer journal.Close()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	l.cmd = exec.CommandContext(t.Context(), self, "files")
	l.cmd.Env = append([]string{"TEST_AS_LAUNCHER=1", "TMPDIR=" + l.folder, "SECRET_OF_THE_UNIT=x"}, env...)
	l.cmd.Stdin, l.cmd.Stdout, l.cmd.Stderr = theirs, theirs, journal
	if err := l.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		l.conn.Close()
		_ = l.cmd.Wait()
	})
	return l
}

// rest reads to the end and returns what came, how the server ended and what the
// launcher exits with.
func (l *launched) rest(t *testing.T) (string, frame.End, int) {
	t.Helper()
	out, err := io.ReadAll(l.frames)
	if err != nil || l.frames.End() == nil {
		t.Fatalf("after %d bytes: %v, %v; stderr: %s", len(out), err, l.frames.End(), l.journal(t))
	}
	return string(out), *l.frames.End(), l.exit()
}

// exit waits for the launcher.
func (l *launched) exit() int {
	_ = l.cmd.Wait()
	return l.cmd.ProcessState.ExitCode()
}

func (l *launched) journal(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(l.stderr)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func put(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// shell is an entry whose server is a script.
func shell(script string) string { return command("/bin/sh", "-c", script) }

func command(name string, args ...string) string {
	text, _ := json.Marshal(map[string]any{"command": name, "args": append([]string{}, args...), "env": map[string]string{"PATH": os.Getenv("PATH")}})
	return string(text)
}

// TestEcho: bytes in, bytes out, larger than any buffer; the end of stdin is passed on,
// and answers still come behind it.
func TestEcho(t *testing.T) {
	t.Parallel()
	l := launch(t, shell(`cat; echo; echo bye; echo done >&2`))
	if id, err := l.frames.Invocation(); id != invocation || err != nil {
		t.Errorf("%q, %v", id, err)
	}
	in := bytes.Repeat([]byte("0123456789abcdef"), 20<<20/16)
	go func() {
		_, _ = l.conn.Write(in)
		_ = l.conn.CloseWrite()
	}()
	out, end, status := l.rest(t)
	if out != string(in)+"\nbye\n" {
		t.Errorf("%d bytes came, of %d", len(out), len(in))
	}
	if d := cmp.Diff(frame.End{Outcome: frame.Exited, Stderr: []byte("done\n")}, end); d != "" || status != 0 || l.journal(t) != "done\n" {
		t.Error(d, status, l.journal(t))
	}
}

// TestEnvironment: the server gets what its entry says, and nothing of the unit's.
func TestEnvironment(t *testing.T) {
	t.Parallel()
	l := launch(t, `{"command": "/bin/sh", "args": ["-c", "pwd; env; echo x >$HOME/kept", "", "$HOME", "a b"], "env": {"TOKEN": "<${credential:files.token}>"}}`, "LANG=C.UTF-8", "TZ=UTC")
	out, _, status := l.rest(t)
	got := strings.Split(strings.TrimSpace(out), "\n")
	home := got[0]
	if filepath.Dir(home) != l.folder || status != 0 {
		t.Errorf("its home is %s, status %d: %s", home, status, l.journal(t))
	}
	got = slices.DeleteFunc(got[1:], func(s string) bool {
		return strings.HasPrefix(s, "_=") || strings.HasPrefix(s, "SHLVL=") || strings.HasPrefix(s, "OLDPWD=")
	})
	slices.Sort(got)
	want := []string{"HOME=" + home, "LANG=C.UTF-8", "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "PWD=" + home, "TMPDIR=" + l.folder, "TOKEN=<s3cret>", "TZ=UTC"}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if left, _ := os.ReadDir(l.folder); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

// TestStateDirectory: a home that is given is used and stays.
func TestStateDirectory(t *testing.T) {
	t.Parallel()
	state := t.TempDir()
	l := launch(t, shell(`echo x >$HOME/kept; pwd`), "STATE_DIRECTORY="+state)
	if out, _, _ := l.rest(t); out != state+"\n" {
		t.Errorf("it is in %q", out)
	}
	if _, err := os.Stat(filepath.Join(state, "kept")); err != nil {
		t.Error(err)
	}
}

// TestNotStarted: why goes to the daemon and to the journal, and no secret with it.
func TestNotStarted(t *testing.T) {
	folder := t.TempDir()
	put(t, filepath.Join(folder, "files.json"), `{"command": "echo", "args": ["unconfined"]}`)
	broken := filepath.Join(folder, "broken")
	put(t, broken, "#!/no/such/interpreter\n")
	if err := os.Chmod(broken, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, entry string
		env         []string
		want        string
		status      int
	}{
		{"not installed", `{"command": "no-such-program"}`, nil, "server files: no-such-program is not in " + standardPath + ": install it for all users, or give its absolute path", 78},
		{"not there", `{"command": "/no/such/program"}`, nil, `server files: /no/such/program cannot be run: install it, or list its folder in "read"`, 78},
		{"no program", `{"command": "/etc/passwd"}`, nil, `server files: /etc/passwd cannot be run: install it, or list its folder in "read"`, 78},
		{"no credential", `{"command": "cat", "env": {"A": "s3cret${credential:files.key}"}}`, nil, "server files: A: the credential files.key is missing: put it into /etc/credstore/files.key, mode 0600", 78},
		{"a mistake", "{\"command\": 5}", nil, `files.json:1:13: "command" is not a string: write it in quotes`, 78},
		{"no credential of a URL", `{"url": "https://x", "headers": {"A": "s3cret${credential:files.key}"}}`, nil, "server files: header A: the credential files.key is missing: put it into /etc/credstore/files.key, mode 0600", 78},
		{"no folder", `{"command": "cat", "cwd": "/no/such"}`, nil, `server files: there is no folder /no/such for it to run in: list it in "read", or leave out "cwd"`, 78},
		{"no interpreter", `{"command": "` + broken + `"}`, nil, "the server could not be started: fork/exec " + broken + ": no such file or directory", 126},
		{"no entry", "", nil, "there is no credential server.json: the unit of a server gives it; run tailscale-mcp server apply", 78},
		{"not asked for", "", []string{"TAILSCALE_MCP_SERVERS=" + folder}, "TAILSCALE_MCP_SERVERS is set, and nothing confines this server: set TAILSCALE_MCP_SERVERS_UNCONFINED=true if that is meant", 78},
	} {
		t.Run(c.name, func(t *testing.T) {
			var l *launched
			if c.entry == "" {
				l = bare(t, c.env...)
			} else {
				l = launch(t, c.entry, c.env...)
			}
			out, end, status := l.rest(t)
			if out != "" || end.Outcome != frame.NotStarted || string(end.Stderr) != c.want || l.journal(t) != c.want+"\n" || status != c.status {
				t.Errorf("got  %s\nwant %s\nand %q, %v, %d, %q", end.Stderr, c.want, out, end, status, l.journal(t))
			}
			if left, _ := os.ReadDir(l.folder); len(left) > 0 {
				t.Errorf("left behind: %v", left)
			}
		})
	}
	l := bare(t, "TAILSCALE_MCP_SERVERS="+folder, "TAILSCALE_MCP_SERVERS_UNCONFINED=true")
	if out, end, _ := l.rest(t); out != "unconfined\n" {
		t.Errorf("%q, %s", out, end.Stderr)
	}

	// Where systemd does not run it, /etc/credstore is nothing.
	put(t, filepath.Join(folder, "files.json"), `{"command": "cat", "env": {"A": "${credential:files.key}"}}`)
	credentials := t.TempDir()
	for env, want := range map[string]string{"A=b": "in the folder that CREDENTIALS_DIRECTORY names", "CREDENTIALS_DIRECTORY=" + credentials: "put it into " + credentials} {
		l := bare(t, "TAILSCALE_MCP_SERVERS="+folder, "TAILSCALE_MCP_SERVERS_UNCONFINED=true", env)
		if _, end, _ := l.rest(t); !strings.HasPrefix(string(end.Stderr), "server files: A: the credential files.key is missing: ") || !strings.HasSuffix(strings.TrimSuffix(string(end.Stderr), " to this launcher"), want) {
			t.Errorf("%s: %s, want %q", env, end.Stderr, want)
		}
	}
}

// TestUsage: it is no program for people, and says so.
func TestUsage(t *testing.T) {
	for _, args := range [][]string{nil, {"a", "b"}} {
		if got := run(args, func(string) string { return "" }); got != exitUsage {
			t.Errorf("%q: %d", args, got)
		}
	}
}

// TestKilledLauncher: with the launcher its server goes, without systemd too.
func TestKilledLauncher(t *testing.T) {
	t.Parallel()
	held := fifo(t)
	l := launch(t, shell(`exec 9>`+held.path+`; echo up; exec sleep 1000`))
	if _, err := io.ReadFull(l.frames, make([]byte, 3)); err != nil {
		t.Fatal(err)
	}
	_ = l.cmd.Process.Kill()
	held.released(t)
	if _, err := io.ReadAll(l.frames); !errors.Is(err, frame.ErrCut) {
		t.Errorf("ended with %v", err)
	}
}

// held is a pipe with a name: who has it open for writing is alive.
type held struct {
	path string
	r    *os.File
}

func fifo(t *testing.T) held {
	t.Helper()
	path := filepath.Join(t.TempDir(), "alive")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	r, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	return held{path, r}
}

// released waits until nobody has it open any more; somebody must have had before.
func (h held) released(t *testing.T) {
	t.Helper()
	if _, err := io.ReadAll(h.r); err != nil {
		t.Error(err)
	}
}
