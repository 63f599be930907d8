// SPDX-License-Identifier: MIT

// Command abuse attacks the built daemon in every way that the security review
// found to take it away from others, and judges what the attack cost them. It is
// a gate: it ends with an error when a row of its table fails.
//
// Everything but the Tailscale API is real: tailscaled, control server, TUN
// devices and the program itself, which a row gets anew, with the limits of its
// unit. Each attack is made against a daemon that binds by itself and one that
// systemd gave a socket. The attackers are processes of their own, on nodes of
// their own, at the lowest priority; each is bounded in count and time, and ends
// when this program does. Meanwhile alice, who has grants, makes one call after
// the other. In some rows those who attack are servers behind the daemon that
// mallory uses; alice uses another one then, too.
//
// Judged is that none of her calls fails or takes over 5 seconds, that the daemon
// stays below 256 MiB and 2,048 descriptors, that the descriptors of tailscaled
// stay about the same, and that honest work is answered. How long she waited is
// printed only: a slow machine is not a broken daemon. A row in which the attack
// did not happen fails too.
//
// It needs root, for network namespaces. With -userspace it does without, for a
// daemon beside a tailscaled without a device: all connections come from loopback
// then, carried by tailscaled, whose descriptors are not judged; a stranger is any
// process of the host.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"tailscale-mcp/internal/testbed"
)

func main() {
	if len(os.Args) > 1 && os.Args[1] == subcommand {
		if err := act(os.Stdin, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, "abuse:", err)
			os.Exit(1)
		}
		return
	}
	var o options
	flag.StringVar(&o.program, "daemon", "bin/tailscale-mcp", "the program to attack")
	flag.StringVar(&o.unit, "unit", "systemd/tailscale-mcp.service", "where its limits are read")
	flag.StringVar(&o.rows, "row", "", "only these attacks, separated by commas")
	flag.StringVar(&o.bind, "bind", "", "only this way to bind: "+bindSelf+" or "+bindSocket)
	flag.BoolVar(&o.userspace, "userspace", false, "with userspace networking, without root; the daemon binds by itself")
	seconds := flag.Float64("seconds", 3.5, "how long each attack goes on, at least")
	list := flag.Bool("list", false, "tell which attacks there are")
	flag.Parse()
	if *list {
		for _, r := range attacks() {
			fmt.Printf("%-16s %s (%s)\n", r.name, r.what, r.by)
		}
		return
	}
	o.window = time.Duration(*seconds * float64(time.Second))
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	if err := abuse(ctx, o); err != nil {
		fmt.Fprintln(os.Stderr, "abuse:", err)
		stop()
		os.Exit(1)
	}
}

type options struct {
	program, unit, rows, bind string
	userspace                 bool
	window                    time.Duration
}

// chosen are the attacks and the ways to bind that the options ask for.
func (o options) chosen() (rows []row, binds []string, err error) {
	all := attacks()
	binds = []string{bindSelf, bindSocket}
	if o.userspace {
		binds = []string{bindSelf}
		// What is done to the places of the audit needs a mount namespace.
		all = slices.DeleteFunc(all, func(r row) bool { return r.audit != "" })
	}
	if o.bind != "" {
		if !slices.Contains(binds, o.bind) {
			return nil, nil, fmt.Errorf("-bind %s: there are %s", o.bind, strings.Join(binds, " and "))
		}
		binds = []string{o.bind}
	}
	if o.rows == "" {
		return all, binds, nil
	}
	for _, name := range strings.Split(o.rows, ",") {
		i := slices.IndexFunc(all, func(r row) bool { return r.name == name })
		if i < 0 {
			return nil, nil, fmt.Errorf("-row %s: there is no such attack (-list shows them)", name)
		}
		rows = append(rows, all[i])
	}
	return rows, binds, nil
}

func abuse(ctx context.Context, o options) (err error) {
	rows, binds, err := o.chosen()
	if err != nil {
		return err
	}
	if err := testbed.NamespacesError(); err != nil && !o.userspace {
		return fmt.Errorf("NOTHING WAS TESTED: %w (run it as root, or a part of it with -userspace)", err)
	}
	u, err := readUnit(o.unit)
	if err != nil {
		return err
	}
	s, err := newScene(ctx, o.program, u, o.userspace)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	fmt.Printf("%s with %d descriptors and GOMEMLIMIT=%s, as its unit has it\n\n", o.program, u.files, u.memory)
	printHeader()
	began, failed, n := time.Now(), []string(nil), 0
	for i, bind := range binds {
		for _, r := range rows {
			if r.behind && i > 0 {
				continue
			}
			n++
			res, err := s.play(ctx, r, bind, o.window)
			if err != nil {
				return fmt.Errorf("%s, bind %s: %w", r.name, bind, err)
			}
			if res.recovered, err = s.awaitRecovery(ctx, res.tailscaledBefore); err != nil {
				err = fmt.Errorf("%s, bind %s: tailscaled did not recover: %w", r.name, bind, err)
			}
			res.print()
			if err != nil {
				return err
			}
			if len(res.faults()) > 0 {
				failed = append(failed, r.name+"/"+bind)
			}
		}
	}
	fmt.Printf("\n%d attacks in %s\n", n, time.Since(began).Round(time.Second))
	if len(failed) > 0 {
		return fmt.Errorf("%d failed: %s", len(failed), strings.Join(failed, ", "))
	}
	return nil
}
