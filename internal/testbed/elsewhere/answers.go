// SPDX-License-Identifier: MIT

package elsewhere

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
)

// request answers one, of either era; own is nil in the newer.
func (s *Server) request(w http.ResponseWriter, r *http.Request, m Message, own *session) {
	text := func(format string, args ...any) string {
		t, _ := json.Marshal(fmt.Sprintf(format, args...))
		return `{"content":[{"type":"text","text":` + string(t) + `}]}`
	}
	switch m.Method {
	case "ping":
		s.answer(w, r, m, own, `{}`)
	case "tools/list":
		s.answer(w, r, m, own, tools+`}`)
	case "subscriptions/listen":
		s.listen(w, r, m)
	case "tools/call":
		switch m.Params.Name {
		case "echo":
			arguments, _ := json.Marshal(m.Params.Arguments)
			s.answer(w, r, m, own, "{\n  \"content\": [{\"type\": \"text\", \"text\": "+string(must(json.Marshal(string(arguments))))+"}],\n  \"big\": 9007199254740993\n}", s.logged(m, arguments)...)
		case "region":
			s.answer(w, r, m, own, text("region [%s]", cmp.Or(r.Header.Get("Mcp-Param-Where"), "none")))
		case "who":
			names := []string{}
			for name := range r.Header {
				names = append(names, name)
			}
			slices.Sort(names)
			s.answer(w, r, m, own, text("%s %s %s %s %s %s", m.Params.Meta["tailscale-mcp/caller"], r.Header.Get("Tailscale-User-Login"), r.Header.Get("Tailscale-User-Name"),
				r.Header.Get("Tailscale-App-Capabilities"), r.Header.Get("Authorization"), strings.Join(names, ",")))
		case "count":
			n := 0
			s.mu.Lock()
			s.calls++
			all := s.calls
			if own != nil {
				own.count++
				n = own.count
			}
			s.mu.Unlock()
			s.answer(w, r, m, own, text("%d of %d", n, all))
		case "progress":
			token := m.Params.Meta["progressToken"]
			if token == nil {
				token = json.RawMessage(`"none"`)
			}
			s.answer(w, r, m, own, text("done"), fmt.Sprintf(`{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":%s,"progress":1,"total":2,"message":"half"}}`, token))
		case "wait":
			<-r.Context().Done()
		default:
			s.answer(w, r, m, own, "")
		}
	default:
		fail(w, http.StatusNotFound, m.ID, -32601, "no such method")
	}
}

func (s *Server) capabilities() string {
	if s.Logs {
		return `{"logging":{},"tools":{"listChanged":true}}`
	}
	return `{"tools":{"listChanged":true}}`
}

// logged is the log message that comes before an answer, if there is to be one.
func (s *Server) logged(m Message, data []byte) []string {
	if !s.Logs || m.Params.Meta["io.modelcontextprotocol/protocolVersion"] != nil && m.Params.Meta["io.modelcontextprotocol/logLevel"] == nil {
		return nil
	}
	return []string{`{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"warning","data":` + string(data) + `}}`}
}

func must(b []byte, err error) []byte {
	if err != nil {
		panic(err)
	}
	return b
}

// listen keeps a subscription of the newer era open.
func (s *Server) listen(w http.ResponseWriter, r *http.Request, m Message) {
	w.Header().Set("Content-Type", "text/event-stream")
	fmt.Fprintf(w, `data: {"jsonrpc":"2.0","method":"notifications/subscriptions/acknowledged","params":{"_meta":{"io.modelcontextprotocol/subscriptionId":%s}}}`+"\n\n", m.ID)
	_ = http.NewResponseController(w).Flush()
	<-r.Context().Done()
}

// answer answers a request with a result, behind messages about it where it streams.
func (s *Server) answer(w http.ResponseWriter, _ *http.Request, m Message, own *session, result string, before ...string) {
	msg := fmt.Sprintf(`{"jsonrpc":"2.0","id":%s,"result":%s}`, m.ID, result)
	if result == "" {
		msg = fmt.Sprintf(`{"jsonrpc":"2.0","id":%s,"error":{"code":-32602,"message":"no such tool"}}`, m.ID)
	}
	if !s.Streams {
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		_, _ = io.WriteString(w, msg)
		return
	}
	w.Header().Set("Content-Type", "text/event-stream")
	for _, one := range append(before, msg) {
		if own != nil {
			s.mu.Lock()
			own.kept = append(own.kept, strings.ReplaceAll(one, "\n", ""))
			fmt.Fprintf(w, "id: %d\n", len(own.kept)-1)
			s.mu.Unlock()
		}
		fmt.Fprintf(w, "event: message\ndata: %s\n\n", strings.ReplaceAll(one, "\n", "\ndata: "))
		_ = http.NewResponseController(w).Flush()
	}
}
