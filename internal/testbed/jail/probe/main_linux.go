// SPDX-License-Identifier: MIT

// Command probe tries what a sandbox is to prevent, and says what came of it. It is an MCP
// server that an administrator might put behind the gateway, and a command for people:
//
//	probe serve            an MCP server on standard input and output
//	probe try JSON         tries a list of probes, [["read", "/etc/shadow"], ...]
//	probe hold             says who it is and waits, for others to try it on
//	probe NAME [ARG]...    tries one
//
// What came of it is JSON in all of these, and from all of these by the same code: so what
// fails inside the sandbox and succeeds outside is the sandbox's doing.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"
)

// result is what came of a probe. It is as the tests read it.
type result struct {
	OK    bool   `json:"ok"`
	Value any    `json:"value,omitempty"`
	Error string `json:"error,omitempty"`
	Errno string `json:"errno,omitempty"` // the name of the kernel's error, such as EPERM
}

// probe tries something with some arguments.
type probe struct {
	args int
	do   func(args []string) (any, error)
}

// probes are all of them, by their names.
var probes = map[string]probe{}

func add(all map[string]probe) { maps.Copy(probes, all) }

func main() {
	args := os.Args[1:]
	switch {
	case len(args) == 1 && args[0] == "serve":
		serve()
	case len(args) == 1 && args[0] == "hold":
		hold()
	case len(args) == 2 && args[0] == "try":
		var all [][]string
		if err := json.Unmarshal([]byte(args[1]), &all); err != nil {
			fmt.Fprintln(os.Stderr, "probe try:", err)
			os.Exit(2)
		}
		show(try(all))
	case len(args) > 0:
		show(try([][]string{args})[0])
	default:
		fmt.Fprintln(os.Stderr, "usage: probe serve | hold | try JSON | NAME [ARG]...; the names:", strings.Join(slices.Sorted(maps.Keys(probes)), " "))
		os.Exit(2)
	}
}

func show(v any) {
	text, _ := json.Marshal(v)
	fmt.Println(string(text))
}

// patience bounds one probe: an address that is denied by dropping shows only in time.
const patience = 4 * time.Second

// try tries all at once and returns what came of each, in their order.
func try(all [][]string) []result {
	done := make([]chan result, len(all))
	for i, args := range all {
		done[i] = make(chan result, 1)
		go func() {
			runtime.LockOSThread() // and never unlocked: what was done to the thread goes with it
			done[i] <- one(args)
		}()
	}
	results := make([]result, len(all))
	timer := time.After(patience)
	var late bool
	for i := range all {
		if late {
			select {
			case results[i] = <-done[i]:
			default:
				results[i] = result{Error: "nothing came of it", Errno: "ETIMEDOUT"}
			}
			continue
		}
		select {
		case results[i] = <-done[i]:
		case <-timer:
			late = true
			results[i] = result{Error: "nothing came of it", Errno: "ETIMEDOUT"}
		}
	}
	return results
}

func one(args []string) result {
	if len(args) == 0 {
		return result{Error: "no probe was named", Errno: "USAGE"}
	}
	p, ok := probes[args[0]]
	if !ok || len(args)-1 != p.args {
		return result{Error: fmt.Sprintf("there is no probe %q with %d arguments", args[0], len(args)-1), Errno: "USAGE"}
	}
	value, err := p.do(args[1:])
	if err != nil {
		r := result{Error: err.Error()}
		var errno syscall.Errno
		if errors.As(err, &errno) {
			r.Errno = name(errno)
		}
		return r
	}
	return result{OK: true, Value: value}
}
