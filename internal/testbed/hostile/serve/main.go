// SPDX-License-Identifier: MIT

// Command serve is the server of package hostile as a process: it prints where it listens
// and serves on loopback until its standard input ends. Then it prints what has happened, as
// JSON: hostile.Ended.
//
//	serve [-address ADDRESS] [-modern] [-chance N] [-faults NAME,NAME] [-seed N] [-token TEXT] [-tls]
//
// With -tls it has a certificate that nobody has reason to believe.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"strings"
	"sync/atomic"

	"tailscale-mcp/internal/testbed/hostile"
)

var (
	address = flag.String("address", "127.0.0.1:0", "where to listen")
	modern  = flag.Bool("modern", false, "know no initialize, as servers of 2026-07-28 alone")
	chance  = flag.Float64("chance", 0, "the part of the requests that meet a fault")
	faults  = flag.String("faults", "", "those that chance chooses among, with commas between them; all")
	seed    = flag.Uint64("seed", 1, "what chance begins with")
	token   = flag.String("token", "", "what Authorization has to say after Bearer")
	secure  = flag.Bool("tls", false, "speak TLS")
)

func main() {
	flag.Parse()
	log.SetOutput(io.Discard) // net/http says much about those who are gone
	if err := serve(); err != nil {
		fmt.Fprintln(os.Stderr, "hostile:", err)
		os.Exit(1)
	}
}

func serve() error {
	var led atomic.Int64
	elsewhere, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	away := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		led.Add(1)
		w.WriteHeader(http.StatusTeapot)
	})}
	go away.Serve(elsewhere) //nolint:errcheck // ends with the process
	defer away.Close()
	o := hostile.Options{Modern: *modern, Chance: *chance, Seed: *seed, Token: *token, Away: "http://" + elsewhere.Addr().String() + "/mcp"}
	if *faults != "" {
		o.Faults = strings.Split(*faults, ",")
		for _, name := range o.Faults {
			if !hostile.Known(name) {
				return fmt.Errorf("there is no fault %q; there are %s", name, strings.Join(hostile.Faults(), ", "))
			}
		}
	}
	server := hostile.New(o)
	listener, err := net.Listen("tcp", *address)
	if err != nil {
		return err
	}
	scheme := "http"
	h := &http.Server{Handler: server}
	if *secure {
		scheme = "https"
		if h.TLSConfig, err = hostile.Unbelievable(); err != nil {
			return err
		}
	}
	fmt.Printf("listening on %s://%s\n", scheme, listener.Addr())
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin) // either way it has ended
		_ = h.Close()
	}()
	if *secure {
		err = h.ServeTLS(listener, "", "")
	} else {
		err = h.Serve(listener)
	}
	if !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	_ = h.Shutdown(context.Background())
	return json.NewEncoder(os.Stdout).Encode(hostile.Ended{Report: server.Report(), Led: int(led.Load())})
}
