// SPDX-License-Identifier: MIT

package manage

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"tailscale-mcp/internal/cli"
	"tailscale-mcp/internal/upstream/entry"
	"tailscale-mcp/internal/upstream/npm"
	"tailscale-mcp/internal/upstream/pin"
	"tailscale-mcp/internal/upstream/unit"
)

// Applying is how the entries are applied.
type Applying struct {
	// Now ends the processes that run, and the sessions with servers elsewhere, so that the next request finds what the entry says.
	Now bool
	// Unpinned installs packages without a version.
	Unpinned bool
}

// Apply makes the host be what the entries say: packages are installed, units made, sockets
// of new servers started and those of servers that are gone stopped. What is wrong with one
// entry is said at the end and stops no other.
func (h Host) Apply(ctx context.Context, p Person, a Applying) error {
	files, err := h.entries()
	if err != nil {
		return err
	}
	if h.Systemd == nil {
		return h.noSystemd()
	}
	var failed []error
	there := map[string]bool{}
	var ready []entry.Server
	for _, f := range files {
		switch {
		case len(f.Mistakes) > 0:
			failed = append(failed, f.Mistakes)
		case f.Server.Disabled:
		default:
			if err := h.confines(ctx, f.Server); err != nil {
				failed = append(failed, fmt.Errorf("%s: %w", f.Name, err))
				continue
			}
			there[f.Name] = unit.Needed(f.Server) // what runs of it goes on, whatever becomes of its package
			if err := h.ready(ctx, p, f.Server, a); err != nil {
				failed = append(failed, fmt.Errorf("%s: %w", f.Name, err))
				continue
			}
			ready = append(ready, f.Server)
		}
	}
	// While systemd has their units still: without them it would leave the socket's file.
	if err := h.stopGone(ctx, p, there); err != nil {
		failed = append(failed, err)
	}
	if err := h.Systemd.Reload(ctx); err != nil {
		return fmt.Errorf("systemd does not read its units again: %w", err)
	}
	for _, s := range ready {
		if err := h.start(ctx, p, s, a); err != nil {
			failed = append(failed, fmt.Errorf("%s: %w", s.Name, err))
		} else if _, ok, err := pin.Load(pin.Path(h.Dir, s.Name)); err == nil && !ok {
			p.say("%s: nobody can use it before: sudo tailscale-mcp server approve %s\n", s.Name, s.Name)
		}
	}
	if len(failed) > 0 {
		return errors.Join(failed...)
	}
	return nil
}

// confines wants the host to hold a server to what its entry says.
func (h Host) confines(ctx context.Context, s entry.Server) error {
	mistakes, err := h.host(ctx, s)
	if err != nil {
		return err
	}
	if len(mistakes) > 0 {
		return mistakes
	}
	if !s.Stdio() { // nothing of it runs here, and it is the daemon that looks at each address
		return nil
	}
	return h.held(ctx, s)
}

// ready has a server have the package that it needs before it is started.
func (h Host) ready(ctx context.Context, p Person, s entry.Server, a Applying) error {
	if !s.Stdio() {
		return nil
	}
	run, isNPM, err := npm.Parse(s.Command, s.Args)
	if err != nil || !isNPM {
		return err
	}
	folder := filepath.Join(h.NPM, s.Name)
	if _, err := run.Installed(folder); !errors.Is(err, npm.ErrNotInstalled) {
		return err
	}
	spec := run.Package
	switch {
	case run.Version != "":
		spec += "@" + run.Version
	case !a.Unpinned:
		return cli.Hint(unpinned(run),
			"write "+run.Package+"@VERSION into "+s.File+", or use --unpinned")
	}
	p.say("%s: installing %s\n", s.Name, spec)
	return h.Systemd.Install(ctx, Package{Server: s.Name, Spec: spec, Folder: folder})
}

func unpinned(run npm.Run) error {
	return errors.New("the package " + run.Package + " has no version, so that tomorrow's would be another one")
}

// stopGone stops the sockets of servers that have no entry any more.
func (h Host) stopGone(ctx context.Context, p Person, there map[string]bool) error {
	sockets, err := h.Systemd.Units(ctx, unit.SocketName("*"))
	if err != nil {
		return err
	}
	before, after, _ := strings.Cut(unit.SocketName("*"), "*")
	var failed []error
	for _, u := range sockets {
		name := strings.TrimSuffix(strings.TrimPrefix(u.Name, before), after)
		if there[name] || u.Active != "active" {
			continue
		}
		if err := h.stop(ctx, name); err != nil {
			failed = append(failed, err)
			continue
		}
		p.say("%s: stopped\n", name)
	}
	return errors.Join(failed...)
}

// stop stops a server: its socket, and what runs of it.
func (h Host) stop(ctx context.Context, name string) error {
	if err := h.Systemd.Stop(ctx, unit.SocketName(name)); err != nil {
		return err
	}
	return h.end(ctx, name)
}

// end ends the processes of a server.
func (h Host) end(ctx context.Context, name string) error {
	instances, err := h.Systemd.Units(ctx, strings.Replace(unit.ServiceName(name), "@", "@*", 1))
	for _, u := range instances {
		err = errors.Join(err, h.Systemd.Stop(ctx, u.Name))
	}
	return err
}

// elsewhere has a changed entry of a server that runs elsewhere hold, of which no process is
// here to be ended: it is the gateway that has its sessions.
func (h Host) elsewhere(p Person, s entry.Server, a Applying) error {
	if !a.Now {
		p.say("%s: runs elsewhere, so that no process is started here; a changed entry holds for new sessions (--now ends the others)\n", s.Name)
		return nil
	}
	if err := h.order(s.Name); err != nil {
		return fmt.Errorf("the gateway is not told to end its sessions: %w", err)
	}
	p.say("%s: runs elsewhere; the gateway ends the sessions that are open within seconds\n", s.Name)
	return nil
}

// order has the gateway end what is open with a server.
func (h Host) order(name string) error {
	if err := os.MkdirAll(h.Endings, 0o755); err != nil { //nolint:gosec // the daemon reads it, as it does the sockets there
		return err
	}
	now := time.Now().Format(time.RFC3339Nano) + "\n"       // for who looks; the change is what counts
	return os.WriteFile(h.ending(name), []byte(now), 0o644) //nolint:gosec // no secret
}

func (h Host) ending(name string) string { return filepath.Join(h.Endings, name+unit.EndingSuffix) }

// start starts the socket of a server, and says what is still to do.
func (h Host) start(ctx context.Context, p Person, s entry.Server, a Applying) error {
	if !unit.Needed(s) {
		return h.elsewhere(p, s, a)
	}
	sockets, err := h.Systemd.Units(ctx, unit.SocketName(s.Name))
	if err != nil {
		return err
	}
	switch {
	case len(sockets) == 0 || sockets[0].Active != "active":
		if err := h.Systemd.Start(ctx, unit.SocketName(s.Name)); err != nil {
			return err
		}
		p.say("%s: started\n", s.Name)
		if !s.Stdio() && a.Now { // it had none before it needed credentials
			return h.elsewhere(p, s, a)
		}
	case !s.Stdio():
		return h.elsewhere(p, s, a)
	case a.Now:
		if err := h.end(ctx, s.Name); err != nil {
			return err
		}
		p.say("%s: its processes were ended\n", s.Name)
	default:
		p.say("%s: as it was; a changed entry holds for new processes (--now ends the others)\n", s.Name)
	}
	for _, note := range h.notes(ctx, s) {
		p.say("%s: note: %s\n", s.Name, note)
	}
	return nil
}
