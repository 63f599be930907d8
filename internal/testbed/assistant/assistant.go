// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/mark3labs/mcp-go/client"
	"github.com/mark3labs/mcp-go/client/transport"
	"github.com/mark3labs/mcp-go/mcp"

	"tailscale-mcp/internal/testbed/running"
)

// cost is what a task took.
type cost struct {
	calls, bytes int // of the text that a model reads
	out          int // bytes that a model writes as arguments
	waited       time.Duration
}

// assistant is somebody's: a client on stdio, behind the proxy on the person's machine.
type assistant struct {
	name  string
	mcp   *client.Client
	cost  *cost
	pace  pace
	sent  func() int // the requests to the Tailscale API so far, of everybody
	trace func(format string, args ...any)
	asks  bool     // it can put a question to its person
	asked []string // the questions that its person was shown, and said yes to
}

// assistant starts one on a device. With asks it can put a question to its person, who
// says yes.
func (st *stage) assistant(ctx context.Context, device string, asks bool) (*assistant, error) {
	a := &assistant{name: device, asks: asks, cost: &cost{}, pace: newPace(), sent: func() int { return len(st.api.Requests()) }, trace: func(string, ...any) {}}
	var options []client.ClientOption
	if asks {
		options = append(options, client.WithElicitationHandler(a))
	}
	t := transport.NewStdio(filepath.Join(st.dir, running.Proxy), nil, st.proxyArguments(device)...)
	a.mcp = client.NewClient(t, options...)
	if err := a.mcp.Start(ctx); err != nil {
		return nil, err
	}
	request := mcp.InitializeRequest{}
	request.Params.ProtocolVersion = mcp.LATEST_PROTOCOL_VERSION
	request.Params.ClientInfo = mcp.Implementation{Name: "assistant", Version: "1"}
	if _, err := a.mcp.Initialize(ctx, request); err != nil {
		a.leave()
		return nil, fmt.Errorf("the assistant on %s could not connect: %w", device, err)
	}
	return a, nil
}

func (st *stage) proxyArguments(device string) []string {
	return []string{"--server", st.url(), "--tailscaled-socket", st.nodes[device].Socket}
}

func (a *assistant) leave() { _ = a.mcp.Close() }

// Elicit implements client.ElicitationHandler: the person reads, and says yes.
func (a *assistant) Elicit(_ context.Context, r mcp.ElicitationRequest) (*mcp.ElicitationResult, error) {
	a.asked = append(a.asked, r.Params.Message)
	out := &mcp.ElicitationResult{}
	out.Action, out.Content = mcp.ElicitationResponseActionAccept, map[string]any{}
	return out, nil
}

// tools are what a model is shown before its first question.
func (a *assistant) tools(ctx context.Context) ([]string, error) {
	result, err := a.mcp.ListTools(ctx, mcp.ListToolsRequest{})
	if err != nil {
		return nil, fmt.Errorf("%s lists tools: %w", a.name, err)
	}
	var names []string
	for _, t := range result.Tools {
		names = append(names, t.Name)
	}
	return names, nil
}

// tooFast is what is said to a caller who is.
var tooFast = regexp.MustCompile(`^rate_limited: (?s:.*)wait ([0-9]+[a-z0-9.]*) and call again`)

// call makes one call and counts it. A machine asks faster than any model: where it is told
// to wait, it does, and asks again; that is no call of a model's, who would have been
// slower.
func (a *assistant) call(ctx context.Context, tool string, arguments object) (text string, refused bool, err error) {
	if arguments == nil {
		arguments = object{}
	}
	written, err := json.Marshal(arguments)
	if err != nil {
		return "", false, err
	}
	request := mcp.CallToolRequest{}
	request.Params.Name, request.Params.Arguments = tool, arguments
	for {
		waited, err := a.pace.rest(ctx)
		if err != nil {
			return "", false, err
		}
		a.cost.waited += waited
		before := a.sent()
		result, err := a.mcp.CallTool(ctx, request)
		a.pace.spent(a.sent() - before + 1) // a change that begins counts, too
		if err != nil {
			return "", false, fmt.Errorf("%s calls %s: %w", a.name, tool, err)
		}
		text = ""
		for _, c := range result.Content {
			if t, ok := c.(mcp.TextContent); ok {
				text += t.Text
			}
		}
		told := tooFast.FindStringSubmatch(text)
		if !result.IsError || told == nil {
			refused = result.IsError
			break
		}
		a.trace("\n%s> %s %s\n%s\n", a.name, tool, written, text)
		if err := a.wait(ctx, told[1]); err != nil {
			return "", false, err
		}
	}
	a.cost.calls++
	a.cost.bytes += len(text)
	a.cost.out += len(written)
	a.trace("\n%s> %s %s\n%s\n", a.name, tool, written, text)
	return text, refused, nil
}

// wait waits as told, in Go's or in seconds.
func (a *assistant) wait(ctx context.Context, told string) error {
	d, err := time.ParseDuration(told)
	if n, bad := strconv.Atoi(told); err != nil && bad == nil {
		d, err = time.Duration(n)*time.Second, nil
	}
	if err != nil || d > 2*time.Minute {
		return fmt.Errorf("%s is told to wait %q", a.name, told)
	}
	a.cost.waited += d
	return pause(ctx, d)
}

// read makes a call that has to be answered, with JSON.
func (a *assistant) read(ctx context.Context, tool string, arguments object, answer any) error {
	text, refused, err := a.call(ctx, tool, arguments)
	if err != nil {
		return err
	}
	if refused {
		return fmt.Errorf("%s is refused: %s", tool, text)
	}
	if err := decode(text, answer); err != nil {
		return fmt.Errorf("%s: %w", tool, err)
	}
	return nil
}

// refusal makes a call that has to be refused with a code, and returns what is said.
func (a *assistant) refusal(ctx context.Context, tool string, arguments object, code string) (string, error) {
	text, refused, err := a.call(ctx, tool, arguments)
	if err != nil {
		return "", err
	}
	if !refused || !strings.HasPrefix(text, code+": ") {
		return "", fmt.Errorf("%s should be refused as %s, and says: %s", tool, code, text)
	}
	return text, nil
}

// handedOut is the code in a refusal by which a change is confirmed.
var handedOut = regexp.MustCompile(`confirm set to ([A-Z2-9]{4}-[A-Z2-9]{4})\b`)

// change makes a change that is confirmed: by a client that cannot ask with the code of the
// refusal, by one that can with its person's yes. It returns the question.
func (a *assistant) change(ctx context.Context, tool string, arguments object, answer any) (question string, err error) {
	if a.asks {
		before := len(a.asked)
		if err := a.read(ctx, tool, arguments, answer); err != nil {
			return "", err
		}
		if n := len(a.asked) - before; n != 1 {
			return "", fmt.Errorf("%s asked the person %d times", tool, n)
		}
		return a.asked[before], nil
	}
	question, err = a.refusal(ctx, tool, arguments, "confirmation_required")
	if err != nil {
		return "", err
	}
	code := handedOut.FindStringSubmatch(question)
	if code == nil {
		return "", fmt.Errorf("the refusal of %s hands out no code: %s", tool, question)
	}
	again := object{"confirm": code[1]}
	for name, value := range arguments {
		again[name] = value
	}
	return question, a.read(ctx, tool, again, answer)
}
