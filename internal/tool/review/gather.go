// SPDX-License-Identifier: MIT

package review

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"tailscale-mcp/internal/failure"
	"tailscale-mcp/internal/policy/grammar"
	"tailscale-mcp/internal/tsapi"
)

// tailnet is what was read beside devices. What could not be read is nil, and named.
type tailnet struct {
	file     *grammar.File
	users    []tsapi.Object
	keys     []tsapi.Object
	invites  []tsapi.Object
	webhooks []tsapi.Object
	settings tsapi.Object
	dns      tsapi.Object

	mu      sync.Mutex
	read    int      // how many parts could be read
	notRead []string // what could not, and why
	first   error    // why, of one of them
}

// part is one thing that is read.
type part struct {
	what, op string
	read     func(ctx context.Context) error
}

// gather reads the parts at the same time. It fails only when nothing could be read.
func (t *tailnet) gather(ctx context.Context, parts []part) error {
	group, inner := errgroup.WithContext(ctx)
	for _, p := range parts {
		group.Go(func() error {
			t.note(p.what, p.op, p.read(inner))
			return nil
		})
	}
	_ = group.Wait() // none of them ends the others
	slices.Sort(t.notRead)
	if err := ctx.Err(); err != nil {
		return err
	}
	if t.read == 0 {
		return t.first
	}
	return nil
}

// note counts what was read, or names what was not.
func (t *tailnet) note(what, op string, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if err == nil {
		t.read++
		return
	}
	if t.first == nil {
		t.first = err
	}
	t.notRead = append(t.notRead, what+": "+why(op, err))
}

// why says in few words why something was not read, and which scope it takes where that
// may be it.
func why(op string, err error) string {
	code := failure.CodeOf(err)
	switch code {
	case "":
		return tsapiError(err)
	case failure.MissingScope, failure.PermissionDenied, failure.NotFound:
		if scope := scopeOf(op); scope != "" {
			return fmt.Sprintf("%s; the credential needs %s", code, scope)
		}
		return fmt.Sprintf("%s; no scope is documented, the token of an administrator may do", code)
	}
	return string(code)
}

// tsapiError is an error without a code in a few words.
func tsapiError(err error) string {
	text, _, _ := strings.Cut(err.Error(), "\n")
	if len(text) > 120 {
		text = strings.ToValidUTF8(text[:120], "") + "…"
	}
	return text
}

func scopeOf(op string) string {
	for _, o := range tsapi.Operations() {
		if o.ID == op {
			return o.Scope
		}
	}
	return ""
}

// The parts that both tools read.
func (r reviewer) parts(t *tailnet) []part {
	list := func(into *[]tsapi.Object, op, field string, query url.Values) func(context.Context) error {
		return func(ctx context.Context) (err error) {
			*into, err = r.api.List(ctx, tsapi.Request{Op: op, Query: query}, field)
			return err
		}
	}
	return []part{
		{"the policy file", "getPolicyFile", func(ctx context.Context) error {
			p, err := r.api.Policy(ctx)
			if err != nil {
				return err
			}
			t.file, err = grammar.Parse(p.HuJSON)
			return err
		}},
		{"users", "listUsers", list(&t.users, "listUsers", "users", url.Values{"type": {"all"}})},
		{"keys and tokens", "listTailnetKeys", list(&t.keys, "listTailnetKeys", "keys", url.Values{"all": {"true"}})},
		{"invitations into the tailnet", "listUserInvites", list(&t.invites, "listUserInvites", "", nil)},
		{"webhooks", "listWebhooks", list(&t.webhooks, "listWebhooks", "webhooks", nil)},
		{"settings", "getTailnetSettings", func(ctx context.Context) (err error) {
			t.settings, err = r.api.Settings(ctx)
			return err
		}},
	}
}

// nobody is a file that gives nothing, for a tailnet whose own cannot be read.
func nobody() *grammar.File {
	f, err := grammar.Parse(`{"grants": []}`)
	if err != nil {
		panic(err) // it is the same each time
	}
	return f
}

// elsewhere says where the policy file is managed if not here; empty if here.
func elsewhere(settings tsapi.Object) string {
	if on, _ := settings.Field("aclsExternallyManagedOn"); string(on) != "true" {
		return ""
	}
	text := "the policy file is managed elsewhere (the setting aclsExternallyManagedOn), so that edit_policy is refused"
	if link := settings.Text("aclsExternalLink"); link != "" {
		text += "; propose the change at " + shown(link)
	}
	return text
}
