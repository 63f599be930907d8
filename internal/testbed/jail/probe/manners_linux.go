// SPDX-License-Identifier: MIT

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
)

// ignoring is whether the end of standard input is ignored.
var ignoring bool

// misbehaviours are what servers were seen to do, or might.
var misbehaviours = map[string]func(id json.RawMessage, arg string){
	// stay ends neither by the end of its input nor by a signal that can be ignored.
	"stay": func(id json.RawMessage, _ string) {
		ignoring = true
		signal.Ignore(syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP, syscall.SIGPIPE)
		say(id, os.Getpid())
	},
	// breed leaves grandchildren behind that are in sessions of their own and do not end.
	"breed": func(id json.RawMessage, arg string) {
		n, _ := strconv.Atoi(arg)
		pids := []int{}
		for range n {
			cmd := stubborn()
			if err := cmd.Start(); err != nil {
				say(id, err.Error())
				return
			}
			pids = append(pids, cmd.Process.Pid)
		}
		say(id, pids)
	},
	// exit answers and ends.
	"exit": func(id json.RawMessage, _ string) {
		say(id, "bye")
		os.Exit(3)
	},
	// die ends without an answer.
	"die": func(json.RawMessage, string) {
		fmt.Fprintln(os.Stderr, "out of luck")
		os.Exit(7)
	},
	// crash ends by a signal.
	"crash": func(json.RawMessage, string) { _ = syscall.Kill(os.Getpid(), syscall.SIGKILL) },
	"hang":  func(json.RawMessage, string) {},
	// flood writes megabytes to standard error.
	"flood": func(id json.RawMessage, arg string) {
		n, _ := strconv.Atoi(arg)
		line := strings.Repeat("<0>x", 255) + "xyz\n"
		for range n << 10 {
			_, _ = os.Stderr.WriteString(line)
		}
		say(id, "flooded")
	},
	// rubbish writes what is no message, and what looks like one of somebody else's.
	"rubbish": func(id json.RawMessage, _ string) {
		write("npm warn deprecated: this is no message\n{\"jsonrpc\":\"2.0\",\"id\":999999,\"result\":{}}\n[1,2]\n{\x00\xff\ne\x00\x00\x00\x05x\x00\x00\x00\x00")
		say(id, "after the rubbish")
	},
	// long writes a message of megabytes.
	"long": func(id json.RawMessage, arg string) {
		n, _ := strconv.Atoi(arg)
		say(id, strings.Repeat("x", n<<20))
	},
	// endless writes a line without an end.
	"endless": func(json.RawMessage, string) {
		out.Lock()
		piece := []byte(strings.Repeat("x", 64<<10))
		for {
			if _, err := os.Stdout.Write(piece); err != nil {
				os.Exit(1)
			}
		}
	},
	// fork makes processes until there are so many, or no more can be made; they end then.
	"fork": func(id json.RawMessage, arg string) {
		n, _ := strconv.Atoi(arg)
		var all []*exec.Cmd
		var failed error
		for range n {
			cmd := stubborn()
			if failed = cmd.Start(); failed != nil {
				break
			}
			all = append(all, cmd)
		}
		for _, cmd := range all {
			failed = errors.Join(failed, syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL))
			_ = cmd.Wait()
		}
		text := ""
		if failed != nil {
			text = failed.Error()
		}
		say(id, object{"made": len(all), "error": text})
	},
}

// stubborn is a process that does not end, in a session of its own.
func stubborn() *exec.Cmd {
	cmd := exec.Command("/bin/sh", "-c", "trap '' TERM INT HUP; exec sleep 1000")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	return cmd
}

func init() {
	add(map[string]probe{
		// take takes megabytes of memory, and uses them.
		"take": {1, func(a []string) (any, error) {
			n, err := strconv.Atoi(a[0])
			if err != nil {
				return nil, err
			}
			var all [][]byte
			for range n {
				piece := make([]byte, 1<<20)
				for i := 0; i < len(piece); i += 4096 {
					piece[i] = 1
				}
				all = append(all, piece)
			}
			return len(all), nil
		}},
	})
}
