// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"tailscale-mcp/internal/testbed/hostile"
	"tailscale-mcp/internal/testbed/launching"
)

// Servers behind the gateway. mallory may use those that misbehave, alice another.
const (
	decent = "decent"
	spams  = "spams"  // goes on saying what nobody asked for
	floods = "floods" // says too much
	dies   = "dies"
	mute   = "mute"  // says too little
	large  = "large" // says much
)

// Servers by URL, of the same kinds: web by Streamable HTTP, stream by HTTP+SSE.
const (
	near   = "near" // a decent one
	web    = "web"
	stream = "stream"
)

// behind are the servers behind the daemon, in rows that have them: the host's, for as
// long as the scene is there.
type behind struct {
	host      *launching.Host
	programs  string
	elsewhere []*hostile.Process
}

// openServers has servers that can be started, approved as they are.
func (s *scene) openServers(ctx context.Context) (err error) {
	if s.behind != nil {
		return nil
	}
	b := &behind{programs: filepath.Join(s.dir, "programs")}
	if err := os.Mkdir(b.programs, 0o700); err != nil {
		return err
	}
	if err := launching.Build(ctx, b.programs, "internal/testbed/servers/odd", "internal/testbed/hostile/serve"); err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "mcp") // the path of a socket has little room
	if err != nil {
		return err
	}
	b.host = launching.New(dir, b.programs)
	s.behind = b
	for _, name := range []string{decent, spams, floods, dies, mute, large} {
		// As their units give them less of the processor than the daemon has.
		e := launching.Entry{Command: "nice", Args: []string{"-n", "19", filepath.Join(b.programs, "odd")}, Ours: json.RawMessage(`{"timeout":"1s"}`)}
		if name == decent {
			e = launching.Entry{Command: filepath.Join(b.programs, "odd")}
		}
		if err := errors.Join(b.host.Write(name, e), b.host.Listen(name), s.approve(ctx, name)); err != nil {
			return err
		}
	}
	return s.openElsewhere(ctx)
}

// openElsewhere has servers by URL, beside the daemon.
func (s *scene) openElsewhere(ctx context.Context) error {
	for name, path := range map[string]string{near: "/mcp", web: "/mcp", stream: "/sse"} {
		args := []string{"-n", "19", filepath.Join(s.behind.programs, "serve")}
		if name == web {
			args = append(args, "-modern") // without sessions, which would end
		}
		cmd := s.server.Command(ctx, "nice", args...)
		p, err := hostile.Start(cmd)
		if err != nil {
			return err
		}
		s.behind.elsewhere = append(s.behind.elsewhere, p)
		e := launching.Entry{Type: map[string]string{"/mcp": "http", "/sse": "sse"}[path], URL: p.URL + path, Ours: json.RawMessage(`{"timeout":"1s","network":["127.0.0.0/8"]}`)}
		if err := errors.Join(s.behind.host.Write(name, e), s.approve(ctx, name)); err != nil {
			return err
		}
	}
	return nil
}

// approve pins what a server shows.
func (s *scene) approve(ctx context.Context, name string) error {
	cmd := s.server.Command(ctx, s.program, "server", "approve", name, "--suggested", "--yes")
	cmd.Env = append(s.behind.host.Environ(), "PATH="+os.Getenv("PATH"))
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("approving %s: %w: %s", name, err, out)
	}
	return nil
}

// close ends what runs; the daemon has ended. It is an error when a server by URL has led
// somebody to another host.
func (b *behind) close() error {
	b.host.Wait()
	errs := []error{os.RemoveAll(b.host.Dir)}
	for _, p := range b.elsewhere {
		ended, err := p.End()
		if err == nil && ended.Led > 0 {
			err = fmt.Errorf("%d requests were led away to another host", ended.Led)
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// of is a call of a tool of a server behind the daemon.
func of(server, tool, arguments string) message {
	m := toolCall(legacy, tool, arguments)
	m.Server = server
	return m
}

// politely is the pause of an attacker who is not to be refused for the number of its calls:
// they are to come as far as the servers.
const politely = 300 * time.Millisecond

// behindRows are the attacks by servers behind the gateway. They are made by one way to
// bind, which makes no difference to them.
func behindRows() []row {
	return []row{
		{
			name: "servers-flood", by: mallory, what: "a server that floods stdout and stderr, writes lines of 20 MiB, asks its client for much, answers for others, 16 calls at once",
			grant: `{"tools":["floods/*","spams/*"]}`, behind: true, wants: []string{"200"},
			plan: plan{Calls: &calls{Message: of(spams, "spam", `{}`), Others: []message{
				of(floods, "flood", `{}`), of(floods, "rubbish", `{}`), of(floods, "long", `{}`), of(floods, "nag", `{}`), of(floods, "steal", `{}`), of(floods, "twice", `{}`),
			}, AtOnce: 16}},
		},
		{
			name: "servers-mute", by: mallory, what: "a server that dies, never answers, writes half a line, drop by drop, or reads nothing any more, 16 calls at once",
			grant: `{"tools":["mute/*","dies/*"]}`, behind: true, wants: []string{"200 upstream_timeout"},
			plan: plan{Calls: &calls{Pause: politely, Message: of(dies, "die", `{}`), Others: []message{
				of(mute, "hang", `{}`), of(dies, "trickle", `{}`), of(mute, "half", `{}`), of(mute, "deaf", `{}`),
			}, AtOnce: 16}},
		},
		{
			name: "servers-unread", by: mallory, what: "40 answers of 12 MB of a server that nobody reads, held",
			grant: `{"tools":["large/*"]}`, behind: true,
			plan: plan{Hold: &hold{Message: of(large, "say", `{"size":12000000}`), Connections: 40, AtOnce: 40}},
		},
		{
			name: "servers-by-url", by: mallory, what: "servers by URL that do everything that package hostile can, 16 calls at once",
			grant: `{"tools":["web/*","stream/*"]}`, behind: true, wants: []string{"200", "200 upstream_unavailable"},
			plan: plan{Calls: &calls{Pause: politely, Message: of(web, "echo", `{}`), Others: everyFault(), AtOnce: 16}},
		},
	}
}

// everyFault calls for all faults of package hostile, by both transports.
func everyFault() (all []message) {
	for _, name := range hostile.Faults() {
		all = append(all, of(web, name, `{}`), of(stream, name, `{}`))
	}
	return all
}
