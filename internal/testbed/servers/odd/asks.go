// SPDX-License-Identifier: MIT

package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"strings"
)

// shy has a tool be there only for clients that can be asked.
var shy = flag.Bool("shy", false, "show the tool shy to clients with elicitation only")

// coy has a tool say something else of itself to clients that cannot be asked.
var coy = flag.Bool("coy", false, "describe echo in another way to clients without elicitation")

// early has the server ask for roots as soon as it is initialized, as many do.
var early = flag.Bool("early", false, "ask for the roots at the start")

// told are the capabilities that initialize has told.
var told json.RawMessage

// capabilitiesTold are those of the client of a request.
func capabilitiesTold(r request) json.RawMessage {
	if *modern {
		return r.Params.Meta["io.modelcontextprotocol/clientCapabilities"]
	}
	return told
}

// asking is the call that waits for the answers of the client to so many questions, and
// answers those that are there.
var (
	asking  json.RawMessage
	wanted  int
	answers []string
)

// answered takes an answer of the client: the call that asked fails with what it says.
func answered(line []byte) {
	var a struct {
		ID     json.RawMessage
		Result json.RawMessage
		Error  *struct {
			Code    int
			Message string
		}
	}
	if json.Unmarshal(line, &a) != nil {
		return
	}
	said := "the client answers " + string(a.Result)
	if a.Error != nil {
		said = "the client says: " + a.Error.Message
	}
	heard = append(heard[max(0, len(heard)-50):], string(a.ID)+" "+said)
	if asking == nil {
		return
	}
	if answers = append(answers, said); len(answers) < wanted {
		return
	}
	switch {
	case wanted > 1 || a.Error == nil:
		result(asking, text(strings.Join(answers, "\n")))
	default:
		refuse(asking, a.Error.Code, said)
	}
	asking, answers = nil, nil
}

// ask asks the client something: by requests in the older era, as many as "times" says, by
// the result in the newer, as often as "rounds" says.
func ask(r request) {
	args := r.Params.Arguments
	params, _ := json.Marshal(args["params"])
	switch {
	case *modern && args["method"] == "input": // and nothing else
		write(`{"jsonrpc":"2.0","id":%s,"result":{"resultType":"input_required","inputRequests":{"a":{"method":"roots/list"}}}}`, r.ID)
		return
	case *modern && args["method"] == "number":
		write(`{"jsonrpc":"2.0","id":%s,"result":{"resultType":5,"inputRequests":{}}}`, r.ID)
		return
	case *modern && args["rounds"] != nil:
		rounds(r)
		return
	case string(params) == "null":
		params = []byte("{}")
	}
	if size, ok := args["size"].(float64); ok {
		params = []byte(`{"message":"` + strings.Repeat("x", int(size)) + `"}`)
	}
	asking, wanted, answers = r.ID, 1, nil
	if times, ok := args["times"].(float64); ok {
		wanted = int(times)
	}
	if args["outside"] == true {
		asking = nil
		result(r.ID, text("asked later"))
	}
	for i := range wanted {
		write(`{"jsonrpc":"2.0","id":"odd-%d","method":%q,"params":%s}`, i, fmt.Sprint(args["method"]), params)
	}
	if args["end"] == true {
		result(r.ID, text("ended meanwhile"))
		asking = nil
	}
}

// withdraw says that nobody waits for the answer any more, and ends the call that asked.
func withdraw(r request) {
	write(`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":"odd-0"}}`)
	result(asking, text("withdrawn"))
	asking = nil
	result(r.ID, text("as you like"))
}

// rounds asks as the newer era does, so many times as it is told, and answers then.
func rounds(r request) {
	asked := 0
	if r.Params.RequestState != "" {
		_, _ = fmt.Sscanf(r.Params.RequestState, "asked %d", &asked)
	}
	if most, _ := r.Params.Arguments["rounds"].(float64); asked >= int(most) {
		result(r.ID, text("the client answers "+string(r.Params.InputResponses)))
		return
	}
	requests, _ := json.Marshal(object{"a": object{"method": r.Params.Arguments["method"], "params": r.Params.Arguments["params"]}})
	write(`{"jsonrpc":"2.0","id":%s,"result":{"resultType":"input_required","inputRequests":%s,"requestState":"asked %d"}}`, r.ID, requests, asked+1)
}

// inputFor answers what is no call of a tool once the client has given its name.
func inputFor(r request, answer func(said string)) {
	if r.Params.InputResponses == nil {
		write(`{"jsonrpc":"2.0","id":%s,"result":{"resultType":"input_required","inputRequests":{"who":{"method":"elicitation/create","params":{"message":"Who?","requestedSchema":{"type":"object"}}}}}}`, r.ID)
		return
	}
	answer(string(r.Params.InputResponses))
}
