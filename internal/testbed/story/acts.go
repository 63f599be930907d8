// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"tailscale-mcp/internal/testbed"
	"tailscale-mcp/internal/testbed/running"
)

// within is how soon a revoked grant has to be felt.
const within = 2 * time.Second

var everything = grantOf(`{"tools":["*"],"resources":["*"]}`)

func grantOf(entry string) func(...*testbed.Node) testbed.Grant {
	return func(src ...*testbed.Node) testbed.Grant {
		return testbed.Grant{Src: src, Cap: capability, Values: []string{entry}}
	}
}

func (st *stage) refused(ctx context.Context) error {
	act("Alice asks for the devices. She has no grant.")
	alice, err := st.direct(ctx, "alice", st.alice)
	if err != nil {
		return err
	}
	defer alice.leave()
	tools, err := alice.tools(ctx)
	if err != nil {
		return err
	}
	if !slices.Equal(tools, []string{"whoami"}) {
		return fmt.Errorf("without a grant alice is shown %v, not just whoami", tools)
	}
	said("is shown", strings.Join(tools, ", "))
	refusal, err := alice.mustBeRefused(ctx, "list_all_devices")
	if err != nil {
		return err
	}
	told(refusal)
	return nil
}

func (st *stage) granted(ctx context.Context) error {
	act(`The administrator grants Alice "*". She asks the same.`)
	began := time.Now()
	if err := st.tn.SetGrants(ctx, st.server, everything(st.alice)); err != nil {
		return err
	}
	alice, err := st.direct(ctx, "alice", st.alice)
	if err != nil {
		return err
	}
	defer alice.leave()
	// An answer of WhoIs is kept for a second at most.
	if err := alice.mustBeAnsweredSoon(ctx); err != nil {
		return err
	}
	said("is answered", fmt.Sprintf("%s after the grant was added:", time.Since(began).Round(time.Millisecond)))
	return alice.mustSeeDevices(ctx, st.tn.Nodes())
}

func (st *stage) readsOnly(ctx context.Context) error {
	act(`Bob is granted "read:*": he sees and calls reads only.`)
	if err := st.tn.SetGrants(ctx, st.server, everything(st.alice), grantOf(`{"tools":["read:*"]}`)(st.bob)); err != nil {
		return err
	}
	bob, err := st.direct(ctx, "bob", st.bob)
	if err != nil {
		return err
	}
	defer bob.leave()
	tools, err := bob.tools(ctx)
	if err != nil {
		return err
	}
	if !slices.Contains(tools, "list_all_devices") || slices.Contains(tools, "set_device_name") {
		return fmt.Errorf("bob is shown %v", tools)
	}
	said("Bob is shown", fmt.Sprintf("%d tools: %s", len(tools), strings.Join(tools, ", ")))
	said("and is answered:", "")
	if err := bob.mustSeeDevices(ctx, st.tn.Nodes()); err != nil {
		return err
	}
	refusal, err := bob.mustBeRefused(ctx, "set_device_name")
	if err != nil {
		return err
	}
	told(refusal)

	alice, err := st.direct(ctx, "alice", st.alice)
	if err != nil {
		return err
	}
	defer alice.leave()
	text, failed, err := alice.ask(ctx, "set_device_name", map[string]any{"device": "bob-laptop", "name": "bobs-laptop"})
	if err != nil || failed {
		return fmt.Errorf("alice, who may write, is told %q (%w)", text, err)
	}
	said("Alice, who may write, renames a device:", text)
	back, failed, err := alice.ask(ctx, "set_device_name", map[string]any{"device": "bobs-laptop", "name": "bob-laptop"})
	if err != nil || failed {
		return fmt.Errorf("renaming back: %q (%w)", back, err)
	}
	said("and back:", back)
	return nil
}

func (st *stage) taggedIsNotItsOwner(ctx context.Context) error {
	act("A tagged node is its tags, not the person who logged it in. Alice's second machine, ci-runner, becomes tag:ci.")
	hers := everything(st.alice, st.runner)
	if err := st.tn.SetGrants(ctx, st.server, hers); err != nil {
		return err
	}
	runner, err := st.direct(ctx, "ci-runner", st.runner)
	if err != nil {
		return err
	}
	defer runner.leave()
	if err := runner.mustBe(ctx, "alice@example.com", nil); err != nil {
		return err
	}
	said("as hers", "it is answered:")
	if err := runner.mustSeeDevices(ctx, st.tn.Nodes()); err != nil {
		return err
	}

	// From now on "src": ["alice@example.com"] no longer means this machine.
	if err := st.tn.SetTags(ctx, st.runner, "tag:ci"); err != nil {
		return err
	}
	if err := st.tn.SetGrants(ctx, st.server, everything(st.alice)); err != nil {
		return err
	}
	if err := running.Await(ctx, within, func() error { return runner.mustBe(ctx, "", []string{"tag:ci"}) }); err != nil {
		return err
	}
	refusal, err := runner.mustBeRefused(ctx, "list_all_devices")
	if err != nil {
		return err
	}
	if !strings.Contains(refusal, `"src": ["tag:ci"]`) {
		return fmt.Errorf("the refusal should speak of tag:ci: %s", refusal)
	}
	said("as tag:ci", "it is refused")
	if err := st.tn.SetGrants(ctx, st.server, everything(st.alice), grantOf(`{"tools":["get_device_info"]}`)(st.runner)); err != nil {
		return err
	}
	if err := running.Await(ctx, within, func() error {
		tools, err := runner.tools(ctx)
		if err == nil && !slices.Equal(tools, []string{"get_device_info", "whoami"}) {
			err = fmt.Errorf("ci-runner is shown %v", tools)
		}
		return err
	}); err != nil {
		return err
	}
	said("granted one tool as tag:ci", "it is shown get_device_info and whoami, and nothing of Alice's")
	return nil
}

func (st *stage) revoked(ctx context.Context) error {
	act("The administrator takes the grants away. Alice asks again.")
	alice, err := st.direct(ctx, "alice", st.alice)
	if err != nil {
		return err
	}
	defer alice.leave()
	if _, failed, err := alice.ask(ctx, "list_all_devices", nil); err != nil || failed {
		return fmt.Errorf("alice should be answered up to now (%w)", err)
	}
	took, err := st.revoke(ctx, alice)
	if err != nil {
		return err
	}
	said("is refused", fmt.Sprintf("%s after the grant was taken away", took.Round(time.Millisecond)))
	return nil
}

// revoke takes all grants away and returns how long it took until p felt it.
func (st *stage) revoke(ctx context.Context, p *person) (time.Duration, error) {
	began := time.Now()
	if err := st.tn.SendGrants(st.server); err != nil {
		return 0, err
	}
	err := running.Await(ctx, within, func() error { _, err := p.mustBeRefused(ctx, "list_all_devices"); return err })
	return time.Since(began), err
}

func (st *stage) throughTheProxy(ctx context.Context) error {
	act("The same for a client that speaks only stdio: alice's starts tailscale-mcp-proxy.")
	alice, err := st.proxied(ctx, "alice (proxy)", st.alice)
	if err != nil {
		return err
	}
	defer alice.leave()
	if _, err := alice.mustBeRefused(ctx, "list_all_devices"); err != nil {
		return err
	}
	said("without a grant", "she is refused")
	if err := st.tn.SetGrants(ctx, st.server, everything(st.alice)); err != nil {
		return err
	}
	if err := alice.mustBeAnsweredSoon(ctx); err != nil {
		return err
	}
	said("with the grant", "she is answered:")
	if err := alice.mustSeeDevices(ctx, st.tn.Nodes()); err != nil {
		return err
	}
	took, err := st.revoke(ctx, alice)
	if err != nil {
		return err
	}
	said("after it was taken away", fmt.Sprintf("she is refused, within %s", took.Round(time.Millisecond)))
	return nil
}

func (st *stage) withoutCredential(ctx context.Context) error {
	act("Without any API credential the tools of the local tailscaled remain.")
	if err := st.daemon.Stop(); err != nil {
		return err
	}
	first := st.daemon.Audit // which is whole, now that it has ended
	var err error
	if st.daemon, err = st.startDaemon(ctx); err != nil {
		return err
	}
	// The audit trail of the first one is the one that is shown.
	_, _ = st.daemon.Audit.Write([]byte(first.String()))
	if err := st.tn.SetGrants(ctx, st.server, everything(st.alice)); err != nil {
		return err
	}
	alice, err := st.direct(ctx, "alice", st.alice)
	if err != nil {
		return err
	}
	defer alice.leave()
	tools, err := alice.tools(ctx)
	if err != nil {
		return err
	}
	if slices.Contains(tools, "list_all_devices") || !slices.Contains(tools, "get_tailnet_status") {
		return fmt.Errorf("without a credential alice is shown %v", tools)
	}
	said("is shown", strings.Join(tools, ", "))
	for _, name := range []string{"get_tailnet_status", "list_peers"} {
		text, failed, err := alice.ask(ctx, name, nil)
		if err != nil || failed {
			return fmt.Errorf("%s: %q (%w)", name, text, err)
		}
		if !strings.Contains(text, "ts-mcp") && !strings.Contains(text, "bob-laptop") {
			return fmt.Errorf("%s says nothing about this tailnet: %s", name, text)
		}
		said(name, brief(text))
	}
	return nil
}

func (st *stage) auditTrail(context.Context) error {
	act("What the audit has of it. Two of its records: a decision that refused, and the outcome of a call that was allowed.")
	refused, answered := "", ""
	for line := range strings.Lines(st.daemon.Audit.String()) {
		// Several refusals within a second are one record, which has the names.
		if !strings.Contains(line, `list_all_devices"`) || !strings.Contains(line, `"login":"alice@example.com"`) {
			continue
		}
		if strings.Contains(line, `"event":"decision"`) && strings.Contains(line, `"allowed":false`) {
			refused = line
		}
		if strings.Contains(line, `"event":"outcome"`) && strings.Contains(line, `"upstreamStatus":200`) {
			answered = line
		}
	}
	if refused == "" || answered == "" {
		return fmt.Errorf("the audit lacks the refusal or the answer:\n%s", st.daemon.Audit)
	}
	fmt.Printf("    %s    %s", refused, answered)
	if unexpected := st.api.Unexpected(); len(unexpected) > 0 {
		return fmt.Errorf("the API was asked something it does not document: %+v", unexpected)
	}
	return nil
}
