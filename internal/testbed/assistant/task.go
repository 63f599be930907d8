// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"fmt"
	"time"

	"tailscale-mcp/internal/testbed/assistant/company"
)

// task is a question or a wish of a person, and the calls by which an assistant meets it.
// The first is what a reader of tools/list alone would make; those after it use nothing
// but what the answers before gave.
type task struct {
	number int
	title  string
	words  string // as the person puts it
	before figures
	ideal  int // calls that a tool made for the question would take
	play   func(context.Context, *try) error
}

// figures are what a task took before there were tools for it, with the same company.
type figures struct {
	calls, bytes string // as they were noted
	known        int    // the calls as a number; 0: not noted
}

// try is one attempt at a task.
type try struct {
	st      *stage
	company *company.Company
	begun   time.Time
	at      map[string]*assistant // by device
	// note is what the table says of it besides.
	note string
}

// alice may do everything; her client cannot ask her.
func (t *try) alice() *assistant { return t.at[company.Alice] }

// aliceAsked is alice at her desk, where the client asks her.
func (t *try) aliceAsked() *assistant { return t.at[company.Desk] }

// result is what became of a task.
type result struct {
	task
	cost
	note string
	err  error
}

// passed says why a task was not done, or not as well as it has to be: twice its ideal at
// most.
func (r result) passed() error {
	if r.err != nil {
		return r.err
	}
	if most := 2 * r.ideal; r.calls > most {
		return fmt.Errorf("%d calls, at most %d are twice the ideal", r.calls, most)
	}
	return nil
}

// attempt plays a task from the beginning.
func (st *stage) attempt(ctx context.Context, one task, at map[string]*assistant) result {
	r := result{task: one}
	if r.err = st.ready(ctx); r.err != nil {
		return r
	}
	for _, a := range at {
		a.cost, a.asked = &r.cost, nil
	}
	t := &try{st: st, company: st.company, begun: time.Now(), at: at}
	ctx, cancel := context.WithTimeout(ctx, 3*time.Minute)
	defer cancel()
	r.err = one.play(ctx, t)
	r.note = t.note
	return r
}

// tasks are all of them, in the order of the note.
func tasks() (all []task) {
	for _, some := range [][]task{deviceTasks(), changeTasks(), policyTasks(), personTasks(), networkTasks(), grantTasks()} {
		all = append(all, some...)
	}
	return all
}
