// SPDX-License-Identifier: MIT

package measure

import (
	"bufio"
	"os"
	"os/exec"
	"testing"
	"time"
)

func TestQuantile(t *testing.T) {
	values := []time.Duration{5, 1, 4, 2, 3}
	for q, want := range map[float64]time.Duration{0: 1, 0.5: 3, 0.99: 5, 1: 5} {
		if got := Quantile(values, q); got != want {
			t.Errorf("quantile %v: got %v, want %v", q, got, want)
		}
	}
	if got := Median([]float64{}); got != 0 {
		t.Errorf("median of nothing: got %v", got)
	}
}

// TestTree holds memory in a child of a child, and counts it.
func TestTree(t *testing.T) {
	const size = 32 // MiB, held by the inner process
	before, err := Tree(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	// The outer shell has the inner one as a child, which says when it holds
	// the text and waits for its input to end.
	cmd := exec.CommandContext(t.Context(), "sh", "-c", `sh -c 'x=$(head -c 33554432 /dev/zero | tr "\0" x); echo ready; read y'; true`)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = stdin.Close()
		_ = cmd.Wait()
	}()
	if _, err := bufio.NewReader(stdout).ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	tree, err := Tree(cmd.Process.Pid)
	if err != nil {
		t.Fatal(err)
	}
	if tree.Resident < size || tree.Peak < tree.Resident-1 {
		t.Errorf("got %+v, want at least %d MiB resident and no smaller peak", tree, size)
	}
	if tree.CPU <= 0 {
		t.Errorf("got %v of CPU for making %d MiB", tree.CPU, size)
	}
	if alone, err := One(cmd.Process.Pid); err != nil || alone.Resident >= size {
		t.Errorf("the outer process alone: %+v, %v", alone, err)
	}
	if mib, n, err := Proportional(cmd.Process.Pid); err != nil || n != 2 || mib < size || mib > tree.Resident {
		t.Errorf("%.0f MiB in %d processes, %v; want at least %d in 2, and at most the resident %.0f", mib, n, err, size, tree.Resident)
	}
	after, err := Tree(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	if after.Resident < before.Resident+size/2 {
		t.Errorf("with the children %.0f MiB, before them %.0f MiB", after.Resident, before.Resident)
	}
}

func TestTreeOfNobody(t *testing.T) {
	cmd := exec.CommandContext(t.Context(), "true")
	if err := cmd.Run(); err != nil {
		t.Fatal(err)
	}
	if u, err := Tree(cmd.Process.Pid); err == nil {
		t.Errorf("got %+v for a process that has ended", u)
	}
}
