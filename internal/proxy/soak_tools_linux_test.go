// SPDX-License-Identifier: MIT

package proxy

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"tailscale-mcp/internal/jsonrpc/mirror"
	"tailscale-mcp/internal/proxy/endpoint"
	"tailscale-mcp/internal/retry"
)

// soakTools are the tools of a soakServer, the usual ones more than once.
var soakTools = []string{
	"fast", "fast", "fast", "fast", "fast", "fast", "slow", "progress", "progress", "large", "ask", "ask", "hang",
	"cut", "cut numbered", "cut numbered", "cut in an event", "short", "garbage", "html", "status", "error", "twice", "stray",
}

// soakFails are those of them that never have a result. The others have one
// unless something else happens.
var soakFails = []string{"hang", "cut", "short", "garbage", "html", "status", "error"}

const quiet = `{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":"x"}}`

// call answers a call by the name of its tool.
func (s *soakServer) call(w http.ResponseWriter, r *http.Request, in received, lost <-chan struct{}) {
	s.mu.Lock()
	s.serial++
	serial, chance := s.serial, s.rnd.IntN(1<<20)
	s.mu.Unlock()
	modern := r.Header.Get(mirror.HeaderVersion) >= "2026"
	content := `{"content":[],"for":` + string(in.msg.ID) + `}`
	answer := "data: " + result(in, content) + "\n\n"
	switch in.msg.Params.Name {
	case "slow":
		retry.Sleep(r.Context(), time.Duration(chance%20)*time.Millisecond)
		reply(w, in, content)
	case "progress":
		send := events(w)
		for i := range 1 + chance%5 {
			send(fmt.Sprintf("data: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/progress\",\"params\":{\"progressToken\":%s,\"progress\":%d}}\n\n", in.msg.ID, i))
		}
		send(answer)
	case "large":
		reply(w, in, `{"content":[{"type":"text","text":"`+strings.Repeat("x", chance)+`"}],"for":`+string(in.msg.ID)+`}`)
	case "ask":
		if modern { // which may not ask
			reply(w, in, content)
			return
		}
		id := fmt.Sprintf(`"ask-%d"`, serial)
		answered, forget := s.await(s.asked, id)
		defer forget()
		send := events(w)
		send(`data: {"jsonrpc":"2.0","id":` + id + `,"method":"elicitation/create","params":{"message":"?","requestedSchema":{"type":"object","properties":{}}}}` + "\n\n")
		select {
		case <-answered:
			send(answer)
		case <-lost: // and with the session the client's answer
			cut(w)
		case <-r.Context().Done():
		}
	case "hang":
		stopped, forget := s.await(s.stopped, string(in.msg.ID))
		defer forget()
		events(w)("data: " + quiet + "\n\n")
		select {
		case <-stopped:
		case <-lost:
		case <-r.Context().Done():
		}
	case "cut":
		events(w)("data: " + quiet + "\n\ndata: {\"json")
		cut(w)
	case "cut numbered", "cut in an event":
		id := fmt.Sprintf("call-%d", serial)
		s.mu.Lock()
		s.rest[id] = []string{"data: " + quiet + "\n\n", "id: end-" + id + "\n" + answer}
		s.mu.Unlock()
		send := events(w)
		send("id: " + id + "\nretry: 20\ndata: " + quiet + "\n\n")
		if in.msg.Params.Name == "cut in an event" {
			send("id: end-" + id + "\n" + strings.TrimSuffix(answer, "\n"))
		}
		cut(w)
	case "short":
		w.Header().Set(endpoint.HeaderType, endpoint.TypeJSON)
		w.Header().Set("Content-Length", "100")
		_, _ = w.Write([]byte("{"))
		cut(w)
	case "garbage":
		body(200, endpoint.TypeJSON, "garbage")(w, r, in)
	case "html":
		body(200, "text/html", "<p>who are you?")(w, r, in)
	case "status":
		status := []int{400, 403, 404, 429, 500, 502, 503}[chance%7]
		s.ends(modern, status)
		body(status, "text/plain", "no")(w, r, in)
	case "error":
		status := []int{200, 400, 403, 404, 500}[chance%5]
		s.ends(modern, status)
		rpcError(status, "-32000")(w, r, in)
	case "twice":
		send := events(w)
		send(answer)
		send(strings.Replace(answer, "for", "again for", 1))
	case "stray":
		send := events(w)
		send("data: {\"jsonrpc\":\"2.0\",\"id\":\"nobody\",\"result\":{}}\n\n")
		send("data: {\"jsonrpc\":\"2.0\",\"id\":null,\"result\":{}}\n\ndata: [1]\n\ndata: x\n\n")
		send(answer)
	default:
		reply(w, in, content)
	}
}

// ends forgets the session when an answer says so.
func (s *soakServer) ends(modern bool, status int) {
	if modern || status != http.StatusNotFound {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.forget()
}
