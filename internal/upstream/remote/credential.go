// SPDX-License-Identifier: MIT

package remote

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"

	"tailscale-mcp/internal/credfile"
	"tailscale-mcp/internal/redact"
	"tailscale-mcp/internal/upstream/entry"
	"tailscale-mcp/internal/upstream/frame"
)

const (
	// handTime is how long the launcher may take to hand over the headers of a server.
	handTime = 30 * time.Second
	// mostHanded is how long they may be, in bytes.
	mostHanded = 1 << 20
)

// handed are the headers of a server as its launcher fills them from its credentials, which
// nobody else has.
func (c Client) handed(ctx context.Context, s entry.Server) (map[string]string, error) {
	ctx, cancel := context.WithTimeout(ctx, handTime)
	defer cancel()
	conn, err := c.Dial(ctx, s.Name)
	if err != nil {
		return nil, fmt.Errorf("its credentials are not handed over: %w", err)
	}
	defer conn.Close()
	over := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer over()
	r := frame.NewReader(conn)
	text, err := io.ReadAll(io.LimitReader(r, mostHanded+1))
	var headers map[string]string
	switch end := r.End(); {
	case ctx.Err() != nil:
		return nil, fmt.Errorf("its credentials were not handed over within %s", handTime)
	case end != nil && end.Outcome == frame.NotStarted:
		return nil, fmt.Errorf("its credentials are not handed over: %s", redact.Text(string(end.Stderr)))
	case err != nil:
		return nil, fmt.Errorf("its credentials are not handed over: %w", err)
	case end == nil || len(text) > mostHanded || json.Unmarshal(text, &headers) != nil:
		return nil, errors.New("its credentials are not handed over: what its socket says is none; restart the servers after an upgrade: sudo tailscale-mcp server apply --now")
	}
	return headers, nil
}

// credential returns a credential that this process was given.
func credential(name string) (string, error) {
	dir := os.Getenv("CREDENTIALS_DIRECTORY") // systemd.exec(5)
	text, err := credfile.Read(dir, name)
	switch {
	case !errors.Is(err, fs.ErrNotExist):
		return text, err
	case dir == "":
		return "", fmt.Errorf("the credential %s is missing: where systemd does not run the servers, it is a file of that name in the folder that CREDENTIALS_DIRECTORY names", name)
	}
	return "", fmt.Errorf("the credential %s is missing: put it into %s", name, dir)
}
