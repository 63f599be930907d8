// SPDX-License-Identifier: MIT

package mcpserver

import (
	"strings"
	"testing"

	"tailscale-mcp/internal/audit"
)

// TestMessagesRefused: what is no message, or none of this server's, with its
// status, its code and the id it is answered under.
func TestMessagesRefused(t *testing.T) {
	b := newBench(t)
	b.grant("alice@example.com", `{"tools":["*","escalating:*"],"resources":["*"]}`)
	alice := b.alice(t, legacy)
	deep := func(open, inner, shut string, n int) string {
		return strings.Repeat(open, n) + inner + strings.Repeat(shut, n)
	}
	cases := []struct {
		name   string
		body   string
		status int
		code   int
		id     string
	}{
		// Not JSON, or not one text of it.
		{"empty", "", 400, -32700, "null"},
		{"white space", " \r\n\t ", 400, -32700, "null"},
		{"not JSON", "hello", 400, -32700, "null"},
		{"a form", "jsonrpc=2.0&method=tools%2Flist", 400, -32700, "null"},
		{"cut off", `{"jsonrpc":"2.0","id":1,"method":"tools/li`, 400, -32700, "null"},
		{"not closed", `{"jsonrpc":"2.0","id":1,"method":"tools/list"`, 400, -32700, "null"},
		{"text behind", plain + "x", 400, -32700, "null"},
		{"two messages", plain + plain, 400, -32700, "null"},
		{"two lines", plain + "\n" + plain, 400, -32700, "null"},
		{"a NUL behind", plain + "\x00", 400, -32700, "null"},
		{"a NUL inside", `{"jsonrpc":"2.0","id":1,"method":"tools/list` + "\x00" + `"}`, 400, -32700, "null"},
		{"a byte order mark", "\ufeff" + plain, 400, -32700, "null"},
		{"UTF-16", "\xff\xfe{\x00}\x00", 400, -32700, "null"},
		{"invalid UTF-8 in the method", "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/\xff\"}", 400, -32700, "null"},
		{"invalid UTF-8 in a name", "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/list\",\"\xc0\xaf\":1}", 400, -32700, "null"},
		{"gzip without saying so", "\x1f\x8b\x08\x00\x00\x00\x00\x00", 400, -32700, "null"},
		{"comment", `/* */ ` + plain, 400, -32700, "null"},
		{"trailing comma", `{"jsonrpc":"2.0","id":1,"method":"ping",}`, 400, -32700, "null"},

		// Nesting.
		{"a megabyte of brackets", strings.Repeat("[", 1<<20), 400, -32600, "null"},
		{"a megabyte of braces", strings.Repeat(`{"a":`, 1<<18), 400, -32600, "null"},
		{"deep arguments", `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"get_echo","arguments":{"text":` + deep("[", "1", "]", 70) + `}}}`, 400, -32600, "null"},

		// Breadth: 4 MiB of zeros would take hundreds of MiB as a tree.
		{"a million numbers", `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"get_echo","arguments":{"text":[` + strings.Repeat("0,", 1<<20) + `0]}}}`, 400, -32600, "null"},
		{"a million objects", `{"jsonrpc":"2.0","id":1,"method":"tools/list","x":[` + strings.Repeat("{},", 1<<20) + `0]}`, 400, -32600, "null"},

		// Not a message.
		{"a batch", "[" + plain + "]", 400, -32600, "null"},
		{"a batch of none", "[]", 400, -32600, "null"},
		{"a string", `"tools/list"`, 400, -32600, "null"},
		{"a number", "1", 400, -32600, "null"},
		{"null", "null", 400, -32600, "null"},
		{"an empty object", "{}", 400, -32600, "null"},
		{"a response", `{"jsonrpc":"2.0","id":1,"result":{}}`, 400, -32600, "1"},
		{"an error response", `{"jsonrpc":"2.0","id":"a","error":{"code":1,"message":"x"}}`, 400, -32600, `"a"`},
		{"a request that is a response too", `{"jsonrpc":"2.0","id":1,"method":"tools/list","result":{}}`, 400, -32600, "1"},
		{"a request that is an error too", `{"jsonrpc":"2.0","id":1,"method":"tools/list","error":{"code":1,"message":"x"}}`, 400, -32600, "1"},

		// jsonrpc.
		{"no jsonrpc", `{"id":1,"method":"tools/list"}`, 400, -32600, "1"},
		{"jsonrpc 1.0", `{"jsonrpc":"1.0","id":1,"method":"tools/list"}`, 400, -32600, "1"},
		{"jsonrpc a number", `{"jsonrpc":2.0,"id":1,"method":"tools/list"}`, 400, -32600, "1"},
		{"jsonrpc null", `{"jsonrpc":null,"id":1,"method":"tools/list"}`, 400, -32600, "1"},
		{"jsonrpc behind the rest", `{"id":"x","method":"tools/list","jsonrpc":"2"}`, 400, -32600, `"x"`},

		// id.
		{"id null", `{"jsonrpc":"2.0","id":null,"method":"tools/list"}`, 400, -32600, "null"},
		{"id true", `{"jsonrpc":"2.0","id":true,"method":"tools/list"}`, 400, -32600, "null"},
		{"id object", `{"jsonrpc":"2.0","id":{},"method":"tools/list"}`, 400, -32600, "null"},
		{"id array", `{"jsonrpc":"2.0","id":[1],"method":"tools/list"}`, 400, -32600, "null"},
		{"id of a megabyte", `{"jsonrpc":"2.0","id":"` + strings.Repeat("x", 1<<20) + `","method":"tools/list"}`, 400, -32600, "null"},

		// method.
		{"no method", `{"jsonrpc":"2.0","id":1}`, 400, -32600, "1"},
		{"method null", `{"jsonrpc":"2.0","id":1,"method":null}`, 400, -32600, "1"},
		{"method empty", `{"jsonrpc":"2.0","id":1,"method":""}`, 400, -32600, "1"},
		{"method a number", `{"jsonrpc":"2.0","id":1,"method":1}`, 400, -32600, "1"},
		{"method an array", `{"jsonrpc":"2.0","id":1,"method":["tools/list"]}`, 400, -32600, "1"},
		{"method an object", `{"jsonrpc":"2.0","id":1,"method":{}}`, 400, -32600, "1"},

		// What two readers could read differently.
		{"method twice", `{"jsonrpc":"2.0","id":1,"method":"tools/list","method":"tools/call"}`, 400, -32600, "1"},
		{"method twice before the id", `{"jsonrpc":"2.0","method":"tools/list","method":"tools/call","id":1}`, 400, -32600, "1"},
		{"Method", `{"jsonrpc":"2.0","id":1,"Method":"tools/list"}`, 400, -32600, "1"},
		{"method and METHOD", `{"jsonrpc":"2.0","id":1,"method":"tools/list","METHOD":"tools/call"}`, 400, -32600, "1"},
		{"method spelled by escapes twice", `{"jsonrpc":"2.0","id":1,"method":"tools/list","m\u0065thod":"tools/call"}`, 400, -32600, "1"},
		{"param\u017f, which folds to params", `{"jsonrpc":"2.0","id":1,"method":"tools/list","param` + "\u017f" + `":{}}`, 400, -32600, "1"},
		{"id twice", `{"jsonrpc":"2.0","id":1,"id":2,"method":"tools/list"}`, 400, -32600, "null"},
		{"id and ID", `{"jsonrpc":"2.0","id":1,"ID":2,"method":"tools/list"}`, 400, -32600, "null"},
		{"only ID", `{"jsonrpc":"2.0","ID":2,"method":"tools/list"}`, 400, -32600, "null"},
		{"params twice", `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"get_echo"},"params":{"name":"set_echo"}}`, 400, -32600, "1"},
		{"name twice", `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"get_echo","name":"set_echo"}}`, 400, -32600, "1"},
		{"name and Name", `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"get_echo","Name":"set_echo"}}`, 400, -32600, "1"},
		{"uri and URI", `{"jsonrpc":"2.0","id":1,"method":"resources/read","params":{"uri":"test://fixed","URI":"test://thing/one"}}`, 400, -32600, "1"},
		{"arguments twice", `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"get_echo","arguments":{"text":"a"},"arguments":{"text":"b"}}}`, 400, -32600, "1"},
		{"_meta twice", `{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"_meta":{},"_meta":{}}}`, 400, -32600, "1"},
		{"progressToken twice", `{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"_meta":{"progressToken":1,"progressToken":2}}}`, 400, -32600, "1"},
		{"protocolVersion in capitals", `{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"_meta":{"io.modelcontextprotocol/PROTOCOLVERSION":"2026-07-28"}}}`, 400, -32600, "1"},
		{"requestId twice", `{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1,"requestId":2}}`, 400, -32600, "null"},

		// Wrong types inside.
		{"params a string", `{"jsonrpc":"2.0","id":1,"method":"tools/list","params":"x"}`, 400, -32600, "1"},
		{"params an array", `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":["get_echo"]}`, 400, -32600, "1"},
		{"params a number", `{"jsonrpc":"2.0","id":1,"method":"tools/list","params":0}`, 400, -32600, "1"},
		{"name a number", `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":7}}`, 400, -32602, "1"},
		{"name an object", `{"jsonrpc":"2.0","id":1,"method":"prompts/get","params":{"name":{}}}`, 400, -32602, "1"},
		{"uri an array", `{"jsonrpc":"2.0","id":1,"method":"resources/read","params":{"uri":["test://fixed"]}}`, 400, -32602, "1"},
		{"_meta a string", `{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"_meta":"x"}}`, 400, -32602, "1"},
		{"_meta an array", `{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"_meta":[]}}`, 400, -32602, "1"},
		{"progressToken an object", `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"get_echo","_meta":{"progressToken":{}}}}`, 400, -32602, "1"},
		{"progressToken of a megabyte", `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"get_echo","_meta":{"progressToken":"` + strings.Repeat("x", 1<<20) + `"}}}`, 400, -32602, "1"},
		{"cursor an object", `{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"cursor":{}}}`, 200, -32602, "1"},
		{"arguments of a prompt a number", `{"jsonrpc":"2.0","id":1,"method":"prompts/get","params":{"name":"ask","arguments":5}}`, 200, -32602, "1"},
		{"ref a string", `{"jsonrpc":"2.0","id":1,"method":"completion/complete","params":{"ref":"ask","argument":{"name":"what","value":""}}}`, 200, -32602, "1"},
		{"ref of another kind", `{"jsonrpc":"2.0","id":1,"method":"completion/complete","params":{"ref":{"type":"ref/tool","name":"ask"},"argument":{"name":"what","value":""}}}`, 200, -32602, "1"},

		// Methods that are not there.
		{"unknown method", `{"jsonrpc":"2.0","id":1,"method":"tools/steal"}`, 200, -32601, "1"},
		{"method in capitals", `{"jsonrpc":"2.0","id":1,"method":"TOOLS/LIST"}`, 200, -32601, "1"},
		{"method with a space", `{"jsonrpc":"2.0","id":1,"method":"tools/list "}`, 200, -32601, "1"},
		{"logging, which is not offered", `{"jsonrpc":"2.0","id":1,"method":"logging/setLevel","params":{"level":"debug"}}`, 200, -32601, "1"},
		{"subscribing, which is not offered", `{"jsonrpc":"2.0","id":1,"method":"resources/subscribe","params":{"uri":"test://fixed"}}`, 200, -32601, "1"},
		{"tasks, which are not offered", `{"jsonrpc":"2.0","id":1,"method":"tasks/list"}`, 200, -32601, "1"},
		{"a task's result", `{"jsonrpc":"2.0","id":1,"method":"tasks/result","params":{"taskId":"1"}}`, 200, -32601, "1"},
		{"sampling, which is for clients", `{"jsonrpc":"2.0","id":1,"method":"sampling/createMessage","params":{}}`, 200, -32601, "1"},
		{"a method of the newer revision", `{"jsonrpc":"2.0","id":1,"method":"server/discover"}`, 200, -32601, "1"},
		{"a notification with an id", `{"jsonrpc":"2.0","id":1,"method":"notifications/initialized"}`, 200, -32601, "1"},
		{"cancelling with an id", `{"jsonrpc":"2.0","id":1,"method":"notifications/cancelled","params":{"requestId":1}}`, 200, -32601, "1"},
		{"a long method", `{"jsonrpc":"2.0","id":1,"method":"` + strings.Repeat("x", 1<<20) + `"}`, 200, -32601, "1"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			alice.abused(t, "POST", nil, c.body).refused(t, c.status, c.code, c.id)
		})
	}
	if got := b.tools.Ran(); len(got) != 0 {
		t.Errorf("tools ran: %v", got)
	}
	b.refusals(t, len(cases), func(r audit.Record) bool { return r.Login == "alice@example.com" })
	b.quiet(t)
	b.unharmed(t)
}
