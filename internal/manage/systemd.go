// SPDX-License-Identifier: MIT

package manage

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/coreos/go-systemd/v22/dbus"
	godbus "github.com/godbus/dbus/v5"

	"tailscale-mcp/internal/cli"
	"tailscale-mcp/internal/upstream/unit"
)

// manager is systemd, asked over its own socket, which is root's.
type manager struct{ c *dbus.Conn }

// Connect connects to the systemd of this host; the function closes the connection.
func Connect(ctx context.Context) (Systemd, func(), error) {
	if os.Geteuid() != 0 {
		return nil, nil, cli.Hint(errors.New("only root may change servers"), "run it with sudo")
	}
	c, err := dbus.NewSystemdConnectionContext(ctx)
	if err != nil {
		return nil, nil, cli.Hint(fmt.Errorf("systemd cannot be asked: %w", err), "the servers behind this one need a host that systemd has booted; where something else runs them, see WITHOUT SYSTEMD in tailscale-mcp-server(8)")
	}
	return manager{c}, c.Close, nil
}

func (m manager) Reload(ctx context.Context) error { return m.c.ReloadContext(ctx) }

func (m manager) Start(ctx context.Context, name string) error {
	return m.job(ctx, name, "start", m.c.StartUnitContext)
}

func (m manager) Stop(ctx context.Context, name string) error {
	err := m.job(ctx, name, "stop", m.c.StopUnitContext)
	var refused godbus.Error
	if errors.As(err, &refused) && refused.Name == "org.freedesktop.systemd1.NoSuchUnit" {
		return nil // it never was, or has ended by itself meanwhile
	}
	return err
}

// job has systemd do something with a unit and waits for what comes of it.
func (m manager) job(ctx context.Context, unit, verb string, do func(context.Context, string, string, chan<- string) (int, error)) error {
	result := make(chan string, 1)
	if _, err := do(ctx, unit, "replace", result); err != nil {
		return fmt.Errorf("systemd does not %s %s: %w", verb, unit, err)
	}
	select {
	case how := <-result:
		if how != "done" {
			return cli.Hint(fmt.Errorf("systemd did not %s %s: %s", verb, unit, how), "systemctl status "+unit)
		}
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (m manager) Version(context.Context) (string, error) { return m.word("Version") }

func (m manager) Features(context.Context) (string, error) { return m.word("Features") }

func (m manager) word(property string) (string, error) {
	quoted, err := m.c.GetManagerProperty(property)
	return strings.Trim(quoted, `"`), err
}

func (m manager) Units(ctx context.Context, pattern string) ([]Unit, error) {
	found, err := m.c.ListUnitsByPatternsContext(ctx, nil, []string{pattern})
	if err != nil {
		return nil, err
	}
	units := make([]Unit, 0, len(found))
	for _, u := range found {
		// One that lost its file while it was active is there until it is stopped.
		if u.LoadState != "not-found" || u.ActiveState != "inactive" {
			units = append(units, Unit{u.Name, u.ActiveState, u.SubState})
		}
	}
	return units, nil
}

func (m manager) Given(ctx context.Context, name string) (Given, error) {
	properties, err := m.c.GetUnitTypePropertiesContext(ctx, name, "Service")
	if err != nil {
		return Given{}, fmt.Errorf("systemd does not say what %s is given: %w", name, err)
	}
	return given(properties)
}

// Install runs npm as a user that systemd makes for it, who may write nowhere but into a
// folder of its own. What came of it is copied for root; scripts of packages have run by
// then, and not as root.
func (m manager) Install(ctx context.Context, p Package) error {
	const state = "tailscale-mcp-npm-install"
	name := state + "-" + p.Server + ".service"
	folder := filepath.Join("/var/lib/private", state, p.Server)
	defer func() { _ = os.RemoveAll(folder) }()
	if err := os.RemoveAll(folder); err != nil {
		return err
	}
	home := filepath.Join("/var/lib", state, p.Server)
	argv := []string{"/usr/bin/env", "npm", "install", "--prefix", home, "--no-audit", "--no-fund", "--no-update-notifier", "--", p.Spec}
	properties := []dbus.Property{
		dbus.PropDescription("npm package " + p.Spec + " for the MCP server " + p.Server),
		dbus.PropType("oneshot"), dbus.PropExecStart(argv, false),
		property("DynamicUser", true), property("StateDirectory", []string{state + "/" + p.Server}),
		property("Environment", []string{"HOME=" + home, "npm_config_cache=" + home + "/.npm"}),
		property("WorkingDirectory", home), property("NoNewPrivileges", true), property("PrivateDevices", true),
		property("ProtectHome", "yes"), property("CapabilityBoundingSet", uint64(0)), property("RestrictSUIDSGID", true),
		property("CollectMode", "inactive-or-failed"), property("SyslogIdentifier", name),
	}
	start := func(ctx context.Context, unit, mode string, ch chan<- string) (int, error) {
		return m.c.StartTransientUnitContext(ctx, unit, mode, properties, ch)
	}
	if err := m.job(ctx, name, "run", start); err != nil {
		return cli.Hint(fmt.Errorf("the package %s was not installed", p.Spec), "journalctl -t "+name+" has what npm says")
	}
	return adopt(folder, p.Folder)
}

// Denies has the launcher try in a unit that may reach no address.
func (m manager) Denies(ctx context.Context) (bool, error) {
	const name = "tailscale-mcp-denied.service"
	type prefix struct {
		Family  int32
		Address []byte
		Bits    uint32
	}
	properties := []dbus.Property{
		dbus.PropDescription("whether this host denies addresses to MCP servers"),
		dbus.PropType("oneshot"), dbus.PropExecStart([]string{unit.Launcher, "--denied"}, false),
		property("DynamicUser", true), property("NoNewPrivileges", true), property("CapabilityBoundingSet", uint64(0)),
		property("IPAddressDeny", []prefix{{syscall.AF_INET, make([]byte, 4), 0}, {syscall.AF_INET6, make([]byte, 16), 0}}),
		property("CollectMode", "inactive-or-failed"), property("SyslogIdentifier", name),
	}
	result := make(chan string, 1)
	if _, err := m.c.StartTransientUnitContext(ctx, name, "replace", properties, result); err != nil {
		return false, fmt.Errorf("systemd does not try whether addresses are denied here: %w", err)
	}
	select {
	case how := <-result:
		return how == "done", nil
	case <-ctx.Done():
		return false, ctx.Err()
	}
}

func property(name string, value any) dbus.Property {
	return dbus.Property{Name: name, Value: godbus.MakeVariant(value)}
}
