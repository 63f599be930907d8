// SPDX-License-Identifier: MIT

package fakeapi

import (
	"encoding/json"
	"flag"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The tables in testdata say what the API's document has: operations.tsv, one
// operation a line (operationId, method, path, scopes), and fields.json, the
// fields and types of its example answers, by operation. With
// TAILSCALE_API_EXAMPLES naming a file of examples ("METHOD /path" → answer),
// fields.json is compared with those too, or rewritten with -update.
var update = flag.Bool("update", false, "rewrite testdata/fields.json from TAILSCALE_API_EXAMPLES")

const examplesVariable = "TAILSCALE_API_EXAMPLES"

// fieldTable maps the path of a field, such as devices[].tags[], to its JSON
// types, joined by "|" in alphabetical order.
type fieldTable map[string]string

func TestRoutesAreDocumented(t *testing.T) {
	type documented struct{ method, path, scopes string }
	table := map[string]documented{}
	text, err := os.ReadFile("testdata/operations.tsv")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		columns := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		table[columns[0]] = documented{columns[1], columns[2], columns[3]}
	}
	if len(table) != 93 {
		t.Fatalf("got %d documented operations, want 93", len(table))
	}
	remark := regexp.MustCompile(`\s*\([^)]*\)|\*`)
	seen := map[string]bool{}
	for _, op := range Operations() {
		if seen[op.ID] {
			t.Errorf("operation %s is there twice", op.ID)
		}
		seen[op.ID] = true
		if slices.Equal(op.Scopes, noToken) {
			continue
		}
		want, ok := table[op.ID]
		if !ok {
			t.Errorf("operation %s is not documented", op.ID)
			continue
		}
		got := documented{op.Method, op.Path, strings.Join(op.Scopes, " + ")}
		want.scopes = strings.TrimPrefix(remark.ReplaceAllString(want.scopes, ""), "none documented")
		if got != want {
			t.Errorf("operation %s: got %+v, want %+v", op.ID, got, want)
		}
	}
}

func TestAnswersHaveTheDocumentedFields(t *testing.T) {
	golden := readGolden(t)
	// What the document describes and the example of the operation does not show.
	beyond := map[string]fieldTable{
		"getDevice": {"postureIdentity.disabled": "boolean", "lastSeen": "string", "tags[]": "string"},
	}
	s := start(t, Options{})
	s.AddDevices(400) // enough to have every kind
	var all []string
	for _, d := range s.Devices() {
		all = append(all, get(t, s, "/device/"+d.NodeID+"?fields=all"))
	}
	s.SetValidation("test(s) failed", Finding{User: "alice@example.com", Errors: []string{"address \"2.2.2.2:22\": want: Drop, got: Accept"}})
	answers := map[string][]string{
		"listTailnetDevices":        {get(t, s, "/tailnet/-/devices")},
		"getDevice":                 all,
		"getTailnetSettings":        {get(t, s, "/tailnet/-/settings")},
		"updateTailnetSettings":     {send(t, s, "PATCH", "/tailnet/-/settings", `{"devicesApprovalOn":true}`)},
		"validateAndTestPolicyFile": {send(t, s, "POST", "/tailnet/-/acl/validate", `[{"src":"alice@example.com"}]`)},
	}
	for _, group := range []func(*testing.T, *Server) map[string][]string{
		contactsAnswers, devicesAnswers, dnsAnswers, invitesAnswers, keysAnswers, logsAnswers, oauthAnswers, organizationAnswers, policyAnswers, postureAnswers, servicesAnswers, usersAnswers, webhooksAnswers,
	} {
		maps.Copy(answers, group(t, start(t, Options{})))
	}
	for id := range golden {
		if _, ok := answers[id]; !ok {
			t.Errorf("operation %s has documented fields and no answer in this test", id)
		}
	}
	for id, texts := range answers {
		t.Run(id, func(t *testing.T) {
			want := maps.Clone(golden[id])
			maps.Copy(want, beyond[id])
			if diff := cmp.Diff(want, describe(t, texts...)); diff != "" {
				t.Errorf("fields differ from the document (-documented +fake):\n%s", diff)
			}
		})
	}
}

func TestGoldenFieldsMatchTheExamples(t *testing.T) {
	name := os.Getenv(examplesVariable)
	if name == "" {
		t.Skipf("%s is not set", examplesVariable)
	}
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	var examples map[string]json.RawMessage
	if err := json.Unmarshal(text, &examples); err != nil {
		t.Fatal(err)
	}
	derived := map[string]fieldTable{}
	for _, op := range Operations() {
		example, ok := examples[op.Method+" "+op.Path]
		// The policy file is untyped: its example is a policy, not a schema.
		if ok && !strings.HasSuffix(op.Path, "/acl") {
			derived[op.ID] = describe(t, string(example))
		}
	}
	if *update {
		text, err := json.MarshalIndent(derived, "", "\t")
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile("testdata/fields.json", append(text, '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(derived, readGolden(t)); diff != "" {
		t.Errorf("testdata/fields.json is out of date (-examples +golden):\n%s", diff)
	}
}

func readGolden(t *testing.T) map[string]fieldTable {
	t.Helper()
	text, err := os.ReadFile("testdata/fields.json")
	if err != nil {
		t.Fatal(err)
	}
	var golden map[string]fieldTable
	if err := json.Unmarshal(text, &golden); err != nil {
		t.Fatal(err)
	}
	return golden
}

// describe returns the fields of JSON texts, taken together.
func describe(t *testing.T, texts ...string) fieldTable {
	t.Helper()
	types := map[string]map[string]bool{}
	var walk func(path string, v any)
	walk = func(path string, v any) {
		name := "null"
		switch v := v.(type) {
		case map[string]any:
			name = "object"
			for key, value := range v {
				if strings.HasSuffix(path, "clientConnectivity.latency") || path == "attributes" || path == "expiries" {
					key = "*" // a map by region or attribute, not fields
				}
				walk(strings.TrimPrefix(path+"."+key, "."), value)
			}
		case []any:
			name = "array"
			for _, value := range v {
				walk(path+"[]", value)
			}
		case string:
			name = "string"
		case bool:
			name = "boolean"
		case float64:
			name = "number"
		}
		if path == "" {
			return
		}
		if types[path] == nil {
			types[path] = map[string]bool{}
		}
		types[path][name] = true
	}
	for _, text := range texts {
		var v any
		if err := json.Unmarshal([]byte(text), &v); err != nil {
			t.Fatalf("reading %.80q: %v", text, err)
		}
		walk("", v)
	}
	table := fieldTable{}
	for path, set := range types {
		table[path] = strings.Join(slices.Sorted(maps.Keys(set)), "|")
	}
	return table
}
