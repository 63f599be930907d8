// SPDX-License-Identifier: MIT

//go:build linux

package life

import (
	"context"
	"testing"
)

// installer is a way to have packages on a host, as its administrator does.
type installer interface {
	// installOld installs the old release and has it serve.
	installOld(context.Context, *testing.T)

	// upgrade puts the new release in its place, and anew installs that one where there is none. They return what the
	// administrator sees.
	upgrade(context.Context) (string, error)
	anew(context.Context, *testing.T) string
}

type byDeb struct{ *life }

func (d byDeb) installOld(ctx context.Context, t *testing.T) { d.install(ctx, t, d.old) }

func (d byDeb) upgrade(ctx context.Context) (string, error) {
	if err := d.host.AptUpdate(ctx, d.new.repo); err != nil {
		return "", err
	}
	return d.host.Run(ctx, "apt-get", "--yes", "-o", "Dpkg::Options::=--force-confold", "install", pkg)
}

func (d byDeb) anew(ctx context.Context, t *testing.T) string {
	must(t, d.host.AptGet(ctx, "purge", pkg))
	said, err := d.upgrade(ctx)
	must(t, err)
	return said
}

type byRPM struct{ *life }

func (r byRPM) installOld(ctx context.Context, t *testing.T) {
	r.bringRPM(ctx, t)
	_, err := r.rpm(ctx, "--install", rpmDir+"/old.rpm")
	must(t, err)
	r.systemctl(ctx, t, "enable", "--now", socket)
}

func (r byRPM) upgrade(ctx context.Context) (string, error) {
	return r.rpm(ctx, "--upgrade", rpmDir+"/new.rpm")
}

func (r byRPM) anew(ctx context.Context, t *testing.T) string {
	_, err := r.rpm(ctx, "--erase", pkg)
	must(t, err)
	said, err := r.upgrade(ctx)
	must(t, err)
	return said
}
