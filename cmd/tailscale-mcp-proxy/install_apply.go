// SPDX-License-Identifier: MIT

package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"golang.org/x/term"

	"tailscale-mcp/internal/cli"
	"tailscale-mcp/internal/install"
)

// person is who the command talks to.
type person struct {
	stdin          io.Reader
	stdout, stderr io.Writer
}

// agrees asks whether to make the change that was shown: "Write" it or "Remove"
// what is in it.
func (p person) agrees(verb string, yes bool) error {
	if yes {
		return nil
	}
	if !isTerminal(p.stdin) {
		return cli.Hint(errors.New("not written: there is no terminal to ask on"), "add --yes to do it")
	}
	fmt.Fprintf(p.stdout, sayAsk, verb)
	answer, _ := bufio.NewReader(p.stdin).ReadString('\n')
	switch strings.ToLower(strings.TrimSpace(answer)) {
	case "y", "yes":
		return nil
	}
	return errors.New("not written")
}

// isTerminal reports whether a person types what is read.
func isTerminal(stdin io.Reader) bool {
	f, ok := stdin.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// apply shows the plan, asks and makes the change. It reports whether it did.
func (p person) apply(plan *install.Plan, verb string, opt *installOptions) (bool, error) {
	if !plan.Changes() {
		fmt.Fprintf(p.stdout, sayNothingToDo, plan.Path)
		return false, nil
	}
	fmt.Fprint(p.stdout, plan.Diff())
	if opt.printOnly {
		return false, nil
	}
	if err := p.agrees(verb, opt.yes); err != nil {
		return false, err
	}
	backup, err := plan.Apply(time.Now())
	if err != nil {
		return false, asHinted(err)
	}
	switch {
	case plan.Deletes:
		fmt.Fprintf(p.stdout, sayRemoved, plan.Path)
	case backup != "":
		fmt.Fprintf(p.stdout, sayReplaced, plan.Path, backup)
	default:
		fmt.Fprintf(p.stdout, sayWrote, plan.Path)
	}
	return true, nil
}
