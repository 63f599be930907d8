// SPDX-License-Identifier: MIT

package main

import (
	"io"
	"net"
	"net/http"
	"path/filepath"
	"time"
)

// status is what the bench's tailscaled says of itself: connected, with a user.
const status = `{"Version":"1.0.0","BackendState":"Running","HaveNodeKey":true,"TailscaleIPs":["100.64.0.2"],` +
	`"Self":{"ID":"n1","HostName":"laptop","DNSName":"laptop.example.ts.net.","OS":"linux","UserID":7,"TailscaleIPs":["100.64.0.2"],"Online":true},` +
	`"MagicDNSSuffix":"example.ts.net","CurrentTailnet":{"Name":"example.com","MagicDNSSuffix":"example.ts.net","MagicDNSEnabled":true},` +
	`"Peer":null,"User":{"7":{"ID":7,"LoginName":"alice@example.com","DisplayName":"Alice"}}}`

// serveTailscaled answers like the LocalAPI of a tailscaled whose tailnet does
// not have the server in it, for the proxies that ask: no proxy's figures then
// depend on whether this machine runs one.
func serveTailscaled(dir string) (socket string, stop func(), err error) {
	socket = filepath.Join(dir, "tailscaled.sock")
	l, err := net.Listen("unix", socket) //nolint:noctx // local, at once
	if err != nil {
		return "", nil, err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/localapi/v0/status", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, status)
	})
	mux.HandleFunc("/localapi/v0/whois", func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "no match for IP:port", http.StatusNotFound)
	})
	srv := &http.Server{Handler: mux, ReadHeaderTimeout: time.Minute}
	go func() { _ = srv.Serve(l) }()
	return socket, func() { _ = srv.Close() }, nil
}
