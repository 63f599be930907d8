// SPDX-License-Identifier: MIT

package main

import (
	"errors"
	"strings"
	"testing"
)

// There are the 25 tasks of the note, each once.
func TestTasks(t *testing.T) {
	all, err := choose("")
	if err != nil || len(all) != 25 {
		t.Fatalf("got %d tasks (%v)", len(all), err)
	}
	for i, one := range all {
		if one.number != i+1 || one.ideal < 1 || one.words == "" {
			t.Errorf("place %d has task %d, ideal %d: %q", i+1, one.number, one.ideal, one.words)
		}
	}
	if _, err := choose("3,26"); err == nil {
		t.Error("task 26 was found")
	}
}

// What a gate lets through and what not.
func TestJudge(t *testing.T) {
	done := func(calls, bytes, ideal int, err error) result {
		return result{task: task{ideal: ideal}, cost: cost{calls: calls, bytes: bytes}, err: err}
	}
	for _, c := range []struct {
		results []result
		says    string
	}{
		{[]result{done(2, 1000, 1, nil), done(4, 1000, 2, nil)}, ""},
		{[]result{done(3, 1000, 1, nil), done(1, 1000, 1, nil)}, "1 of 2 tasks failed"},
		{[]result{done(1, 1000, 1, errors.New("wrong"))}, "1 of 1 tasks failed"},
		{[]result{done(61, 1000, 50, nil)}, "61 calls together"},
		{[]result{done(60, 120_001, 50, nil)}, "120001 bytes together"},
	} {
		said := ""
		if err := judge(c.results); err != nil {
			said = err.Error()
		}
		if !strings.HasPrefix(said, c.says) || c.says == "" && said != "" {
			t.Errorf("got %q, want %q", said, c.says)
		}
		var table strings.Builder
		print(&table, c.results)
		if strings.Contains(table.String(), "FAILED") != strings.Contains(c.says, "failed") {
			t.Errorf("%q is not told by the table:\n%s", c.says, table.String())
		}
	}
}

// A list that lacks one and has a wrong one says both.
func TestSame(t *testing.T) {
	if err := same("x", []string{"a", "c"}, []string{"b", "a"}); err == nil || err.Error() != `x: missing ["b"], wrong ["c"]` {
		t.Errorf("got %v", err)
	}
	if err := same("x", []string{"a", "b"}, []string{"b", "a"}); err != nil {
		t.Errorf("got %v", err)
	}
}
