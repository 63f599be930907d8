// SPDX-License-Identifier: MIT

// Command tailscale-mcp-generator makes the systemd units of the MCP servers behind the
// gateway out of their entries in /etc/tailscale-mcp/servers.d. It is a generator of
// systemd (systemd.generator(7)), which runs it early at boot and whenever its
// configuration is read again:
//
//	/usr/lib/systemd/system-generators/tailscale-mcp-generator NORMAL-DIR [EARLY-DIR LATE-DIR]
//
// It reads those files and the names of the folders in the root, and nothing that may not
// be mounted yet; it asks no other process. A file that is wrong stops no other and not
// the boot: what is wrong goes to the log of the kernel, and the exit status is always 0.
// Where people look for it is tailscale-mcp server check.
package main

import (
	"fmt"
	"io"
	"os"
	"strings"
)

func main() {
	log, err := os.OpenFile("/dev/kmsg", os.O_WRONLY, 0)
	if err != nil {
		log = os.Stderr
	}
	report := reporter(log)
	defer func() {
		if p := recover(); p != nil {
			report(fmt.Sprintf("it failed: %v", p))
		}
	}()
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "usage: tailscale-mcp-generator DIR, as systemd does it; see tailscale-mcp-server(8)")
		return
	}
	if os.Getenv("SYSTEMD_SCOPE") == "user" || os.Getenv("SYSTEMD_IN_INITRD") == "1" {
		return // neither has servers
	}
	generate("/", os.Args[1], report)
}

// maxRecord is what the kernel takes as one record, less what it adds.
const maxRecord = 900

// reporter writes errors as records of the kernel's log: one line each, by one call.
func reporter(w io.Writer) func(string) {
	return func(message string) {
		for line := range strings.SplitSeq(message, "\n") {
			line = "<3>tailscale-mcp-generator: " + line
			fmt.Fprintf(w, "%s\n", line[:min(len(line), maxRecord)])
		}
	}
}
