// SPDX-License-Identifier: MIT

// Command odd is an MCP server on standard input and output that does what tests of a
// gateway need: it says who calls, keeps a count, and misbehaves in every way that servers
// were seen to. It speaks the protocol without a library, so that it can break its rules.
//
//	odd [-modern|-both] [-newer TEXT] [-description TEXT] [-slow DURATION] [-many N] [-loud N] [-named NAME]
package main

import (
	"bufio"
	"cmp"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"
)

var (
	modern      = flag.Bool("modern", false, "know no initialize, as servers of 2026-07-28 alone")
	both        = flag.Bool("both", false, "know both eras, and be of that in which the first question is")
	newer       = flag.String("newer", "", "the description of the tool echo in the newer era, if it is another there")
	description = flag.String("description", "Repeats what it is told.", "that of the tool echo")
	many        = flag.Int("many", 0, "how many tools and resources there are besides")
	named       = flag.String("named", "", "the name of one more tool")
	loud        = flag.Int("loud", 0, "how long the instructions are, if not as always")
	slow        = flag.Duration("slow", 0, "how long to take before the first answer")
)

type request struct {
	ID     json.RawMessage `json:"id"`
	Method string          `json:"method"`
	Params struct {
		Name      string                     `json:"name"`
		Arguments map[string]any             `json:"arguments"`
		Meta      map[string]json.RawMessage `json:"_meta"`
		RequestID json.RawMessage            `json:"requestId"`
		Cursor    string                     `json:"cursor"`
		URI       string                     `json:"uri"`
		Level     string                     `json:"level"`
		Ref       json.RawMessage            `json:"ref"`
		Argument  json.RawMessage            `json:"argument"`
		Context   json.RawMessage            `json:"context"`

		Capabilities json.RawMessage `json:"capabilities"`

		InputResponses json.RawMessage `json:"inputResponses"`
		RequestState   string          `json:"requestState"`

		Notifications struct {
			ResourceSubscriptions []string `json:"resourceSubscriptions"`
		} `json:"notifications"`
	} `json:"params"`
}

var (
	out   sync.Mutex
	count int
)

func main() {
	flag.Parse()
	for i := range *many {
		more = append(more, object{"uri": fmt.Sprintf("file:///a/many%04d", i), "name": "one of many"})
	}
	time.Sleep(*slow) // what a slow server does
	in := bufio.NewReaderSize(os.Stdin, 1<<20)
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return
		}
		var r request
		if json.Unmarshal([]byte(line), &r) != nil {
			continue
		}
		if r.Method == "" {
			answered([]byte(line))
			continue
		}
		hear(r)
		if *both && (r.Method == "initialize" || r.Method == "server/discover") {
			*modern, *both = r.Method == "server/discover", false
		}
		if r.Method == "initialize" {
			told = r.Params.Capabilities
		}
		if r.Method == "notifications/initialized" && *early {
			write(`{"jsonrpc":"2.0","id":"early","method":"roots/list"}`)
		}
		if r.ID == nil {
			fmt.Fprintln(os.Stderr, "heard", r.Method, string(r.Params.RequestID))
			continue
		}
		answer(r)
	}
}

func write(format string, args ...any) {
	out.Lock()
	defer out.Unlock()
	fmt.Printf(format+"\n", args...)
}

func result(id json.RawMessage, v any) {
	text, _ := json.Marshal(v)
	write(`{"jsonrpc":"2.0","id":%s,"result":%s}`, id, text)
}

func refuse(id json.RawMessage, code int, text string) {
	write(`{"jsonrpc":"2.0","id":%s,"error":{"code":%d,"message":%q}}`, id, code, text)
}

type object = map[string]any

var capabilities = object{
	"tools": object{"listChanged": true}, "prompts": object{"listChanged": true}, "resources": object{"subscribe": true, "listChanged": true},
	"logging": object{}, "completions": object{},
}

func answer(r request) {
	if lines, ok := instead[r.Method]; ok {
		sayTo(r, lines)
		return
	}
	switch {
	case r.Method == "initialize" && !*modern:
		result(r.ID, object{
			"protocolVersion": "2025-11-25", "capabilities": capabilities, "instructions": cmp.Or(strings.Repeat("x", *loud), "Be odd."),
			"serverInfo": object{"name": "odd", "version": "1"},
		})
	case r.Method == "server/discover" && *modern:
		result(r.ID, object{"resultType": "complete", "supportedVersions": []string{"2026-07-28"}, "capabilities": capabilities, "instructions": "Be odd."})
	case *modern && r.Params.Meta["io.modelcontextprotocol/protocolVersion"] == nil:
		refuse(r.ID, -32602, "no protocol version in _meta")
	case r.Method == "ping":
		result(r.ID, object{})
	case r.Method == "tools/list":
		all := tools()
		if *shy && strings.Contains(string(capabilitiesTold(r)), `"elicitation"`) {
			all = append(all, object{"name": "shy", "inputSchema": object{"type": "object"}})
		}
		if *coy && !strings.Contains(string(capabilitiesTold(r)), `"elicitation"`) {
			all[0].(object)["description"] = "Asks nobody."
		}
		result(r.ID, object{"tools": all})
	case r.Method == "tools/call":
		call(r)
	case r.Method == "prompts/list":
		result(r.ID, object{"prompts": []any{object{"name": "greet", "description": "Greets.", "arguments": []any{object{"name": "whom", "required": true}}}}})
	case r.Method == "prompts/get" && *modern && r.Params.Arguments["whom"] == "ask":
		inputFor(r, func(said string) {
			result(r.ID, object{"resultType": "complete", "messages": []any{object{"role": "user", "content": object{"type": "text", "text": said}}}})
		})
	case r.Method == "resources/read" && *modern && strings.HasSuffix(r.Params.URI, "/asks"):
		inputFor(r, func(said string) {
			result(r.ID, object{"resultType": "complete", "contents": []any{object{"uri": r.Params.URI, "text": said}}})
		})
	case r.Method == "prompts/get":
		result(r.ID, object{"messages": []any{object{"role": "user", "content": object{"type": "text", "text": fmt.Sprint("Hello ", r.Params.Arguments["whom"])}}}})
	case r.Method == "resources/list" && mute:
	case r.Method == "resources/list" && r.Params.Cursor == "":
		result(r.ID, object{"resources": []any{object{"uri": "file:///a/1", "name": "one"}}, "nextCursor": "more"})
	case r.Method == "resources/list":
		result(r.ID, object{"resources": append([]any{object{"uri": "file:///b/2", "name": "two"}}, more...)})
	case r.Method == "resources/templates/list":
		result(r.ID, object{"resourceTemplates": []any{object{"uriTemplate": "file:///a/{id}", "name": "some"}}})
	case r.Method == "resources/read" && strings.HasSuffix(r.Params.URI, "/missing"):
		code := -32002
		if *modern {
			code = -32602
		}
		write(`{"jsonrpc":"2.0","id":%s,"error":{"code":%d,"message":"nothing there","data":{"uri":%q}}}`, r.ID, code, r.Params.URI)
	case r.Method == "resources/read" && *modern && strings.HasSuffix(r.Params.URI, "/public"):
		write(`{"jsonrpc":"2.0","id":%s,"result":{"resultType":"complete","ttlMs":1000,"cacheScope":"public","contents":[]}}`, r.ID)
	case r.Method == "resources/read" && strings.HasSuffix(r.Params.URI, "/broken"):
		write(`{"jsonrpc":"2.0","id":%s,"error":{"code":-32050,"message":"broken","data":{"big":9007199254740993}}}`, r.ID)
	case r.Method == "resources/read" && strings.Contains(r.Params.URI, "/bare/"): // whose result is no object
		write(`{"jsonrpc":"2.0","id":%s,"result":%s}`, r.ID, r.Params.URI[strings.LastIndex(r.Params.URI, "/")+1:])
	case r.Method == "resources/read":
		result(r.ID, object{"contents": []any{object{"uri": r.Params.URI, "text": "at " + r.Params.URI}}})
	case !*modern && r.Method == "resources/unsubscribe" && strings.HasSuffix(r.Params.URI, "/kept"):
		refuse(r.ID, -32050, "it is kept")
	case !*modern && (r.Method == "logging/setLevel" || r.Method == "resources/subscribe" || r.Method == "resources/unsubscribe"):
		result(r.ID, object{})
	case *modern && r.Method == "subscriptions/listen":
		listen(r)
	case r.Method == "completion/complete":
		write(`{"jsonrpc":"2.0","id":%s,"result":{"completion":{"values":["for %d"],"asked":[%s,%s,%s],"big":9007199254740993}}}`,
			r.ID, os.Getpid(), r.Params.Ref, r.Params.Argument, orNull(r.Params.Context))
	default:
		refuse(r.ID, -32601, "method not found")
	}
}

// behaviours are the tools, besides echo.
var behaviours = strings.Fields("count who exit hang rubbish flood long progress die refuse fail " +
	"log touch unknown stray relist retool ask withdraw told ping media heard say large spam half deaf twice steal trickle nag wait")

func tools() (all []any) {
	schema := object{"type": "object"}
	if *modern && *newer != "" {
		*description = *newer
	}
	all = append(all, object{"name": "echo", "description": *description, "inputSchema": schema, "annotations": object{"readOnlyHint": true}})
	for _, name := range behaviours {
		all = append(all, object{"name": name, "description": "Does what its name says.", "inputSchema": schema})
	}
	// Its schemas are of an older draft, and its results are not what it says.
	all = append(all, object{
		"name":         "strict",
		"inputSchema":  object{"type": "object", "properties": object{"n": object{"type": "number", "minimum": 0, "exclusiveMinimum": true}}},
		"outputSchema": object{"type": "object", "required": []string{"never"}},
	})
	if *named != "" {
		all = append(all, object{"name": *named, "inputSchema": schema})
	}
	for i := range *many {
		all = append(all, object{"name": fmt.Sprintf("tool%04d", i), "inputSchema": schema})
	}
	return all
}

func text(s string) object {
	return object{"content": []any{object{"type": "text", "text": s}}, "big": json.Number("9007199254740993")}
}

func call(r request) {
	switch r.Params.Name {
	case "echo":
		said, _ := json.Marshal(r.Params.Arguments)
		result(r.ID, text(string(said)))
	case "count":
		count++
		result(r.ID, text(fmt.Sprintf("%d of %d", count, os.Getpid())))
	case "who":
		said, _ := json.Marshal(r.Params.Meta)
		answer := text(string(said))
		answer["_meta"] = object{"tailscale-mcp/caller": object{"login": "forged"}, "example.com/x": json.Number("9007199254740993")}
		result(r.ID, answer)
	case "exit":
		result(r.ID, text("bye"))
		os.Exit(3)
	case "die":
		fmt.Fprintln(os.Stderr, "out of luck")
		os.Exit(7)
	case "large":
		result(r.ID, text(strings.Repeat("x", 1<<20)))
	case "shy":
		result(r.ID, text("here I am"))
	case "strict":
		result(r.ID, object{"content": []any{}, "structuredContent": object{"n": 1}})
	case "hang":
		heard = append(heard, "hang")
	case "rubbish":
		write("npm warn deprecated: this is no message\n{\"jsonrpc\":\"2.0\",\"id\":999999,\"result\":{}}\n[1,2]\n{")
		result(r.ID, text("after the rubbish"))
	case "flood":
		for range 4096 {
			fmt.Fprintln(os.Stderr, strings.Repeat("x", 1023))
		}
		result(r.ID, text("flooded"))
	case "long":
		write(`{"jsonrpc":"2.0","id":%s,"result":{"content":[{"type":"text","text":"%s"}]}}`, r.ID, strings.Repeat("x", 20<<20))
	case "progress":
		for i := range 3 {
			write(`{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":%s,"progress":%d,"total":3,"message":"step"}}`, r.Params.Meta["progressToken"], i+1)
		}
		result(r.ID, text("done"))
	case "fail":
		failed := text("it did not work")
		failed["isError"] = true
		result(r.ID, failed)
	case "refuse":
		refuse(r.ID, -32050, "not today")
	default:
		if say, ok := says[r.Params.Name]; ok {
			say(r)
			return
		}
		refuse(r.ID, -32602, "unknown tool")
	}
}
