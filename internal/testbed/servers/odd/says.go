// SPDX-License-Identifier: MIT

package main

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"
)

// more are the resources besides those that are always there.
var more []any

// mute is set when the server does not say any more which resources it has.
var mute bool

// heard is what the server was sent, the last of it.
var heard []string

func hear(r request) {
	if r.Method == "tools/call" {
		return
	}
	what := r.Method + " " + r.Params.Level + r.Params.URI + string(r.Params.RequestID)
	heard = append(heard[max(0, len(heard)-50):], what)
}

func orNull(text json.RawMessage) json.RawMessage {
	if text == nil {
		return json.RawMessage("null")
	}
	return text
}

// listening is the request of a client of the newer era that is to be told of changes, and
// to what it listens.
var (
	listening  json.RawMessage
	subscribed []string
)

func listen(r request) {
	listening, subscribed = r.ID, r.Params.Notifications.ResourceSubscriptions
	said, _ := json.Marshal(r.Params.Notifications)
	tell("notifications/subscriptions/acknowledged", `"notifications":`+string(said))
}

// tell sends a notification about a change, in the newer era to who listens only.
func tell(method, params string) {
	if *modern && listening == nil {
		return
	}
	if *modern {
		tag := fmt.Sprintf(`"_meta":{"io.modelcontextprotocol/subscriptionId":%s}`, listening)
		if params != "" {
			tag += ","
		}
		params = tag + params
	}
	write(`{"jsonrpc":"2.0","method":%q,"params":{%s}}`, method, params)
}

// media is a result with everything that a relay could lose.
const media = `{"_meta":{"example.com/x":{"n":1.0}},"content":[{"type":"image","data":"aGk=","mimeType":"image/png","annotations":{"priority":0.50}},` +
	`{"type":"resource_link","uri":"file:///a/1","name":"one","new":null},{"type":"text","text":"<\u00e9&>"}],"structuredContent":{"big":9007199254740993,"e":1e2},"unknown":[1,{}]}`

// instead are the lines that requests of a method are answered with.
var instead = map[string][]string{}

func sayTo(r request, lines []string) {
	for _, line := range lines {
		write("%s", strings.ReplaceAll(line, "$ID", string(r.ID)))
	}
}

// says are tools that say something before they answer.
var says = map[string]func(request){
	"log": func(r request) {
		if *modern && r.Params.Meta["io.modelcontextprotocol/logLevel"] == nil {
			result(r.ID, text("not asked"))
			return
		}
		for _, level := range []string{"debug", "info", "error"} {
			write(`{"jsonrpc":"2.0","method":"notifications/message","params":{"level":%q,"logger":"odd","data":{"said":%q}}}`, level, fmt.Sprint(r.Params.Arguments["text"]))
		}
		result(r.ID, text("logged"))
	},
	"touch": func(r request) {
		for _, uri := range []string{"file:///a/1", "file:///b/2"} { // whoever has subscribed to what
			if !*modern || slices.Contains(subscribed, uri) {
				tell("notifications/resources/updated", fmt.Sprintf(`"uri":%q`, uri))
			}
		}
		result(r.ID, text("touched"))
	},
	"unknown": func(r request) {
		write(`{"jsonrpc":"2.0","method":"notifications/invented","params":{"secret":1}}`)
		write(`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}`)
		result(r.ID, text("said"))
	},
	"stray": func(r request) {
		for token := range 20 { // of others, of none, and of who has not asked
			write(`{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":%d,"progress":1,"message":"stray"}}`, token)
			write(`{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":"%d","progress":1,"message":"stray"}}`, token)
		}
		result(r.ID, text("strayed"))
	},
	"relist": func(r request) {
		if uri, ok := r.Params.Arguments["uri"]; ok {
			more = append(more, object{"uri": uri, "name": "new"})
		}
		mute = r.Params.Arguments["mute"] == true
		tell("notifications/resources/list_changed", "")
		result(r.ID, text("listed"))
	},
	"retool": func(r request) {
		if said, ok := r.Params.Arguments["description"].(string); ok {
			*description = said
		}
		tell("notifications/tools/list_changed", "")
		result(r.ID, text("changed"))
	},
	"ask":      ask,
	"withdraw": withdraw,
	"told":     func(r request) { result(r.ID, text(string(capabilitiesTold(r)))) },
	"ping": func(r request) {
		asking, wanted = r.ID, 1
		write(`{"jsonrpc":"2.0","id":1,"method":"ping"}`)
	},
	"media": func(r request) { write(`{"jsonrpc":"2.0","id":%s,"result":%s}`, r.ID, media) },
	// say answers with the lines that it is given, as they are: this call, or the later
	// requests of another method. $ID is the id of the request. With a size, the text of
	// the last is as long.
	"say": func(r request) {
		var lines []string
		all, _ := r.Params.Arguments["lines"].([]any)
		for _, line := range all {
			lines = append(lines, fmt.Sprint(line))
		}
		if method, ok := r.Params.Arguments["method"].(string); ok {
			instead[method] = lines
			result(r.ID, text("will say"))
			return
		}
		if size, ok := r.Params.Arguments["size"].(float64); ok {
			lines = append(lines, `{"jsonrpc":"2.0","id":$ID,"result":{"content":[{"type":"text","text":"`+strings.Repeat("x", int(size))+`"}]}}`)
		}
		sayTo(r, lines)
	},
	// spam answers, and goes on saying what nobody has asked for as fast as it can.
	"spam": func(r request) {
		result(r.ID, text("as you like"))
		go func() {
			for {
				write(`{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"debug","data":"spam"}}%s`, "\n{\"jsonrpc\":\"2.0\",\"id\":999999,\"result\":{}}\nspam")
			}
		}()
	},
	// half writes half a line, and nothing ever after.
	"half": func(r request) {
		out.Lock()
		go time.Sleep(time.Hour) // or the runtime sees that nothing can ever happen
		fmt.Printf(`{"jsonrpc":"2.0","id":%s,"result":{"content":[{"type":"te`, r.ID)
	},
	// deaf reads nothing any more.
	"deaf": func(request) { time.Sleep(time.Hour) }, // or until it is ended
	"twice": func(r request) {
		for range 2 {
			result(r.ID, text("said twice"))
		}
	},
	// steal answers what others may have asked.
	"steal": func(r request) {
		for id := range 200 {
			if fmt.Sprint(id) != string(r.ID) {
				write(`{"jsonrpc":"2.0","id":%d,"result":{"content":[{"type":"text","text":"stolen"}]}}`, id)
			}
			write(`{"jsonrpc":"2.0","id":"%d","result":{"content":[{"type":"text","text":"stolen"}]}}`, id)
		}
		result(r.ID, text("tried"))
	},
	// trickle takes a second to write its answer, byte by byte.
	"trickle": func(r request) {
		out.Lock()
		defer out.Unlock()
		answer := fmt.Sprintf(`{"jsonrpc":"2.0","id":%s,"result":{"content":[{"type":"text","text":"drop by drop"}]}}`+"\n", r.ID)
		for i := range len(answer) {
			fmt.Print(answer[i : i+1])
			time.Sleep(time.Second / time.Duration(len(answer)))
		}
	},
	// nag asks its client for much, and does not wait for it.
	"nag": func(r request) {
		for id := range 2000 {
			write(`{"jsonrpc":"2.0","id":"nag%d","method":%q,"params":{"message":"Your password?","requestedSchema":{"type":"object","properties":{}}}}`, id,
				[]string{"elicitation/create", "sampling/createMessage", "roots/list", "ping", "invented"}[id%5])
		}
		result(r.ID, text("nagged"))
	},
	// wait reads nothing until there is a file, as a server does that works at one call at a
	// time; it makes another to say that it has begun. It gives up after a minute.
	"wait": func(r request) {
		path := fmt.Sprint(r.Params.Arguments["for"])
		_ = os.WriteFile(path+".began", nil, 0o600)
		for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
			if _, err := os.Stat(path); err == nil {
				break
			}
		}
		result(r.ID, text("waited"))
	},
	"heard": func(r request) {
		said, _ := json.Marshal(heard)
		result(r.ID, text(string(said)))
	},
}
