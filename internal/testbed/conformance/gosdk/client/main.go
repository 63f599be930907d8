// SPDX-License-Identifier: MIT

// Command client is a client of the official Go SDK. It connects to a server by Streamable
// HTTP, calls tools, answers what it is asked meanwhile, and prints what came of it as JSON:
// the revision that was agreed on, how many tools are listed, how often it was asked what, and
// the text that each call was answered with.
//
//	client -url URL -revision REVISION [TOOL ARGUMENTS]...
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

func main() {
	url := flag.String("url", "", "where the server is")
	revision := flag.String("revision", "", "the revision to ask for first")
	flag.Parse()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	said, err := use(ctx, *url, *revision, flag.Args())
	if err == nil {
		err = json.NewEncoder(os.Stdout).Encode(said)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "client:", err)
		os.Exit(1)
	}
}

type report struct {
	Revision string         `json:"revision"`
	Tools    int            `json:"tools"`
	Asked    map[string]int `json:"asked"`
	Answers  []string       `json:"answers"`
}

func use(ctx context.Context, url, revision string, calls []string) (report, error) {
	said := report{Asked: map[string]int{}}
	var mu sync.Mutex
	asked := func(what string) {
		mu.Lock()
		defer mu.Unlock()
		said.Asked[what]++
	}
	client := mcp.NewClient(&mcp.Implementation{Name: "interop", Version: "1.0.0"}, &mcp.ClientOptions{
		ElicitationHandler: func(context.Context, *mcp.ElicitRequest) (*mcp.ElicitResult, error) {
			asked("elicitation")
			return &mcp.ElicitResult{Action: "accept", Content: map[string]any{"name": "Ada"}}, nil
		},
		CreateMessageHandler: func(context.Context, *mcp.CreateMessageRequest) (*mcp.CreateMessageResult, error) {
			asked("sampling")
			return &mcp.CreateMessageResult{Role: "assistant", Model: "none", Content: &mcp.TextContent{Text: "A dream."}}, nil
		},
	})
	client.AddRoots(&mcp.Root{URI: "file:///home/ada", Name: "home"})
	session, err := client.Connect(ctx, &mcp.StreamableClientTransport{Endpoint: url}, &mcp.ClientSessionOptions{ProtocolVersion: revision})
	if err != nil {
		return said, fmt.Errorf("connecting: %w", err)
	}
	defer session.Close()
	said.Revision = session.InitializeResult().ProtocolVersion
	list, err := session.ListTools(ctx, nil)
	if err != nil {
		return said, fmt.Errorf("listing the tools: %w", err)
	}
	said.Tools = len(list.Tools)
	if len(calls)%2 != 0 {
		return said, errors.New("a tool without arguments")
	}
	for i := 0; i < len(calls); i += 2 {
		answer := ""
		result, err := session.CallTool(ctx, &mcp.CallToolParams{Name: calls[i], Arguments: json.RawMessage(calls[i+1])})
		if err != nil {
			answer = "failed: " + err.Error()
		} else {
			for _, content := range result.Content {
				if text, ok := content.(*mcp.TextContent); ok {
					answer += text.Text + "\n"
				}
			}
			if result.IsError {
				answer = "failed: " + answer
			}
		}
		said.Answers = append(said.Answers, answer)
	}
	mu.Lock()
	defer mu.Unlock()
	return said, nil
}
