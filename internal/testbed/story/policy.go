// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"tailscale-mcp/internal/testbed/running"
)

// file is a policy file that decides about the whole tailnet; %[1]d is the server's port,
// %[2]s who is in a group besides Carol.
const file = `{
	"groups": {
		"group:admin":   ["alice@example.com"],
		// They look, and change nothing.
		"group:support": ["carol@example.com"%[2]s],
	},
	"tagOwners": {"tag:mcp": ["group:admin"], "tag:ci": ["group:admin"]},
	"grants": [
		{"src": ["group:admin"], "dst": ["tag:mcp"], "ip": ["tcp:%[1]d"],
			"app": {"jaxxstorm.com/cap/mcp": [{"tools": ["*", "escalating:*"]}]}},
		{"src": ["group:support"], "dst": ["tag:mcp"], "ip": ["tcp:%[1]d"],
			"app": {"jaxxstorm.com/cap/mcp": [{"tools": ["read:*"]}]}},
	],
}
`

// withoutBob and withBob are the file before and after Alice's edit.
func (st *stage) withoutBob() string { return fmt.Sprintf(file, st.daemon.Port, "") }
func (st *stage) withBob() string {
	return fmt.Sprintf(file, st.daemon.Port, `, "bob@example.com"`)
}

// ruled has a policy file decide about the tailnet: the API shows it and every tailscaled
// obeys it. Alice finds out by it why Bob is shut out, lets him in, and shuts him out again.
func (st *stage) ruled(ctx context.Context) error {
	act("From now on a policy file decides. Bob is in no group of it:")
	st.api.SetDevices(devices(st.tn.Nodes())) // the one that was removed is back
	if err := st.api.SetPolicy(st.withoutBob()); err != nil {
		return err
	}
	if err := st.tn.AwaitPolicy(ctx); err != nil {
		return err
	}
	quoted(st.withoutBob())
	if err := st.mustBeShutOut(ctx); err != nil {
		return err
	}
	said("he gets no connection", "to the server")
	alice, err := st.direct(ctx, "alice", st.alice)
	if err != nil {
		return err
	}
	defer alice.leave()
	if err := alice.mustBeAnsweredSoon(ctx); err != nil {
		return err
	}
	if err := st.explained(ctx, alice); err != nil {
		return err
	}
	if err := st.edited(ctx, alice); err != nil {
		return err
	}
	bob, err := st.letIn(ctx, alice)
	if err != nil {
		return err
	}
	defer bob.leave()
	return st.takenBack(ctx, alice, bob)
}

// explained has Alice ask why Bob does not get through.
func (st *stage) explained(ctx context.Context, alice *person) error {
	var why struct{ Answer, Summary string }
	question := map[string]any{"source": "bob-laptop", "destination": "ts-mcp", "port": st.daemon.Port}
	if err := alice.mustAnswer(ctx, "explain_access", question, &why); err != nil {
		return err
	}
	if want := fmt.Sprintf("No: bob-laptop to ts-mcp at %d/tcp does not get through.", st.daemon.Port); why.Answer != "no" || !strings.HasPrefix(why.Summary, want) {
		return fmt.Errorf("why bob does not get through is told as %q: %s", why.Answer, why.Summary)
	}
	said("Alice asks why, and explain_access says:", why.Summary)
	return nil
}

// edited has Alice add Bob to a group.
func (st *stage) edited(ctx context.Context, alice *person) error {
	act("Alice's assistant adds him to group:support with edit_policy. The refusal says what changes and who gains by it; the code saves it.")
	etag, err := alice.etag(ctx)
	if err != nil {
		return err
	}
	err = alice.changes(ctx, "edit_policy", map[string]any{"etag": etag, "operations": []any{
		map[string]any{"op": "add_member", "name": "group:support", "member": "bob@example.com"},
	}}, []string{
		"\n-\t\t\"group:support\": [\"carol@example.com\"],\n+\t\t\"group:support\": [\"carol@example.com\", \"bob@example.com\"],\n",
		"bob@example.com", " gains ", `"read:*"`, fmt.Sprint("tcp:", st.daemon.Port),
	}, []string{" loses "})
	if err == nil && st.api.Policy() != st.withBob() {
		err = fmt.Errorf("the policy file is now:\n%s", st.api.Policy())
	}
	return err
}

// letIn has Bob call, and Alice see by the file that he may.
func (st *stage) letIn(ctx context.Context, alice *person) (bob *person, err error) {
	began := time.Now()
	if err := st.tn.AwaitPolicy(ctx); err != nil {
		return nil, err
	}
	if bob, err = st.direct(ctx, "bob", st.bob); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			bob.leave()
		}
	}()
	if err = bob.mustBeAnsweredSoon(ctx); err != nil {
		return nil, err
	}
	said("tailscaled obeys: Bob connects and is answered", fmt.Sprintf("%s after the file was saved:", time.Since(began).Round(time.Millisecond)))
	if err = bob.mustSeeDevices(ctx, st.tn.Nodes()); err != nil {
		return nil, err
	}
	var who struct {
		Summary string
		Grants  []struct{ By, People []string }
	}
	if err = alice.mustAnswer(ctx, "who_can_use", map[string]any{"tool": "list_all_devices"}, &who); err != nil {
		return nil, err
	}
	var got []string
	for _, g := range who.Grants {
		got = append(got, strings.Join(g.By, ",")+": "+strings.Join(g.People, ","))
	}
	if !slices.Equal(got, []string{"group:admin: alice@example.com", "group:support: bob@example.com"}) {
		return nil, fmt.Errorf("who may use list_all_devices is told as %q", got)
	}
	said("who_can_use says who may use list_all_devices:", strings.Join(got, "; "))
	return bob, nil
}

// takenBack has Alice revert her change, while Bob has a connection open.
func (st *stage) takenBack(ctx context.Context, alice, bob *person) error {
	act("She takes it back: policy_history names the change, revert_policy undoes it.")
	var past struct {
		ETag    string
		Changes []struct{ Change, By string }
	}
	if err := alice.mustAnswer(ctx, "policy_history", map[string]any{"limit": 1}, &past); err != nil {
		return err
	}
	if len(past.Changes) != 1 || past.Changes[0].By != "alice@example.com" {
		return fmt.Errorf("the last change is told as %+v", past.Changes)
	}
	began := time.Now()
	err := alice.changes(ctx, "revert_policy", map[string]any{"etag": past.ETag, "change": past.Changes[0].Change}, []string{
		"\n-\t\t\"group:support\": [\"carol@example.com\", \"bob@example.com\"],\n+\t\t\"group:support\": [\"carol@example.com\"],\n",
		"bob@example.com", " loses ",
	}, []string{" gains "})
	if err != nil {
		return err
	}
	if st.api.Policy() != st.withoutBob() {
		return fmt.Errorf("the policy file is now:\n%s", st.api.Policy())
	}
	if err := running.Await(ctx, within, func() error { _, err := bob.mustBeRefused(ctx, "list_all_devices"); return err }); err != nil {
		return err
	}
	said("on the connection that is open", fmt.Sprintf("Bob is refused within %s", time.Since(began).Round(time.Millisecond)))
	if err := st.tn.AwaitPolicy(ctx); err != nil {
		return err
	}
	if err := st.mustBeShutOut(ctx); err != nil {
		return err
	}
	said("and gets", "no other")
	return nil
}

// etag names the policy file as it is now.
func (p *person) etag(ctx context.Context) (string, error) {
	var file struct{ ETag string }
	err := p.mustAnswer(ctx, "get_policy", nil, &file)
	return file.ETag, err
}

// changes calls a tool that changes the policy file, expects a refusal that has some texts
// and lacks others, prints it, and calls again with its code.
func (p *person) changes(ctx context.Context, tool string, arguments map[string]any, has, lacks []string) error {
	text, failed, err := p.ask(ctx, tool, arguments)
	code := handedOut.FindStringSubmatch(text)
	if err != nil || !failed || code == nil {
		return fmt.Errorf("%s tells %s %q (%w)", tool, p.name, text, err)
	}
	told(text)
	for _, want := range has {
		if !strings.Contains(text, want) {
			return fmt.Errorf("that lacks %q", want)
		}
	}
	for _, unwanted := range lacks {
		if strings.Contains(text, unwanted) {
			return fmt.Errorf("that should not have %q", unwanted)
		}
	}
	arguments["confirm"] = code[1]
	text, failed, err = p.ask(ctx, tool, arguments)
	if err != nil || failed {
		return fmt.Errorf("with the code %s tells %s %q (%w)", tool, p.name, text, err)
	}
	said("with the code:", "saved")
	return nil
}

// mustBeShutOut expects that Bob's machine gets no connection to the server.
func (st *stage) mustBeShutOut(ctx context.Context) error {
	// What the packet filter drops is never answered; what it lets through, within milliseconds.
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	conn, err := st.bob.Dial(ctx, "tcp", net.JoinHostPort(st.server.IPv4().String(), strconv.Itoa(st.daemon.Port)))
	if err == nil {
		return errors.Join(errors.New("bob connects, and the policy file does not let him"), conn.Close())
	}
	return nil
}
