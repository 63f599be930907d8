// SPDX-License-Identifier: MIT

package catalog

import (
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/tool"
	"tailscale-mcp/internal/tsapi"
)

// What holds for every tool, resource and prompt, whoever writes the next one.

// groups are the packages beside this one that hold tools.
func groups(t *testing.T) []string {
	t.Helper()
	entries, err := os.ReadDir("..")
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, e := range entries {
		if e.IsDir() && !slices.Contains([]string{"catalog", "tooltest", "testdata"}, e.Name()) {
			found = append(found, e.Name())
		}
	}
	return found
}

func TestEveryGroupIsEntered(t *testing.T) {
	f, err := parser.ParseFile(token.NewFileSet(), "catalog.go", nil, parser.ImportsOnly)
	if err != nil {
		t.Fatal(err)
	}
	var imported []string
	for _, i := range f.Imports {
		path, err := strconv.Unquote(i.Path.Value)
		if err != nil {
			t.Fatal(err)
		}
		imported = append(imported, path)
	}
	for _, group := range groups(t) {
		files, err := filepath.Glob(filepath.Join("..", group, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		if len(files) > 0 && !slices.Contains(imported, "tailscale-mcp/internal/tool/"+group) {
			t.Errorf("the group %s is not entered in catalog.go", group)
		}
	}
}

// changes reports whether an operation changes something.
func changes(id string) bool {
	return slices.ContainsFunc(tsapi.Operations(), func(op tsapi.Operation) bool { return op.ID == id && op.Changes })
}

// A tool sends what its definition says, so the reference and the scopes that are
// made from it are true, and only a tool of a changing class changes anything.
func TestOperationsOfTools(t *testing.T) {
	r := newRig(t, setup{})
	seen := map[string]bool{}
	for _, d := range r.offers.Tools {
		for _, id := range d.Operations {
			if !slices.ContainsFunc(tsapi.Operations(), func(op tsapi.Operation) bool { return op.ID == id }) {
				t.Errorf("%s: there is no operation %s", d.Name, id)
			}
			if changes(id) && d.Class == grant.Read {
				t.Errorf("%s is a read, and %s changes something", d.Name, id)
			}
		}
		if calls[d.Name] == "" {
			continue
		}
		seed(r.fake)
		before := len(r.fake.Requests())
		if _, err := r.call(by(t, "alice@example.com", mayAll), d.Name, calls[d.Name]); err != nil {
			t.Errorf("%s: %v", d.Name, err)
		}
		for _, q := range r.fake.Requests()[before:] {
			seen[d.Name] = true
			if !slices.Contains(d.Operations, q.Operation) && !slices.Contains(d.Optional, q.Operation) {
				t.Errorf("%s used %s, which its definition does not say", d.Name, q.Operation)
			}
		}
		if !seen[d.Name] {
			t.Errorf("%s asked nothing of the API", d.Name)
		}
	}
}

func TestDefinitions(t *testing.T) {
	seen := map[string]bool{}
	for _, d := range newRig(t, setup{}).offers.Tools {
		t.Run(d.Name, func(t *testing.T) {
			if seen[d.Name] {
				t.Error("there are two of this name")
			}
			seen[d.Name] = true
			if !strings.Contains(d.Name, "_") && d.Name != "whoami" {
				t.Error("the name is not verb and object")
			}
			if d.Title == "" || len(d.Title) > 60 || strings.HasSuffix(d.Title, ".") {
				t.Errorf("got title %q, want a few words", d.Title)
			}
			// A model reads all of them before it calls one.
			if len(d.Description) < 50 || len(d.Description) > 1200 || !strings.HasSuffix(d.Description, ".") {
				t.Errorf("got a description of %d bytes, want a few sentences: %s", len(d.Description), d.Description)
			}
			if !slices.Contains(groups(t), d.Group) {
				t.Errorf("got group %q, want one that is named as its package: %v", d.Group, groups(t))
			}
			if _, err := grant.ParseClass(string(d.Class)); err != nil {
				t.Error(err)
			}
			if d.Timeout <= 0 || d.Timeout > 5*time.Minute {
				t.Errorf("got a bound of %v, want one that a client waits for", d.Timeout)
			}
			if d.Class == grant.Read && d.Idempotent {
				t.Error("a read is idempotent anyhow: leave it out")
			}
			if d.Input.Properties["cursor"] != nil && d.Narrow == "" {
				t.Error("a list does not say how to ask for less")
			}
		})
	}
}

// The selectors by which packaging/doc/grants.md tells administrators to grant a tool do so.
func TestEveryToolCanBeGranted(t *testing.T) {
	for _, d := range newRig(t, setup{}).offers.Tools {
		class, group := string(d.Class), d.Group
		selectors := []string{d.Name, class + ":*", "group:" + group + ":" + class}
		if d.Class != grant.Escalating {
			selectors = append(selectors, "*", "group:"+group)
		}
		for _, s := range selectors {
			if !by(t, "alice@example.com", `{"tools":["`+s+`"]}`).Rules.Tool(d.Granted()).Allowed {
				t.Errorf("%s does not allow %s", s, d.Name)
			}
		}
	}
}

func TestResourceDefinitions(t *testing.T) {
	registry := newRig(t, setup{}).offers
	_, uris := names(registry)
	for _, res := range registry.Resources {
		t.Run(res.URI, func(t *testing.T) {
			if res.Name == "" || res.Title == "" || len(res.Description) < 40 || !strings.HasSuffix(res.Description, ".") || !strings.Contains(res.MIMEType, "/") {
				t.Errorf("got %+v, want name, title, description and MIME type", res)
			}
			if res.Alias != "" && (!grant.IsURI(res.Alias) || slices.Contains(uris, res.Alias)) {
				t.Errorf("the alias %s cannot be granted, or is another resource", res.Alias)
			}
			if strings.HasSuffix(res.URI, "}") == !res.Completes() {
				t.Error("a family offers its members, and only a family does")
			}
			rules := by(t, "alice@example.com", `{"resources":["`+res.URI+`"]}`).Rules
			if !rules.Template(grant.Template{URI: res.URI, Alias: res.Alias}).Allowed {
				t.Error("its own URI does not grant it")
			}
		})
	}
}

func TestPromptDefinitions(t *testing.T) {
	registry := newRig(t, setup{}).offers
	tools, _ := names(registry)
	for _, p := range registry.Prompts {
		if p.Name == "" || p.Title == "" || p.Description == "" || p.Render == nil || len(p.Tools) == 0 {
			t.Errorf("%s: got %+v, want name, title, description, text and tools", p.Name, p)
		}
		arguments := map[string]string{}
		for _, a := range p.Arguments {
			if a.Name == "" || a.Description == "" {
				t.Errorf("%s: got argument %+v, want name and description", p.Name, a)
			}
			arguments[a.Name] = "value-of-" + a.Name
		}
		text := p.Render(arguments)
		for _, name := range p.Tools {
			if !slices.Contains(tools, name) || !strings.Contains(text, name) {
				t.Errorf("%s: the tool %s does not exist, or the text does not speak of it", p.Name, name)
			}
		}
	}
}

// Two of one name are noticed at start, whatever the ceiling hides.
func TestTwoOfOneName(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("two tools of one name were accepted")
		}
	}()
	tool.NewRegistry(nil, tool.WhoAmI(), tool.WhoAmI())
}

// TestLongToolsWeighMore: what may hold tailscaled, another node, the API or the evaluator
// for longer than a read does counts as several of its caller's calls.
func TestLongToolsWeighMore(t *testing.T) {
	heavy := map[string]bool{
		"explain_access": true, "who_can_use": true, "validate_policy": true, "edit_policy": true, "set_policy": true,
		"ping_peer": true, "run_netcheck": true, "list_audit_logs": true, "list_flow_logs": true, "policy_history": true, "revert_policy": true,
		// Fifty changes, one after the other.
		"authorize_device": true, "delete_device": true, "expire_device_key": true, "set_device_key_expiry": true, "set_device_tags": true,
	}
	for _, tool := range newRig(t, setup{}).offers.Tools {
		if got := tool.Weight > 1; got != heavy[tool.Name] {
			t.Errorf("%s: weighs %d, want heavy %v", tool.Name, tool.Weight, heavy[tool.Name])
		}
		delete(heavy, tool.Name)
	}
	if len(heavy) > 0 {
		t.Errorf("not there: %v", heavy)
	}
}

// TestEveryChangeHasATarget: the record of a change says which of several things it
// touches, by an argument that is text or a list of it.
func TestEveryChangeHasATarget(t *testing.T) {
	// Of what these change there is one in a tailnet.
	alone := []string{
		"edit_policy", "set_policy", "revert_policy", "update_settings", "set_dns_configuration", "set_dns_nameservers", "set_dns_preferences", "set_dns_search_paths", "create_aws_external_id",
	}
	for _, d := range newRig(t, setup{}).offers.Tools {
		if d.Class == grant.Read || slices.Contains(alone, d.Name) {
			if d.Target != "" {
				t.Errorf("%s: got target %q, want none", d.Name, d.Target)
			}
			alone = slices.DeleteFunc(alone, func(name string) bool { return name == d.Name })
			continue
		}
		if d.Target == "" {
			t.Errorf("%s has no target: enter the argument that names what it touches", d.Name)
		}
		for path := range strings.FieldsSeq(d.Target) {
			argument, member, _ := strings.Cut(path, ".")
			property := d.Input.Properties[argument]
			if property != nil && property.Type == "array" {
				property = property.Items
			}
			if property != nil && member != "" {
				property = property.Properties[member]
			}
			if property == nil || property.Type != "string" {
				t.Errorf("%s: the target %s is no argument that is text or a list of it", d.Name, path)
			}
		}
		// An invitation may be for whoever holds its link.
		first, _, _ := strings.Cut(d.Target, ".")
		if !slices.Contains(d.Input.Required, first) && !strings.Contains(d.Target, " ") && d.Name != "create_user_invites" {
			t.Errorf("%s: the target %s may be left out, and then the record names the group alone", d.Name, d.Target)
		}
	}
	if len(alone) > 0 {
		t.Errorf("not there: %v", alone)
	}
}

// TestAdds: what takes nothing away and overwrites nothing is known as that; clients
// hold it not to be destructive.
func TestAdds(t *testing.T) {
	adds := []string{
		"approve_user", "create_auth_key", "create_device_invites", "create_trust_credential", "create_user_invites", "create_webhook", "restore_user",
	}
	var got []string
	for _, d := range newRig(t, setup{}).offers.Tools {
		if d.Adds {
			got = append(got, d.Name)
		}
	}
	slices.Sort(got)
	if !slices.Equal(got, adds) {
		t.Errorf("got %q, want %q", got, adds)
	}
}

// TestOutside: what sends mail or data out of the tailnet, or has somebody there asked,
// is known as that; clients hold it to be of an open world.
func TestOutside(t *testing.T) {
	outside := []string{
		"create_device_invites", "create_user_invites", "create_webhook", "resend_invite", "set_contact", "set_log_streaming",
		"set_posture_integration", "test_webhook", "update_webhook", "validate_aws_external_id",
	}
	var got []string
	for _, d := range newRig(t, setup{}).offers.Tools {
		if d.Outside {
			got = append(got, d.Name)
		}
	}
	slices.Sort(got)
	if !slices.Equal(got, outside) {
		t.Errorf("got %q, want %q", got, outside)
	}
}
