// SPDX-License-Identifier: MIT

// Command modern is a server of the official Go SDK that serves protocol
// revision 2026-07-28 and nothing older. The SDK's own server for conformance
// has no switch for that.
//
// It prints "listening on URL" and serves on loopback until SIGTERM.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"

	"github.com/google/jsonschema-go/jsonschema"
	"github.com/modelcontextprotocol/go-sdk/mcp"
)

const revision = "2026-07-28"

func main() {
	refuse := flag.Bool("refuse", false, "answer initialize with an error that names the revision; the SDK by itself\nanswers it with an older revision and refuses everything after")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	if err := serve(ctx, *refuse); err != nil {
		fmt.Fprintln(os.Stderr, "modern:", err)
		os.Exit(1)
	}
}

func serve(ctx context.Context, refuse bool) error {
	s := mcp.NewServer(&mcp.Implementation{Name: "go-sdk-modern", Version: "1.0.0"},
		&mcp.ServerOptions{SupportedProtocolVersions: []string{revision}})
	addTools(s)
	var handler http.Handler = mcp.NewStreamableHTTPHandler(func(*http.Request) *mcp.Server { return s },
		&mcp.StreamableHTTPOptions{Stateless: true})
	if refuse {
		handler = refuseInitialize(handler)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("listening: %w", err)
	}
	fmt.Printf("listening on http://%s/mcp\n", listener.Addr())
	h := &http.Server{Handler: handler}
	// Close, not Shutdown: clients that only listen would hold it for ever.
	context.AfterFunc(ctx, func() { _ = h.Close() })
	if err := h.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serving: %w", err)
	}
	return nil
}

// addTools adds two fixtures of the suite: one that answers, one that asks first.
func addTools(s *mcp.Server) {
	mcp.AddTool(s, &mcp.Tool{Name: "test_simple_text", Description: "Answers with a text."},
		func(context.Context, *mcp.CallToolRequest, any) (*mcp.CallToolResult, any, error) {
			return text("This is a simple text response for testing."), nil, nil
		})
	mcp.AddTool(s, &mcp.Tool{Name: "test_input_required_result_elicitation", Description: "Asks for a name and greets it."},
		func(_ context.Context, request *mcp.CallToolRequest, _ any) (*mcp.CallToolResult, any, error) {
			if answer, ok := request.Params.InputResponses["user_name"].(*mcp.ElicitResult); ok && answer.Action == "accept" {
				return text(fmt.Sprintf("Hello, %v!", answer.Content["name"])), nil, nil
			}
			return &mcp.CallToolResult{InputRequests: mcp.InputRequestMap{"user_name": &mcp.ElicitParams{
				Message: "What is your name?",
				RequestedSchema: &jsonschema.Schema{
					Type:       "object",
					Properties: map[string]*jsonschema.Schema{"name": {Type: "string"}},
					Required:   []string{"name"},
				},
			}}}, nil, nil
		})
}

func text(s string) *mcp.CallToolResult {
	return &mcp.CallToolResult{Content: []mcp.Content{&mcp.TextContent{Text: s}}}
}

// refuseInitialize answers initialize as the specification asks of a server
// without the older revisions: by an error that names those it has.
func refuseInitialize(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		var message struct {
			ID     json.RawMessage `json:"id"`
			Method string          `json:"method"`
			Params struct {
				ProtocolVersion string `json:"protocolVersion"`
			} `json:"params"`
		}
		if json.Unmarshal(body, &message) != nil || message.Method != "initialize" {
			r.Body = io.NopCloser(bytes.NewReader(body))
			next.ServeHTTP(w, r)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusBadRequest)
		_ = json.NewEncoder(w).Encode(map[string]any{"jsonrpc": "2.0", "id": message.ID, "error": map[string]any{
			"code":    mcp.CodeUnsupportedProtocolVersion,
			"message": "Unsupported protocol version",
			"data":    map[string]any{"supported": []string{revision}, "requested": message.Params.ProtocolVersion},
		}})
	})
}
