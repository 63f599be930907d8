// SPDX-License-Identifier: MIT

package listen

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"
)

// helperVariable makes the test binary play a service that systemd starts.
const helperVariable = "LISTEN_TEST_HELPER"

// helper says what it inherited and greets one caller on each socket. It reports
// whether this process is such a service rather than a test run.
func helper() bool {
	if os.Getenv(helperVariable) == "" {
		return false
	}
	// systemd sets this after the fork, when it knows the process.
	os.Setenv("LISTEN_PID", strconv.Itoa(os.Getpid()))
	listeners, err := Inherited()
	if err != nil {
		fmt.Println("error:", strings.ReplaceAll(err.Error(), "\n", " | "), errors.Is(err, ErrForeignSocket))
		return true
	}
	fmt.Printf("%d sockets, LISTEN_FDS=%q\n", len(listeners), os.Getenv("LISTEN_FDS"))
	for _, ln := range listeners {
		c, err := ln.Accept()
		if err != nil {
			fmt.Println("error:", err)
			return true
		}
		io.WriteString(c, "hello from "+ln.Addr().String())
		c.Close()
	}
	return true
}

// activated runs the helper with files as systemd passes them.
func activated(t *testing.T, names string, files ...*os.File) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	// Without the last one the race detector adds a second to the end of each process.
	cmd.Env = append(os.Environ(), helperVariable+"=1", "GORACE=atexit_sleep_ms=0",
		"LISTEN_FDS="+strconv.Itoa(len(files)), "LISTEN_FDNAMES="+names)
	cmd.ExtraFiles = files
	cmd.Stderr = os.Stderr
	return cmd
}

type filer interface{ File() (*os.File, error) }

func file(t *testing.T, socket any) *os.File {
	t.Helper()
	f, err := socket.(filer).File()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

func tcp(t *testing.T) net.Listener {
	t.Helper()
	ln := inherited(t, "tcp4", "127.0.0.1:0")
	t.Cleanup(func() { ln.Close() })
	return ln
}

func TestInherited(t *testing.T) {
	first, second := tcp(t), tcp(t)
	cmd := activated(t, "mcp:mcp", file(t, first), file(t, second))
	var output strings.Builder
	cmd.Stdout = &output
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for _, ln := range []net.Listener{first, second} {
		c, err := net.Dial("tcp", ln.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		c.SetDeadline(time.Now().Add(time.Minute))
		greeting, err := io.ReadAll(c)
		c.Close()
		if want := "hello from " + ln.Addr().String(); err != nil || string(greeting) != want {
			t.Errorf("got %q, %v; want %q", greeting, err, want)
		}
	}
	if err := cmd.Wait(); err != nil {
		t.Fatal(err)
	}
	if got, want := output.String(), "2 sockets, LISTEN_FDS=\"\"\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestInheritedNothing(t *testing.T) {
	t.Setenv("LISTEN_PID", strconv.Itoa(os.Getpid()+1))
	t.Setenv("LISTEN_FDS", "1")
	listeners, err := Inherited()
	if err != nil || len(listeners) != 0 {
		t.Errorf("got %v, %v; want nothing: the sockets are another process's", listeners, err)
	}
}

func TestInheritedRefuses(t *testing.T) {
	for _, test := range []struct {
		name  string
		names string
		files func(t *testing.T) []*os.File
		want  []string
	}{
		{"foreign socket", "cockpit.socket", func(t *testing.T) []*os.File { return []*os.File{file(t, tcp(t))} },
			[]string{`foreign socket: its name is "cockpit.socket", not "mcp"`, "FileDescriptorName=mcp", "true"}},
		{"foreign socket beside ours", "mcp:web", func(t *testing.T) []*os.File { return []*os.File{file(t, tcp(t)), file(t, tcp(t))} },
			[]string{`"web"`, "true"}},
		{"two foreign sockets", "a:b", func(t *testing.T) []*os.File { return []*os.File{file(t, tcp(t)), file(t, tcp(t))} },
			[]string{`"a"`, `"b"`, "true"}},
		{"no name", "", func(t *testing.T) []*os.File { return []*os.File{file(t, tcp(t))} },
			[]string{`"LISTEN_FD_3"`, "true"}},
		{"datagram socket", "mcp", func(t *testing.T) []*os.File {
			c, err := net.ListenPacket("udp4", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { c.Close() })
			return []*os.File{file(t, c)}
		}, []string{"not a stream socket", "ListenStream=", "false"}},
		{"unix socket", "mcp", func(t *testing.T) []*os.File {
			ln := inherited(t, "unix", newTailscaled(t, nil).socket)
			t.Cleanup(func() { ln.Close() })
			return []*os.File{file(t, ln)}
		}, []string{"is a unix socket, not TCP", "false"}},
		{"connection", "mcp", func(t *testing.T) []*os.File {
			c, err := net.Dial("tcp", tcp(t).Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { c.Close() })
			return []*os.File{file(t, c)}
		}, []string{"remove Accept=yes", "false"}},
		{"no socket at all", "mcp", func(t *testing.T) []*os.File {
			f, err := os.Open(os.DevNull)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { f.Close() })
			return []*os.File{f}
		}, []string{"not a stream socket", "false"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			output, err := activated(t, test.names, test.files(t)...).Output()
			if err != nil {
				t.Fatal(err)
			}
			if !strings.HasPrefix(string(output), "error: ") {
				t.Fatalf("got %q, want an error", output)
			}
			for _, want := range test.want {
				if !strings.Contains(string(output), want) {
					t.Errorf("got %q, want it to say %q", output, want)
				}
			}
		})
	}
}
