// SPDX-License-Identifier: MIT

package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"
	"time"
)

// request is one of MCP's, as far as the probe looks into it.
type request struct {
	ID     json.RawMessage `json:"id"`
	Method string          `json:"method"`
	Params struct {
		Name      string `json:"name"`
		Arguments struct {
			Probes [][]string `json:"probes"`
			Arg    string     `json:"arg"`
		} `json:"arguments"`
	} `json:"params"`
}

var out sync.Mutex

// serve is an MCP server with the tool try, and one for every way to misbehave.
func serve() {
	in := bufio.NewReaderSize(os.Stdin, 1<<20)
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			if ignoring {
				time.Sleep(time.Hour) // the end of its input is nothing to it
			}
			return
		}
		var r request
		if json.Unmarshal([]byte(line), &r) != nil || r.ID == nil {
			continue
		}
		go answer(r)
	}
}

// write writes a line at once.
func write(line string) {
	out.Lock()
	defer out.Unlock()
	_, _ = io.WriteString(os.Stdout, line+"\n")
}

type object = map[string]any

func reply(id json.RawMessage, v any) {
	text, _ := json.Marshal(v)
	write(fmt.Sprintf(`{"jsonrpc":"2.0","id":%s,"result":%s}`, id, text))
}

// say replies with the text of a tool's result.
func say(id json.RawMessage, v any) {
	text, _ := json.Marshal(v)
	reply(id, object{"content": []any{object{"type": "text", "text": string(text)}}})
}

func answer(r request) {
	switch r.Method {
	case "initialize":
		reply(r.ID, object{"protocolVersion": "2025-11-25", "capabilities": object{"tools": object{}}, "serverInfo": object{"name": "probe", "version": "1"}})
	case "ping":
		reply(r.ID, object{})
	case "tools/list":
		schema := object{"type": "object", "properties": object{
			"probes": object{"type": "array", "items": object{"type": "array", "items": object{"type": "string"}}},
			"arg":    object{"type": "string"},
		}}
		tools := []any{object{"name": "try", "description": "Tries probes and says what came of them.", "inputSchema": schema}}
		for _, name := range manners() {
			tools = append(tools, object{"name": name, "description": "Does what its name says.", "inputSchema": schema})
		}
		reply(r.ID, object{"tools": tools})
	case "tools/call":
		call(r)
	default:
		write(fmt.Sprintf(`{"jsonrpc":"2.0","id":%s,"error":{"code":-32601,"message":"method not found"}}`, r.ID))
	}
}

func call(r request) {
	if r.Params.Name == "try" {
		say(r.ID, try(r.Params.Arguments.Probes))
		return
	}
	do, ok := misbehaviours[r.Params.Name]
	if !ok {
		write(fmt.Sprintf(`{"jsonrpc":"2.0","id":%s,"error":{"code":-32602,"message":"unknown tool"}}`, r.ID))
		return
	}
	do(r.ID, r.Params.Arguments.Arg)
}

func manners() []string {
	var names []string
	for name := range misbehaviours {
		names = append(names, name)
	}
	slices.SortFunc(names, strings.Compare)
	return names
}
