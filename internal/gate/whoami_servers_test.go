// SPDX-License-Identifier: MIT

package gate_test

import (
	"context"
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"tailscale-mcp/internal/gate"
	"tailscale-mcp/internal/grant"
)

// behindTools are tools of a server, by name and class.
func behindTools(classes map[string]grant.Class) (tools []gate.Tool) {
	for name, class := range classes {
		tools = append(tools, gate.Tool{
			Name: name, Class: class, Input: json.RawMessage(`{"type":"object"}`),
			Call: func(context.Context, gate.Call, json.RawMessage) (gate.Result, error) {
				return gate.Result{Raw: json.RawMessage(`{}`)}, nil
			},
		})
	}
	return tools
}

// whoami names the servers that the caller may use something of, and what; no other.
func TestWhoAmINamesServers(t *testing.T) {
	h := newHarness(t)
	prompt := gate.Prompt{Name: "greet", Get: func(context.Context, gate.Call, map[string]string) (gate.Result, error) {
		return gate.Result{Raw: json.RawMessage(`{}`)}, nil
	}}
	files := gate.Offer{
		Tools:   behindTools(map[string]grant.Class{"read_file": grant.Read, "list": grant.Read, "write_file": grant.Write, "delete": grant.Destructive}),
		Prompts: []gate.Prompt{prompt}, Others: &gate.Others{},
	}
	for _, name := range []string{"files", "notes", "secret"} {
		if left := h.Registry().Set(name, []grant.Class{grant.Read, grant.Write}, files); len(left) > 0 {
			t.Fatal(left)
		}
	}
	who := alice(t, `{"tools":["*","files/read:*","notes/write_file","notes/read_file","gone/*"],"resources":["notes/file:///srv/*","gone/*"],"prompts":["notes/*"]}`)
	var got gate.WhoAmIResult
	answer := whoAmI(t, h, who)
	if err := json.Unmarshal([]byte(answer), &got); err != nil {
		t.Fatal(err)
	}
	want := []gate.Behind{
		{Name: "files", Path: "/files/mcp", Tools: []string{"files/read:*"}},
		{Name: "notes", Path: "/notes/mcp", Tools: []string{"notes/write:*", "notes/read_file"}, Resources: []string{"notes/file:///srv/*"}, Prompts: []string{"notes/greet"}},
	}
	if !reflect.DeepEqual(got.Servers, want) {
		t.Errorf("got %+v, want %+v", got.Servers, want)
	}
	for _, hidden := range []string{"secret", "gone", "delete\""} {
		if strings.Contains(answer, hidden) {
			t.Errorf("says %s: %s", hidden, answer)
		}
	}
	if strings.Contains(whoAmI(t, h, alice(t, `{"tools":["*"],"resources":["*"]}`)), "servers") {
		t.Error("who is granted nothing of servers is told of them")
	}
}

// A refusal by a server names the selector with the server, of prompts too.
func TestRefusalOfAServer(t *testing.T) {
	h := newHarness(t)
	h.Registry().Set("files", grant.Classes(), gate.Offer{Tools: behindTools(map[string]grant.Class{"read_file": grant.Read}), Prompts: []gate.Prompt{{
		Name: "greet", Get: func(context.Context, gate.Call, map[string]string) (gate.Result, error) { return gate.Result{}, nil },
	}}})
	who := alice(t, `{"tools":["files/other"]}`)
	d := h.Of("files")
	_, err := d.Call(t.Context(), who, gate.Request{ID: "r1", Method: "tools/call", Name: "read_file"})
	if err == nil || !strings.Contains(err.Error(), "the tool read_file of the server files on this host") || !strings.Contains(err.Error(), `{"tools": ["files/read_file"]}`) {
		t.Errorf("got %v", err)
	}
	_, err = d.Prompt(t.Context(), who, gate.Request{ID: "r1", Method: "prompts/get", Name: "greet"}, nil)
	if err == nil || !strings.Contains(err.Error(), `{"prompts": ["files/greet"]}`) {
		t.Errorf("got %v", err)
	}
}
