// SPDX-License-Identifier: MIT

package audit

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/coreos/go-systemd/v22/journal"
	"github.com/google/go-cmp/cmp"
)

// TestRootJournalWire sends records to a socket that stands where the journal's
// does, in a mount namespace of one thread (its path is fixed), and reads them
// as systemd-journald does: https://systemd.io/JOURNAL_NATIVE_PROTOCOL/.
func TestRootJournalWire(t *testing.T) {
	if os.Geteuid() != 0 {
		if os.Getenv("TEST_REQUIRE_ROOT") == "1" {
			t.Fatal("needs root for a mount namespace")
		}
		t.Skip("needs root for a mount namespace; the fields are tested without it")
	}
	records := sample()
	tricky := records[3]
	tricky.Name, tricky.ClientName, tricky.Claimed, tricky.Reason = forged, forged, "a\nb", "\n"
	records = append(records, tricky)

	type result struct {
		datagrams [][]byte
		err       error
	}
	done := make(chan result)
	go func() {
		runtime.LockOSThread() // and never unlocked: the thread ends with its namespace
		datagrams, err := overRealSocket(records)
		done <- result{datagrams, err}
	}()
	got := <-done
	if errors.Is(got.err, errNoNamespace) && os.Getenv("TEST_REQUIRE_ROOT") != "1" {
		t.Skipf("needs root that may make a mount namespace: %v", got.err)
	}
	if got.err != nil {
		t.Fatal(got.err)
	}
	for i, datagram := range got.datagrams {
		fields, err := readNative(datagram)
		if err != nil {
			t.Errorf("record %d: %v in %q", i, err, datagram)
			continue
		}
		want := send(t, records[i])
		want.fields["MESSAGE"] = want.message
		want.fields["PRIORITY"] = strconv.Itoa(int(want.priority))
		if diff := cmp.Diff(want.fields, fields); diff != "" {
			t.Errorf("record %d (-want +got):\n%s", i, diff)
		}
	}
}

var errNoNamespace = errors.New("no mount namespace")

func overRealSocket(records []Record) (datagrams [][]byte, err error) {
	if err := syscall.Unshare(syscall.CLONE_FS | syscall.CLONE_NEWNS); err != nil {
		return nil, fmt.Errorf("%w: unsharing: %w", errNoNamespace, err)
	}
	if err := syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""); err != nil {
		return nil, fmt.Errorf("%w: making mounts private: %w", errNoNamespace, err)
	}
	if err := syscall.Mount("tmpfs", "/run", "tmpfs", 0, ""); err != nil {
		return nil, fmt.Errorf("%w: mounting: %w", errNoNamespace, err)
	}
	const path = "/run/systemd/journal/socket"
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, err
	}
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	buffer := make([]byte, 1<<16)
	for _, r := range records {
		if err := newJournal(journal.Send).Write(context.Background(), r); err != nil {
			return nil, err
		}
		_ = conn.SetReadDeadline(time.Now().Add(10 * time.Second))
		n, err := conn.Read(buffer)
		if err != nil {
			return nil, err
		}
		datagrams = append(datagrams, bytes.Clone(buffer[:n]))
	}
	return datagrams, nil
}

// readNative reads one entry: NAME=value lines, and for values with line ends
// NAME, a 64-bit little-endian length, and the value. A name that comes twice
// is an error here, since none of ours may.
func readNative(entry []byte) (map[string]string, error) {
	fields := map[string]string{}
	for len(entry) > 0 {
		line, rest, ok := bytes.Cut(entry, []byte("\n"))
		if !ok {
			return nil, fmt.Errorf("no end of line")
		}
		name, value, inline := bytes.Cut(line, []byte("="))
		if !inline {
			if len(rest) < 8 {
				return nil, fmt.Errorf("no length of %s", name)
			}
			n := binary.LittleEndian.Uint64(rest)
			if uint64(len(rest)) < 8+n+1 || rest[8+n] != '\n' {
				return nil, fmt.Errorf("wrong length %d of %s", n, name)
			}
			value, rest = rest[8:8+n], rest[8+n+1:]
		}
		if _, twice := fields[string(name)]; twice || !legal.Match(name) {
			return nil, fmt.Errorf("field %q twice or not legal", name)
		}
		fields[string(name)], entry = string(value), rest
	}
	return fields, nil
}
