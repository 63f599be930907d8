// SPDX-License-Identifier: MIT

//go:build !linux

package testbed

import (
	"errors"
	"net/netip"
)

var errNoNamespaces = errors.New("network namespaces need Linux")

type namespace struct{}

func (*namespace) close() error                       { return nil }
func (*namespace) path() string                       { return "" }
func (*namespace) do(func() error) error              { return errNoNamespaces }
func (*namespace) wantingRoute(_, _ netip.Addr) error { return errNoNamespaces }

type hub struct{ *namespace }

func newHub() (*hub, error)            { return nil, errNoNamespaces }
func (*hub) plug() (*namespace, error) { return nil, errNoNamespaces }
func (*hub) nextAddr() netip.Addr      { return netip.Addr{} }

func hasIPv6() bool { return false }

// NamespacesError reports why Options.Namespaces cannot be had on this machine: it needs Linux.
func NamespacesError() error { return errNoNamespaces }
