// SPDX-License-Identifier: MIT

package manage

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"tailscale-mcp/internal/cli"
	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/upstream/entry"
	"tailscale-mcp/internal/upstream/npm"
	"tailscale-mcp/internal/upstream/pin"
	"tailscale-mcp/internal/upstream/unit"
)

// Adding is a server to add.
type Adding struct {
	Name    string
	Command []string
	// URL, in place of Command, is where a server is that runs elsewhere; Headers are what is
	// sent to it besides, as NAME: VALUE, and Type and CA as the entry has them.
	URL      string
	Headers  []string
	Type, CA string
	Env      []string // NAME=VALUE
	Read     []string
	Write    []string
	User     string
	Network  string // "", none, internet, unconfined, or networks with commas
	Approval
	Applying
}

// text is the entry.
func (a Adding) text() ([]byte, error) {
	ours := map[string]any{}
	for key, list := range map[string][]string{"read": a.Read, "write": a.Write} {
		if len(list) > 0 {
			ours[key] = list
		}
	}
	if a.User != "" {
		ours["user"] = a.User
	}
	switch {
	case a.Network == "":
	case strings.ContainsAny(a.Network, ".:"):
		ours["network"] = strings.Split(a.Network, ",")
	default:
		ours["network"] = a.Network
	}
	if a.CA != "" {
		ours["ca"] = a.CA
	}
	e := map[string]any{}
	if a.URL != "" {
		e["url"] = a.URL
		if a.Type != "" {
			e["type"] = a.Type
		}
	} else {
		e["command"], e["args"] = a.Command[0], a.Command[1:]
	}
	headers := map[string]string{}
	for _, text := range a.Headers {
		name, value, ok := strings.Cut(text, ":")
		if !ok {
			return nil, cli.Misused("--header 'Authorization: Bearer ${credential:"+a.Name+".token}'", "--header without a colon: a header has a name and a value")
		}
		for other := range headers {
			if strings.EqualFold(name, other) {
				return nil, cli.Misused("give each header once", "--header %s is there twice", name)
			}
		}
		headers[name] = strings.TrimSpace(value)
	}
	if len(headers) > 0 {
		e["headers"] = headers
	}
	if len(ours) > 0 {
		e["tailscale"] = ours
	}
	env := map[string]string{}
	for _, text := range a.Env {
		name, value, ok := strings.Cut(text, "=")
		if !ok {
			return nil, cli.Misused("--env NAME=VALUE", "--env without =: a variable has a name and a value")
		}
		env[name] = value
	}
	if len(env) > 0 {
		e["env"] = env
	}
	var text bytes.Buffer
	as := json.NewEncoder(&text)
	as.SetEscapeHTML(false) // of a URL, & is to be read
	as.SetIndent("", "  ")
	err := as.Encode(e)
	return text.Bytes(), err
}

// Add writes the entry of a new server, applies it, and has what the server offers approved.
// When one of these fails, what was written is taken back.
func (h Host) Add(ctx context.Context, p Person, a Adding) (err error) {
	if h.Systemd == nil {
		return h.noSystemd()
	}
	if !grant.IsServerName(a.Name) {
		return cli.Misused("up to 31 lower case letters, digits and hyphens, a letter or digit first; not mcp, healthz, metrics, tailscale, group, all, or the name of a class", "%q cannot name a server", a.Name)
	}
	file := filepath.Join(h.Dir, a.Name+".json")
	if _, err := os.Lstat(file); err == nil {
		return cli.Hint(fmt.Errorf("there is a server %q already: %s", a.Name, file), "edit that file, then: sudo tailscale-mcp server apply")
	}
	text, err := a.text()
	if err != nil {
		return err
	}
	const retry = "nothing was left of it; when that is mended, add it again: \"url\", \"headers\", \"network\", \"type\" and \"ca\" of an entry are options here"
	const unwritten = "nothing was written; the lines are those of the entry that the command line makes: correct its options"
	s, err := entry.Parse(a.Name, file, text)
	if err != nil {
		return cli.Hint(err, unwritten)
	}
	if err := h.confines(ctx, s); err != nil {
		if mistakes := (entry.Mistakes)(nil); errors.As(err, &mistakes) {
			return cli.Hint(err, unwritten)
		}
		return err
	}
	if !s.Stdio() {
		// Nothing is installed.
	} else if run, isNPM, err := npm.Parse(s.Command, s.Args); err != nil {
		return err
	} else if isNPM && !run.Pinned() && !a.Unpinned {
		return cli.Hint(unpinned(run), "write "+run.Package+"@VERSION, or use --unpinned")
	}
	if err := h.write(file, text); err != nil {
		return err
	}
	p.say("written: %s\n", file)
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(file), h.stop(context.WithoutCancel(ctx), a.Name), h.Systemd.Reload(context.WithoutCancel(ctx)))
			p.say("taken back: %s\n", file)
		}
	}()
	if err := h.ready(ctx, p, s, a.Applying); err != nil {
		return err
	}
	if unit.Needed(s) {
		if err := h.Systemd.Reload(ctx); err != nil {
			return fmt.Errorf("systemd does not read its units again: %w", err)
		}
		if err := h.start(ctx, p, s, Applying{}); err != nil {
			return err
		}
	}
	for _, note := range h.lacks(ctx, s) {
		p.say("%s: note: %s\n", s.Name, note)
	}
	if err := h.Approve(ctx, p, a.Name, a.Approval); err != nil {
		if hinted := (*cli.Hinted)(nil); !s.Stdio() && errors.As(err, &hinted) {
			err = cli.Hint(err, retry)
		}
		return err
	}
	h.next(ctx, p, a.Name)
	return nil
}

// next says what to do so that somebody can use a server.
func (h Host) next(ctx context.Context, p Person, name string) {
	if h.URL == nil {
		return
	}
	if text := h.Grant(ctx, name); text != "" {
		p.say("\nNext, in \"grants\" of the tailnet policy file, with whoever shall use it as \"src\":\n%s\n", text)
		approved, _, err := pin.Load(pin.Path(h.Dir, name))
		if err == nil && len(approved.Tools) > 0 && !slices.ContainsFunc(approved.Tools, func(t pin.Item) bool { return t.Class == grant.Read }) {
			p.say("That gives no tool, since none is of the class read: \"%s/*\" gives all but escalating ones\n", name)
		}
	}
	if url := h.URL(ctx, name); url != "" {
		p.say("\nClients reach it at %s\nand by standard input and output with: tailscale-mcp-proxy install CLIENT --server %s\n", url, url)
	}
}

// write writes an entry for the group of the folder to read, all of it or nothing.
func (h Host) write(file string, text []byte) error {
	if err := os.MkdirAll(h.Dir, 0o750); err != nil {
		return err
	}
	info, err := os.Stat(h.Dir)
	if err != nil {
		return err
	}
	next, err := os.CreateTemp(h.Dir, ".new-")
	if err != nil {
		return err
	}
	defer os.Remove(next.Name())
	_, err = next.Write(text)
	if err := errors.Join(err, next.Chmod(0o640), own(next, info), next.Sync(), next.Close()); err != nil {
		return err
	}
	return os.Link(next.Name(), file)
}

// Remove takes a server away: its entry, its pin, its package, what runs of it and what it
// has kept.
func (h Host) Remove(ctx context.Context, p Person, name string) error {
	if h.Systemd == nil {
		return h.noSystemd()
	}
	file := filepath.Join(h.Dir, name+".json")
	if _, err := os.Lstat(file); err != nil || !grant.IsServerName(name) {
		_, err := h.one(name)
		return err
	}
	if yes, err := p.asked("Remove " + file + ", what was approved of it, what runs of it, and what it has kept?"); err != nil || !yes {
		if err == nil {
			p.say("nothing was removed\n")
			err = cli.Code(cli.Failed)
		}
		return err
	}
	if err := os.Remove(file); err != nil {
		return err
	}
	err := errors.Join(ignore(os.Remove(pin.Path(h.Dir, name))), ignore(os.Remove(h.ending(name))), h.stop(ctx, name), os.RemoveAll(filepath.Join(h.NPM, name)), h.Systemd.Reload(ctx))
	// Another server of that name is not to find it.
	for _, path := range h.States(name) {
		err = errors.Join(err, os.RemoveAll(path))
	}
	if err == nil {
		p.say("%s: removed\n", name)
	}
	return err
}

// ignore passes over that something was not there.
func ignore(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
