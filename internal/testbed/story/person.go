// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/mark3labs/mcp-go/client"
	"github.com/mark3labs/mcp-go/client/transport"
	"github.com/mark3labs/mcp-go/mcp"

	"tailscale-mcp/internal/testbed"
	"tailscale-mcp/internal/testbed/running"
)

// person is somebody's assistant: an MCP client on one node.
type person struct {
	name string
	mcp  *client.Client
}

// direct is a client that speaks HTTP to the server over the tailnet.
func (st *stage) direct(ctx context.Context, name string, n *testbed.Node) (*person, error) {
	return directAt(ctx, name, n, st.url())
}

// served is such a client of a server behind the daemon, from when it is there for them.
func (st *stage) served(ctx context.Context, name string, n *testbed.Node, server string) (p *person, err error) {
	err = running.Await(ctx, 2*within, func() error {
		p, err = directAt(ctx, name, n, st.at(server))
		return err
	})
	return p, err
}

func directAt(ctx context.Context, name string, n *testbed.Node, url string) (*person, error) {
	t, err := transport.NewStreamableHTTP(url, transport.WithHTTPBasicClient(n.HTTPClient()))
	if err != nil {
		return nil, err
	}
	return begin(ctx, name, client.NewClient(t))
}

// proxied is a client that speaks only stdio, such as Claude Desktop: it
// starts tailscale-mcp-proxy on its own machine.
func (st *stage) proxied(ctx context.Context, name string, n *testbed.Node, options ...client.ClientOption) (*person, error) {
	t := transport.NewStdio(filepath.Join(st.dir, running.Proxy), nil, "--server", st.url(), "--tailscaled-socket", n.Socket)
	return begin(ctx, name, client.NewClient(t, options...))
}

// url is the address that a person types: the node's MagicDNS name.
func (st *stage) url() string {
	return fmt.Sprintf("http://%s:%d/mcp", st.server.Name, st.daemon.Port)
}

// at is that of a server behind the daemon.
func (st *stage) at(server string) string {
	return fmt.Sprintf("http://%s:%d/%s/mcp", st.server.Name, st.daemon.Port, server)
}

func begin(ctx context.Context, name string, c *client.Client) (*person, error) {
	if err := c.Start(ctx); err != nil {
		return nil, err
	}
	request := mcp.InitializeRequest{}
	request.Params.ProtocolVersion = mcp.LATEST_PROTOCOL_VERSION
	request.Params.ClientInfo = mcp.Implementation{Name: "story", Version: "1"}
	if _, err := c.Initialize(ctx, request); err != nil {
		_ = c.Close()
		return nil, fmt.Errorf("%s could not connect: %w", name, err)
	}
	return &person{name, c}, nil
}

func (p *person) leave() { _ = p.mcp.Close() }

// tools are the names of the tools that the person is shown.
func (p *person) tools(ctx context.Context) ([]string, error) {
	result, err := p.mcp.ListTools(ctx, mcp.ListToolsRequest{})
	if err != nil {
		return nil, fmt.Errorf("%s lists tools: %w", p.name, err)
	}
	var names []string
	for _, t := range result.Tools {
		names = append(names, t.Name)
	}
	return names, nil
}

// ask calls a tool and returns what the model would read.
func (p *person) ask(ctx context.Context, tool string, arguments map[string]any) (text string, refused bool, err error) {
	request := mcp.CallToolRequest{}
	request.Params.Name, request.Params.Arguments = tool, arguments
	result, err := p.mcp.CallTool(ctx, request)
	if err != nil {
		return "", false, fmt.Errorf("%s calls %s: %w", p.name, tool, err)
	}
	for _, c := range result.Content {
		if t, ok := c.(mcp.TextContent); ok {
			text += t.Text
		}
	}
	return text, result.IsError, nil
}

// mustAnswer asks and reads the answer, which is JSON.
func (p *person) mustAnswer(ctx context.Context, tool string, arguments map[string]any, answer any) error {
	text, refused, err := p.ask(ctx, tool, arguments)
	if err != nil {
		return err
	}
	if refused {
		return fmt.Errorf("%s should have been answered %s, and was told: %s", p.name, tool, text)
	}
	if err := json.Unmarshal([]byte(text), answer); err != nil {
		return fmt.Errorf("%s: the answer is not JSON: %w: %s", tool, err, text)
	}
	return nil
}

// mustBe asks whoami and expects that user, or those tags.
func (p *person) mustBe(ctx context.Context, login string, tags []string) error {
	text, _, err := p.ask(ctx, "whoami", nil)
	if err != nil {
		return err
	}
	var me struct {
		Login string
		Tags  []string
	}
	if err := json.Unmarshal([]byte(text), &me); err != nil || me.Login != login || !slices.Equal(me.Tags, tags) {
		return fmt.Errorf("whoami tells %s: %s", p.name, text)
	}
	return nil
}

// mustBeRefused asks and expects access_denied with the grant that is missing.
func (p *person) mustBeRefused(ctx context.Context, tool string) (string, error) {
	text, refused, err := p.ask(ctx, tool, nil)
	if err != nil {
		return "", err
	}
	if !refused || !strings.HasPrefix(text, "access_denied: ") {
		return "", fmt.Errorf("%s should have been refused %s, and was told: %s", p.name, tool, text)
	}
	if !strings.Contains(text, capability) || !strings.Contains(text, `"tag:mcp"`) {
		return "", fmt.Errorf("the refusal does not name the grant that is missing: %s", text)
	}
	return text, nil
}

// mustBeAnsweredSoon asks until a grant that was just added is felt.
func (p *person) mustBeAnsweredSoon(ctx context.Context) error {
	return running.Await(ctx, within, func() error {
		_, refused, err := p.ask(ctx, "list_all_devices", nil)
		if err == nil && refused {
			err = fmt.Errorf("%s is still refused", p.name)
		}
		return err
	})
}

// mustSeeDevices asks for the devices and expects exactly those of the tailnet.
func (p *person) mustSeeDevices(ctx context.Context, want []*testbed.Node) error {
	text, refused, err := p.ask(ctx, "list_all_devices", nil)
	if err != nil {
		return err
	}
	if refused {
		return fmt.Errorf("%s should have been answered, and was told: %s", p.name, text)
	}
	var answer struct {
		Total   int
		Domain  string
		Devices []struct {
			Name   string
			Online bool
			User   string
			Tags   []string
		}
	}
	if err := json.Unmarshal([]byte(text), &answer); err != nil {
		return fmt.Errorf("the answer is not JSON: %w: %s", err, text)
	}
	if answer.Total != len(want) {
		return fmt.Errorf("the answer has %d devices, the tailnet %d: %s", answer.Total, len(want), text)
	}
	for _, d := range answer.Devices {
		if !strings.Contains(d.Name, ".") {
			d.Name += "." + answer.Domain // which is said once
		}
		if !slices.ContainsFunc(want, func(n *testbed.Node) bool { return n.FQDN() == d.Name }) {
			return fmt.Errorf("%s is no device of the tailnet", d.Name)
		}
		owner := d.User
		if len(d.Tags) > 0 {
			owner = strings.Join(d.Tags, ",")
		}
		state := "offline"
		if d.Online {
			state = "online"
		}
		fmt.Printf("    %-28s %-20s %s\n", d.Name, owner, state)
	}
	return nil
}
