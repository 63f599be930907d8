// SPDX-License-Identifier: MIT

package testbed

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestNothingIsLeft(t *testing.T) { testNothingIsLeft(t, false) }

func TestRootNothingIsLeft(t *testing.T) {
	RequireNamespaces(t)
	testNothingIsLeft(t, true)
}

// testNothingIsLeft closes a tailnet with nodes in every condition and looks for what it was made of.
func testNothingIsLeft(t *testing.T, namespaces bool) {
	ctx := t.Context()
	before := machineNetwork(t)
	tn, err := Start(ctx, Options{Namespaces: namespaces})
	must(t, err)
	nodes, err := tn.AddNodes(ctx, NodeOptions{Name: "one"}, NodeOptions{Name: "two"}, NodeOptions{Name: "three"}, NodeOptions{Name: "four"})
	must(t, err)
	var pids []int
	for _, n := range nodes {
		pids = append(pids, n.PID())
	}
	must(t, nodes[0].Stop(ctx))
	must(t, nodes[1].Kill(ctx))
	must(t, nodes[2].LogOut(ctx))
	if during := machineNetwork(t); during != before {
		t.Errorf("the machine's network while the tailnet is up: got %s, want it untouched: %s", during, before)
	}
	must(t, tn.Close())
	must(t, tn.Close())

	for _, pid := range pids {
		if err := syscall.Kill(pid, 0); !errors.Is(err, syscall.ESRCH) {
			t.Errorf("process %d is left (%v)", pid, err)
		}
	}
	if _, err := os.Stat(tn.dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%s is left (%v)", tn.dir, err)
	}
	if open := openNamespaces(t); len(open) > 0 {
		t.Errorf("namespaces are still held open: %v", open)
	}
	if after := machineNetwork(t); after != before {
		t.Errorf("the machine's network after Close: got %s, want %s", after, before)
	}
}

// machineNetwork describes what a careless test would leave behind in the machine's network.
func machineNetwork(t *testing.T) string {
	t.Helper()
	links, err := net.Interfaces()
	must(t, err)
	var names []string
	for _, l := range links {
		names = append(names, l.Name)
	}
	named, err := filepath.Glob("/run/netns/*")
	must(t, err)
	threads, err := filepath.Glob("/proc/self/task/*/ns/net")
	must(t, err)
	home, err := os.Readlink("/proc/self/ns/net")
	must(t, err)
	for _, thread := range threads {
		if in, err := os.Readlink(thread); err == nil && in != home {
			t.Errorf("%s is in %s, want %s", thread, in, home)
		}
	}
	return fmt.Sprintf("%v, named namespaces %v", names, named)
}

func openNamespaces(t *testing.T) (open []string) {
	t.Helper()
	fds, err := filepath.Glob("/proc/self/fd/*")
	must(t, err)
	for _, fd := range fds {
		if to, err := os.Readlink(fd); err == nil && strings.HasPrefix(to, "net:") {
			open = append(open, to)
		}
	}
	return open
}

// parentMarker, in the environment, makes a process of this test the one that is killed. Its value says with what nodes.
const parentMarker = "TAILNETTEST_PARENT"

func TestDeathOfTheParent(t *testing.T) { testDeathOfTheParent(t, "userspace") }

func TestRootDeathOfTheParent(t *testing.T) {
	RequireNamespaces(t)
	testDeathOfTheParent(t, "namespaced")
}

// TestParent is no test, but the process that testDeathOfTheParent kills.
func TestParent(t *testing.T) {
	kind := os.Getenv(parentMarker)
	if kind == "" {
		return
	}
	tn, err := Start(t.Context(), Options{Namespaces: kind == "namespaced"})
	must(t, err)
	nodes, err := tn.AddNodes(t.Context(), NodeOptions{Name: "one"}, NodeOptions{Name: "two"})
	must(t, err)
	fmt.Println("tailnet", tn.dir, nodes[0].PID(), nodes[1].PID())
	select {}
}

// testDeathOfTheParent kills a process that has a tailnet. The nodes must end, and their namespaces with them.
func testDeathOfTheParent(t *testing.T, kind string) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	parent := exec.CommandContext(ctx, os.Args[0], "-test.run=^TestParent$")
	parent.Env = append(os.Environ(), parentMarker+"="+kind)
	parent.Stderr = os.Stderr
	out, err := parent.StdoutPipe()
	must(t, err)
	must(t, parent.Start())
	var words []string
	for lines := bufio.NewScanner(out); words == nil && lines.Scan(); {
		if found, ok := strings.CutPrefix(lines.Text(), "tailnet "); ok {
			words = strings.Fields(found)
		}
	}
	must(t, parent.Process.Kill())
	_ = parent.Wait() // it was killed
	if len(words) != 3 {
		t.Fatalf("got %q from the parent, want a directory and two PIDs", words)
	}
	defer os.RemoveAll(words[0])
	for _, word := range words[1:] {
		pid, err := strconv.Atoi(word)
		must(t, err)
		must(t, await(ctx, func(context.Context) error {
			if err := syscall.Kill(pid, 0); !errors.Is(err, syscall.ESRCH) {
				return fmt.Errorf("process %d is left", pid)
			}
			return nil
		}))
	}
}

// TestRootNamespaceReachesTheBridgeOnly checks that a namespaced node sees the tailnet's servers and nothing of the machine.
func TestRootNamespaceReachesTheBridgeOnly(t *testing.T) {
	ctx := t.Context()
	tn := New(t, Options{Namespaces: true})
	node, err := tn.AddNode(ctx, NodeOptions{Name: "one"})
	must(t, err)
	dial := func(addr netip.Addr, port uint16) error {
		return node.InNamespace(func() error {
			d := net.Dialer{Timeout: time.Second}
			conn, err := d.DialContext(ctx, "tcp", netip.AddrPortFrom(addr, port).String())
			if err == nil {
				conn.Close()
			}
			return err
		})
	}
	if err := dial(tn.bridge.addr, tn.bridge.control); err != nil {
		t.Errorf("over the bridge: %v", err)
	}
	if err := dial(tn.loopback.addr, tn.loopback.control); err == nil {
		t.Error("the machine's loopback can be reached")
	}
	addrs, err := net.InterfaceAddrs()
	must(t, err)
	for _, a := range addrs {
		addr := netip.MustParsePrefix(a.String()).Addr()
		if addr.IsLoopback() || addr.IsLinkLocalUnicast() {
			continue
		}
		if err := dial(addr, tn.loopback.control); err == nil || errors.Is(err, syscall.ECONNREFUSED) {
			t.Errorf("the machine's address %v can be reached (%v)", addr, err)
		}
	}
	out, err := node.Command(ctx, "ip", "-brief", "link", "show", "dev", tunName).CombinedOutput()
	if err != nil || !strings.Contains(string(out), tunName) {
		t.Errorf("a command on the node: got %q, %v; want %s", out, err, tunName)
	}
	if err := node.InNamespace(func() error { runtime.Goexit(); return nil }); err == nil {
		t.Error("a function that ends its goroutine: got no error")
	}
	target, err := os.Readlink(node.NamespacePath())
	if err != nil || !strings.HasPrefix(target, "net:[") {
		t.Errorf("the namespace's path leads to %q, %v", target, err)
	}
}

// TestRootMixedKinds has a userspace node in a tailnet of namespaced ones. They have nothing in common but the relay.
func TestRootMixedKinds(t *testing.T) {
	ctx := t.Context()
	RequireNamespaces(t)
	tr := newTrio(ctx, t, true)
	carol, err := tr.AddNode(ctx, NodeOptions{Name: "carol", Login: "carol@example.com", Userspace: true})
	must(t, err)
	if !carol.Userspace() || carol.NamespacePath() != "" || tr.alice.Userspace() {
		t.Errorf("got userspace %v and %v, want true and false", carol.Userspace(), tr.alice.Userspace())
	}
	if got := tr.ask(ctx, t, carol, "server"); got.Login != "carol@example.com" {
		t.Errorf("carol calling: got %+v", got)
	}
	out, err := carol.Command(ctx, "echo", "here").Output()
	if err != nil || string(out) != "here\n" {
		t.Errorf("a command on a userspace node: got %q, %v", out, err)
	}
}

// TestNobodyLeaves checks that an attempt to reach the world outside is caught and reported.
func TestNobodyLeaves(t *testing.T) {
	tn, err := Start(t.Context(), Options{})
	must(t, err)
	proxy, err := url.Parse(tn.trap.url)
	must(t, err)
	client := &http.Client{Transport: &http.Transport{Proxy: http.ProxyURL(proxy), DisableKeepAlives: true}}
	res, err := client.Get("http://outside.example.com/")
	must(t, err)
	res.Body.Close()
	if res.StatusCode != http.StatusForbidden {
		t.Errorf("got status %d, want %d", res.StatusCode, http.StatusForbidden)
	}
	if err := tn.Close(); err == nil || !strings.Contains(err.Error(), "outside.example.com") {
		t.Errorf("closing: got error %v, want outside.example.com named", err)
	}
}

// TestStrangersAreRefused checks that the control server lives through requests that are not tailscaled's, and lets in only
// machines that it was told to expect.
func TestStrangersAreRefused(t *testing.T) {
	ctx := t.Context()
	tn := New(t, Options{})
	for _, path := range []string{"/", "/machine/map", "/auth/x"} {
		res, err := http.Get(tn.loopback.controlURL() + path)
		must(t, err)
		res.Body.Close()
		if res.StatusCode != http.StatusNotFound {
			t.Errorf("getting %s: got status %d, want %d", path, res.StatusCode, http.StatusNotFound)
		}
	}
	http.DefaultClient.CloseIdleConnections()

	n, err := tn.AddNode(ctx, NodeOptions{Name: "one"})
	must(t, err)
	must(t, n.LogOut(ctx))
	tn.control.remove(n.Name)
	tn.control.change(func() { delete(tn.control.expected, n.Name) })
	ctx, cancel := context.WithTimeout(ctx, 500*time.Millisecond)
	defer cancel()
	if err := n.register(ctx); err == nil {
		t.Error("a machine that is not expected has logged in")
	}
}
