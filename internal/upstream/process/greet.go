// SPDX-License-Identifier: MIT

package process

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"tailscale-mcp/internal/jsonrpc"
)

// Revisions that servers are spoken to in.
const (
	legacyRevision = "2025-11-25"
	modernRevision = "2026-07-28"
)

// mostHello is how long, in bytes, what a server says of itself may be: it is kept for as
// long as the process runs.
const mostHello = 1 << 20

var errTalkative = fmt.Errorf("it says more than %d MiB about itself", mostHello>>20)

// greet finds out which era the server is of. One that knows both is spoken to in the
// older, which all know; one that does not know initialize is asked what it is
// (2026-07-28, "Versioning").
func (p *Process) greet(ctx context.Context) error {
	var said struct {
		ProtocolVersion string          `json:"protocolVersion"`
		Capabilities    json.RawMessage `json:"capabilities"`
		Instructions    string          `json:"instructions"`
		ServerInfo      struct {
			Name    string `json:"name"`
			Version string `json:"version"`
		} `json:"serverInfo"`
	}
	params, err := json.Marshal(map[string]any{
		"protocolVersion": legacyRevision, "capabilities": struct{}{}, "clientInfo": p.clientInfo(),
	})
	if err != nil {
		return err
	}
	result, err := p.Ask(ctx, Question{Method: "initialize", Params: params})
	var refused *Refused
	if errors.As(err, &refused) {
		return p.discover(ctx, refused)
	}
	if err != nil {
		return err
	}
	if len(result) > mostHello {
		return errTalkative
	}
	if err := json.Unmarshal(result, &said); err != nil || said.ProtocolVersion == "" {
		return errors.New("it answered initialize with something that is no answer to it")
	}
	p.hello = Hello{
		Name: said.ServerInfo.Name, Version: said.ServerInfo.Version, Revision: said.ProtocolVersion,
		Instructions: said.Instructions, Capabilities: said.Capabilities,
	}
	return p.Tell("notifications/initialized", nil)
}

// discover asks a server of the newer era what it is. before is its answer to initialize.
func (p *Process) discover(ctx context.Context, before *Refused) error {
	var said struct {
		SupportedVersions []string                   `json:"supportedVersions"`
		Capabilities      json.RawMessage            `json:"capabilities"`
		Instructions      string                     `json:"instructions"`
		Meta              map[string]json.RawMessage `json:"_meta"`
	}
	p.modern, p.hello.Revision = true, modernRevision
	result, err := p.Ask(ctx, Question{Method: "server/discover", Params: json.RawMessage(`{}`)})
	if err != nil {
		var refused *Refused
		if errors.As(err, &refused) {
			return fmt.Errorf("it refused initialize (%w) and server/discover (%v)", before, refused.Message)
		}
		return err
	}
	if len(result) > mostHello {
		return errTalkative
	}
	if err := json.Unmarshal(result, &said); err != nil {
		return errors.New("it answered server/discover with something that is no answer to it")
	}
	p.hello.Instructions, p.hello.Capabilities = said.Instructions, said.Capabilities
	var info struct{ Name, Version string }
	if json.Unmarshal(said.Meta[modernPrefix+"serverInfo"], &info) == nil {
		p.hello.Name, p.hello.Version = info.Name, info.Version
	}
	return nil
}

// Modern reports whether the server is of the newer era.
func (p *Process) Modern() bool { return p.modern }

// told is why the start failed, as whoever asked is told.
func (p *Process) told(err error) error {
	var ended *Ended
	switch {
	case errors.As(err, &ended):
		return err
	case errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("the server %s did not say what it is within %s", p.o.Server, startTime)
	case errors.Is(err, jsonrpc.ErrParams):
		return err
	}
	return fmt.Errorf("the server %s cannot be used: %w", p.o.Server, err)
}
