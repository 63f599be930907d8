// SPDX-License-Identifier: MIT

package edit

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"tailscale-mcp/internal/policy/nesting"
)

// example is a file as people write them.
const example = `// The policy.
{
	"Groups": {
		"group:ops": ["alice@example.com", "bob@example.com"], // on call
		"group:dev": [
			"carol@example.com", // lead
			// Left in May: dan.
			"erin@example.com",
		],
		"group:none": [],
	},
	"hosts": {
		"db":      "100.64.0.1",
		"metrics": "100.64.0.2",
	},
	"tagOwners": {"tag:web": ["group:ops"]},

	"grants": [
		// Everybody may read.
		{"src": ["*"], "dst": ["tag:web"], "ip": ["443"]},
		{
			"src": ["group:ops"], // us
			"dst": ["tag:web"],
			"ip":  ["22"],
		},
	],
}
`

// operations reads operations, in which rules and patches are written without quotes.
func operations(t *testing.T, text string) []Operation {
	t.Helper()
	var all []map[string]json.RawMessage
	if err := json.Unmarshal([]byte(text), &all); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	for _, o := range all {
		for _, name := range []string{"rule", "with", "after", "patch"} {
			if value, ok := o[name]; ok && value[0] != '"' {
				o[name] = written(string(value))
			}
		}
	}
	var operations []Operation
	d := json.NewDecoder(bytes.NewReader(written(all)))
	d.DisallowUnknownFields()
	if err := d.Decode(&operations); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return operations
}

// written is a value as an argument.
func written(v any) json.RawMessage {
	text, _ := json.Marshal(v)
	return text
}

// TestApply: of the text only what is named changes, and it is like its neighbours.
func TestApply(t *testing.T) {
	for name, c := range map[string]struct {
		ops      string
		old, now string // what is replaced in the example, and by what
	}{
		"a member of a line":     {`[{"op":"add_member","name":"group:ops","member":"x@example.com"}]`, `"bob@example.com"]`, `"bob@example.com", "x@example.com"]`},
		"a member with a line":   {`[{"op":"add_member","name":"group:dev","member":"x@example.com"}]`, "\t\t\t\"erin@example.com\",\n", "\t\t\t\"erin@example.com\",\n\t\t\t\"x@example.com\",\n"},
		"the first member":       {`[{"op":"add_member","name":"group:none","member":"x@example.com"}]`, `"group:none": []`, `"group:none": ["x@example.com"]`},
		"a group":                {`[{"op":"add_member","name":"group:x","member":"x@example.com","create":true}]`, "\"group:none\": [],\n", "\"group:none\": [],\n\t\t\"group:x\": [\"x@example.com\"],\n"},
		"not the last of a line": {`[{"op":"remove_member","name":"group:ops","member":"alice@example.com"}]`, `["alice@example.com", "bob@example.com"]`, `["bob@example.com"]`},
		"the last of a line":     {`[{"op":"remove_member","name":"group:ops","member":"bob@example.com"}]`, `["alice@example.com", "bob@example.com"]`, `["alice@example.com"]`},
		"a line":                 {`[{"op":"remove_member","name":"group:dev","member":"carol@example.com"}]`, "\t\t\t\"carol@example.com\", // lead\n", ""},
		"a line below a comment": {`[{"op":"remove_member","name":"group:dev","member":"erin@example.com"}]`, "\t\t\t\"erin@example.com\",\n", ""},
		"an owner":               {`[{"op":"add_owner","name":"tag:web","member":"group:dev"}]`, `["group:ops"]},`, `["group:ops", "group:dev"]},`},
		"the last owner":         {`[{"op":"remove_owner","name":"tag:web","member":"group:ops"}]`, `"tag:web": ["group:ops"]`, `"tag:web": []`},
		"a tag":                  {`[{"op":"add_owner","name":"tag:db","member":"group:dev","create":true}]`, `["group:ops"]},`, `["group:ops"], "tag:db": ["group:dev"]},`},
		"a host, below others":   {`[{"op":"add_host","name":"x","address":"100.64.0.3"}]`, "\"100.64.0.2\",\n", "\"100.64.0.2\",\n\t\t\"x\":       \"100.64.0.3\",\n"},
		"a host's address":       {`[{"op":"change_host","name":"db","was":"100.64.0.1","address":"100.64.0.9"}]`, `"100.64.0.1"`, `"100.64.0.9"`},
		"a host, removed":        {`[{"op":"remove_host","name":"db","was":"100.64.0.1"}]`, "\t\t\"db\":      \"100.64.0.1\",\n", ""},
		"a rule at the end": {
			`[{"op":"add_rule","section":"grants","rule":{"src":["a<b"],"dst":["*"],"ip":["*"]}}]`,
			"\t\t\t\"ip\":  [\"22\"],\n\t\t},\n",
			"\t\t\t\"ip\":  [\"22\"],\n\t\t},\n\t\t{\n\t\t\t\"src\": [\"a<b\"],\n\t\t\t\"dst\": [\"*\"],\n\t\t\t\"ip\": [\"*\"],\n\t\t},\n",
		},
		"a rule behind another": {
			`[{"op":"add_rule","section":"grants","rule":{"src":["b"],"dst":["*"],"ip":["*"]},"after":{"ip":["443"],"src":["*"],"dst":["tag:web"]}}]`,
			"\"ip\": [\"443\"]},\n", "\"ip\": [\"443\"]},\n\t\t{\"src\": [\"b\"], \"dst\": [\"*\"], \"ip\": [\"*\"]},\n",
		},
		"a rule with its comment": {
			`[{"op":"add_rule","section":"grants","rule":"{\"src\": [\"b\"], \"dst\": [\"*\"], \"ip\": [\"*\"]/*why*/}","after":"{\"src\": [\"*\"], \"dst\": [\"tag:web\"], \"ip\": [\"443\"]}"}]`,
			"\"ip\": [\"443\"]},\n", "\"ip\": [\"443\"]},\n\t\t{\"src\": [\"b\"], \"dst\": [\"*\"], \"ip\": [\"*\"]/*why*/},\n",
		},
		"a rule, removed": {
			`[{"op":"remove_rule","section":"grants","rule":{"src":["*"],"dst":["tag:web"],"ip":["443"]}}]`,
			"\t\t{\"src\": [\"*\"], \"dst\": [\"tag:web\"], \"ip\": [\"443\"]},\n", "",
		},
		"a rule, replaced": {
			`[{"op":"replace_rule","section":"grants","rule":{"src":["group:ops"],"dst":["tag:web"],"ip":["22"]},"with":{"src":["group:ops","group:dev"],"dst":["tag:web"],"ip":["22"],"via":["tag:r"]}}]`,
			"\"src\": [\"group:ops\"], // us\n\t\t\t\"dst\": [\"tag:web\"],\n\t\t\t\"ip\":  [\"22\"],\n",
			"\"src\": [\"group:ops\", \"group:dev\"], // us\n\t\t\t\"dst\": [\"tag:web\"],\n\t\t\t\"ip\":  [\"22\"],\n\t\t\t\"via\": [\"tag:r\"],\n",
		},
		"a test, and so tests": {
			`[{"op":"add_test","rule":{"src":"alice@example.com","accept":["tag:web:443"]}}]`,
			"\t\t},\n\t],\n}", "\t\t},\n\t],\n\t\"tests\": [\n\t\t{\"src\": \"alice@example.com\", \"accept\": [\"tag:web:443\"]},\n\t],\n}",
		},
		"a text":                  {`[{"op":"replace_text","old":"on call","new":"away"}]`, "on call", "away"},
		"a text, removed":         {`[{"op":"replace_text","old":" // on call","new":""}]`, " // on call", ""},
		"a patch":                 {`[{"op":"json_patch","patch":[{"op":"test","path":"/groups/group:ops/1","value":"bob@example.com"},{"op":"replace","path":"/groups/group:ops/1","value":"x"}]}]`, `"bob@example.com"]`, `"x"]`},
		"a patch, before":         {`[{"op":"json_patch","patch":[{"op":"add","path":"/groups/group:ops/0","value":"x"}]}]`, `["alice`, `["x", "alice`},
		"a patch, at the end":     {`[{"op":"json_patch","patch":[{"op":"add","path":"/groups/group:ops/-","value":"x"}]}]`, `"bob@example.com"]`, `"bob@example.com", "x"]`},
		"a patch, a new section":  {`[{"op":"json_patch","patch":[{"op":"add","path":"/randomizeClientPort","value":true}]}]`, "\t],\n}", "\t],\n\t\"randomizeClientPort\": true,\n}"},
		"a patch, moving":         {`[{"op":"json_patch","patch":[{"op":"move","from":"/groups/group:dev/1","path":"/groups/group:none/0"},{"op":"copy","from":"/hosts/db","path":"/hosts/db2"},{"op":"remove","path":"/hosts/db2"}]}]`, "\t\t\t\"erin@example.com\",\n\t\t],\n\t\t\"group:none\": [],", "\t\t],\n\t\t\"group:none\": [\"erin@example.com\"],"},
		"one that needs another":  {`[{"op":"add_member","name":"group:none","member":"x"},{"op":"remove_member","name":"group:none","member":"x"},{"op":"add_member","name":"group:none","member":"y"}]`, `"group:none": []`, `"group:none": ["y"]`},
		"a place between the two": {`[{"op":"json_patch","patch":[{"op":"add","path":"/grants/1","value":{"src":["b"]}}]}]`, "\"ip\": [\"443\"]},\n", "\"ip\": [\"443\"]},\n\t\t{\"src\": [\"b\"]},\n"},
	} {
		t.Run(name, func(t *testing.T) {
			for _, eol := range []string{"\n", "\r\n"} {
				lines := strings.NewReplacer("\n", eol)
				text := lines.Replace(example)
				if strings.Count(example, c.old) != 1 {
					t.Fatalf("%q is not once in the example", c.old)
				}
				want := strings.Replace(text, lines.Replace(c.old), lines.Replace(c.now), 1)
				got, err := Apply(text, operations(t, c.ops))
				if err != nil || got.Text != want {
					t.Errorf("got %v and\n%s\nwant\n%s", err, got.Text, want)
				}
			}
		})
	}
}

// TestStyles: of small files, whose ways of writing differ.
func TestStyles(t *testing.T) {
	const add, remove = `{"op":"add_member","name":"group:a","member":"x"}`, `{"op":"remove_member","name":"group:a","member":"a"}`
	const grant = `{"op":"add_rule","section":"grants","rule":{"src":["a"]}}`
	for _, c := range []struct{ text, op, want string }{
		{`{"groups":{"group:a":["a"]}}`, add, `{"groups":{"group:a":["a", "x"]}}`},
		{`{"groups":{"group:a":["a",]}}`, add, `{"groups":{"group:a":["a", "x",]}}`},
		{`{"groups":{"group:a":["a" /* boss */]}}`, add, `{"groups":{"group:a":["a" /* boss */, "x"]}}`},
		{`{"groups":{"group:a":[ "a" ]}}`, add, `{"groups":{"group:a":[ "a", "x" ]}}`},
		{"{\"groups\":{\"group:a\":[\"a\", // boss\n]}}", add, "{\"groups\":{\"group:a\":[\"a\", // boss\n\t\"x\",\n]}}"},
		{"{\"groups\":{\"group:a\":[\"a\" // boss\n]}}", add, "{\"groups\":{\"group:a\":[\"a\", // boss\n\t\"x\"\n]}}"},
		{"{\n  \"groups\": {\n    \"group:a\": [\n      \"a\"\n    ]\n  }\n}", add, "{\n  \"groups\": {\n    \"group:a\": [\n      \"a\",\n      \"x\"\n    ]\n  }\n}"},
		{"{\"groups\":{\"group:a\":[\n\"a\"]}}", add, "{\"groups\":{\"group:a\":[\n\"a\",\n\"x\"]}}"},
		{"{\"groups\":{\"group:a\":[ // none\n]}}", add, "{\"groups\":{\"group:a\":[ // none\n\t\"x\"\n]}}"},
		{`{"groups":{"group:a":[ /* none */ ]}}`, add, `{"groups":{"group:a":[ /* none */ "x" ]}}`},
		{`{"groups":{"group:a":["a", "b" /* the last */]}}`, `{"op":"remove_member","name":"group:a","member":"b"}`, `{"groups":{"group:a":["a"]}}`},
		{`{"groups":{"group:a":["a", /* b */ "b", "c"]}}`, `{"op":"remove_member","name":"group:a","member":"b"}`, `{"groups":{"group:a":["a", "c"]}}`},
		{`{"groups":{"group:a":[ "a" ]}}`, remove, `{"groups":{"group:a":[]}}`},
		{"{\"groups\":{\"group:a\":[\n\t// first\n\t\"a\" ]}}", remove, "{\"groups\":{\"group:a\":[\n\t// first\n\t ]}}"},
		{"{\"groups\":{\"group:a\":[\n\t\"b\", // first\n\t\"a\" ]}}", remove, "{\"groups\":{\"group:a\":[\n\t\"b\" // first\n\t ]}}"},
		{"{\"groups\":{\"group:a\":[\n\t\"b\",\n\t\"a\"\n]}}", remove, "{\"groups\":{\"group:a\":[\n\t\"b\"\n]}}"},
		{`{}`, grant, "{\n\t\"grants\": [\n\t\t{\"src\": [\"a\"]}\n\t]\n}"},
		{"{\n}", grant, "{\n\t\"grants\": [\n\t\t{\"src\": [\"a\"]}\n\t]\n}"},
		{`{"acls": []}`, grant, `{"acls": [], "grants": [{"src": ["a"]}]}`},
		{"{\n  \"acls\": [ {\"src\": []} ],\n}", grant, "{\n  \"acls\": [ {\"src\": []} ],\n  \"grants\": [\n    {\"src\": [\"a\"]},\n  ],\n}"},
		{`{"grants": [{ "src": ["b"] }]}`, grant, `{"grants": [{ "src": ["b"] }, { "src": ["a"] }]}`},
		{`{"GRANTS": []}`, grant, `{"GRANTS": [{"src": ["a"]}]}`},
		{`{"acls": [1], "grants": []}`, `{"op":"json_patch","patch":[{"op":"remove","path":"/grants"}]}`, `{"acls": [1]}`},
		{`{"acls": [1]}`, `{"op":"json_patch","patch":[{"op":"remove","path":"/acls/0"}]}`, `{"acls": []}`},
		{`{"a": /* x */ {"b": [1, 2, 3], "c": 1.0}}`, `{"op":"json_patch","patch":[{"op":"replace","path":"/a","value":{"c":1,"b":[1,4,3,5]}}]}`, `{"a": /* x */ {"b": [1, 4, 3, 5], "c": 1.0}}`},
		{`{"a": [1, 2, 3, 4]}`, `{"op":"json_patch","patch":[{"op":"add","path":"","value":{"a":[1,4],"b":{}}}]}`, `{"a": [1, 4], "b": {}}`},
		{`{"a/b": {"~": 1}}`, `{"op":"json_patch","patch":[{"op":"replace","path":"/a~1b/~0","value":2}]}`, `{"a/b": {"~": 2}}`},
	} {
		got, err := Apply(c.text, operations(t, "["+c.op+"]"))
		if err != nil || got.Text != c.want {
			t.Errorf("%s\nof %s: error %v, got\n%s\nwant\n%s", c.op, c.text, err, got.Text, c.want)
		}
	}
}

// TestRefusals: what is refused says what was found instead, and where.
func TestRefusals(t *testing.T) {
	for name, c := range map[string]struct{ ops, want, next string }{
		"none":                      {`[]`, "there is no operation", "at least one"},
		"an operation there is not": {`[{"op":"add"}]`, `operation 1 (add): there is no operation "add"`, "op is one of"},
		"something missing":         {`[{"op":"add_member","name":"group:ops"}]`, "operation 1 (add_member): member is missing", "with name, member, and perhaps create"},
		"something too much":        {`[{"op":"add_member","name":"group:ops","member":"x","was":"y"}]`, "it does not take was", "with name, member"},
		"there already":             {`[{"op":"add_member","name":"group:ops","member":"Alice@example.com"}]`, `operation 1 (add_member): line 4, column 17: "group:ops" has "alice@example.com" already`, "leave this operation out"},
		"not there":                 {`[{"op":"remove_member","name":"group:ops","member":"x"}]`, `line 4, column 3: "x" is not in "group:ops": it has "alice@example.com", "bob@example.com"`, "as it is written"},
		"no such group":             {`[{"op":"add_member","name":"group:Op","member":"x"}]`, `line 4, column 3: "group:Op" is not in groups; "group:ops" is`, "create"},
		"a group that is":           {`[{"op":"add_member","name":"group:ops","member":"x","create":true}]`, `"group:ops" is in groups already`, "leave create out"},
		"no group":                  {`[{"op":"add_member","name":"ops","member":"x"}]`, `"ops" is no name for groups`, "group:ops"},
		"no section":                {`[{"op":"remove_rule","section":"ssh","rule":{}}]`, `the file has no section "ssh", only "Groups", "hosts", "tagOwners", "grants"`, "get_policy"},
		"another rule": {
			`[{"op":"remove_rule","section":"grants","rule":{"src":["*"],"dst":["tag:web"],"ip":["80"]}}]`,
			`line 20, column 3: the rule is not in grants; the most like it is {"src": ["*"], "dst": ["tag:web"], "ip": ["443"]}`, "as it stands there now",
		},
		"a rule that is":        {`[{"op":"add_rule","section":"grants","rule":{"ip":["443"],"src":["*"],"dst":["tag:web"]}}]`, "line 20, column 3: grants has this already", "leave"},
		"no rule":               {`[{"op":"add_rule","section":"grants","rule":"x"}]`, "not readable", "JSON"},
		"a list for a rule":     {`[{"op":"add_rule","section":"grants","rule":[]}]`, "rule is no object", "such as"},
		"another line":          {`[{"op":"remove_rule","section":"grants","rule":{"ip":["443"],"src":["*"],"dst":["tag:web"]},"line":3}]`, "line 20, column 3: no rule like this begins at line 3", "leave line out"},
		"tests that are none":   {`[{"op":"add_test","section":"grants","rule":{}}]`, "add_test is not for the section", "sshTests"},
		"a host that is":        {`[{"op":"add_host","name":"db","address":"100.64.0.7"}]`, `line 13, column 3: the host "db" is there already: "100.64.0.1"`, "change_host"},
		"a host that was":       {`[{"op":"change_host","name":"db","was":"100.64.0.7","address":"100.64.0.8"}]`, `line 13, column 3: the host "db" is not "100.64.0.7": it is`, "give was"},
		"a text twice":          {`[{"op":"replace_text","old":"tag:web","new":"tag:x"}]`, "line 16, column 17: the text occurs more than once: here and at line 20", "longer"},
		"a text that is not":    {`[{"op":"replace_text","old":"\"hosts\": {\n  \"db\"","new":""}]`, `line 12, column 2: the text does not occur as it was given; its line "\"hosts\": {" is here`, "copy the text"},
		"a text nowhere":        {`[{"op":"replace_text","old":"nonsense","new":""}]`, "the text does not occur in the file", "copy the text"},
		"no policy any more":    {`[{"op":"replace_text","old":"// The policy.","new":"{"}]`, "the file would not be readable any more", "well-formed"},
		"a name twice":          {`[{"op":"replace_text","old":"\"group:none\"","new":"\"group:dev\""}]`, `"group:dev" is twice in one object`, "well-formed"},
		"a test of a patch":     {`[{"op":"json_patch","patch":[{"op":"test","path":"/hosts/db","value":"x"}]}]`, `operation 1 (json_patch): line 13, column 14: step 1 (test "/hosts/db"): the test fails: it is "100.64.0.1"`, "if the change is still wanted"},
		"a path to nothing":     {`[{"op":"json_patch","patch":[{"op":"remove","path":"/hosts/x"}]}]`, `nothing is at the path: there is "db", "metrics"`, "something that is there"},
		"a path too deep":       {`[{"op":"json_patch","patch":[{"op":"remove","path":"/hosts/x/y"}]}]`, `nothing is at the path`, "something that is there"},
		"a path into a text":    {`[{"op":"json_patch","patch":[{"op":"remove","path":"/hosts/db/0"}]}]`, `which has nothing in it`, "something that is there"},
		"a place too far":       {`[{"op":"json_patch","patch":[{"op":"add","path":"/grants/3","value":{}}]}]`, `"3" is no place in a list of 2 elements`, "from 0"},
		"itself":                {`[{"op":"json_patch","patch":[{"op":"move","from":"/grants","path":"/grants/0"}]}]`, `into itself`, "another path"},
		"open, in the end":      {`[{"op":"json_patch","patch":[{"op":"remove","path":"/grants"}]}]`, "every device may reach every other", "as an empty list"},
		"open by null":          {`[{"op":"json_patch","patch":[{"op":"replace","path":"/grants","value":null}]}]`, "every device may reach every other", "as an empty list"},
		"all of them or none":   {`[{"op":"remove_host","name":"db","was":"100.64.0.1"},{"op":"remove_host","name":"db","was":"100.64.0.1"}]`, `operation 2 (remove_host): line 12, column 11: "db" is not in hosts, which has "metrics"`, "name"},
		"a step that is wrong":  {`[{"op":"json_patch","patch":[{"op":"remove","path":"/hosts/db","value":1}]}]`, "value is for add, replace and test", "RFC 6902"},
		"a value with two of a": {`[{"op":"add_rule","section":"grants","rule":{"src":[],"src":[]}}]`, `"src" twice`, "once"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := Apply(example, operations(t, c.ops))
			var e *Error
			if !errors.As(err, &e) || !strings.Contains(err.Error(), c.want) || !strings.Contains(e.Next, c.next) || got.Text != "" {
				t.Errorf("got %v with next %q, want %s and %s", err, e.Next, c.want, c.next)
			}
		})
	}
}

func TestBounds(t *testing.T) {
	deepText := strings.Repeat("[", nesting.Most+1)
	for name, c := range map[string]struct{ text, ops, want string }{
		"operations":  {`{}`, "[" + strings.TrimSuffix(strings.Repeat(`{"op":"x"},`, MostOperations+1), ",") + "]", "at most 100"},
		"steps":       {`{}`, `[{"op":"json_patch","patch":[` + strings.TrimSuffix(strings.Repeat(`{"op":"x","path":""},`, MostOperations+1), ",") + `]}]`, "at most 100"},
		"text":        {strings.Repeat(" ", MostBytes) + `{}`, `[{"op":"x"}]`, "at most 4194304"},
		"depth":       {`{"a":` + deepText, `[{"op":"x"}]`, "within each other"},
		"a new text":  {`{"a": 1}`, `[{"op":"replace_text","old":"1","new":"` + deepText + `"}]`, "within each other"},
		"a value":     {`{"a": 1}`, `[{"op":"add_rule","section":"acls","rule":` + deepText + strings.Repeat("]", nesting.Most+1) + `}]`, "within each other"},
		"not a file":  {`[]`, `[{"op":"x"}]`, "no object"},
		"not UTF-8":   {"{\"a\": \"\xff\"}", `[{"op":"x"}]`, "UTF-8"},
		"names twice": {`{"acls": [], "ACLs": []}`, `[{"op":"x"}]`, `"ACLs" is twice in one object, the second time at line 1, column 14`},
	} {
		if _, err := Apply(c.text, operations(t, c.ops)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %s", name, err, c.want)
		}
	}
}

// TestNotes: a comment whose rule is gone stays, and that is said.
func TestNotes(t *testing.T) {
	got, err := Apply(example, operations(t, `[{"op":"remove_rule","section":"grants","rule":{"src":["*"],"dst":["tag:web"],"ip":["443"]}}]`))
	if want := `the comments before what was removed at line 20, column 3 stay: "// Everybody may read."`; err != nil || len(got.Notes) != 1 || got.Notes[0] != want {
		t.Errorf("got %q and error %v, want %s", got.Notes, err, want)
	}
}

// Rules of the same meaning are told apart by their text, or by their line.
func TestRulesAlike(t *testing.T) {
	const text = "{\"acls\": [\n{\"src\": [\"a\"]},\n{\"src\":[\"a\"]},\n{\"src\":[\"a\"]},\n]}"
	for op, want := range map[string]string{
		`{"op":"remove_rule","section":"acls","rule":{ "src":["a"]}}`:                          "3 rules of acls are like this, the second at line 3",
		`{"op":"remove_rule","section":"acls","rule":"{\"src\": [\"a\"]}"}`:                    "{\"acls\": [\n{\"src\":[\"a\"]},\n{\"src\":[\"a\"]},\n]}",
		`{"op":"remove_rule","section":"acls","rule":{"src":["a"]},"line":2}`:                  "{\"acls\": [\n{\"src\":[\"a\"]},\n{\"src\":[\"a\"]},\n]}",
		`{"op":"remove_rule","section":"acls","rule":"{\"src\":[\"a\"]}"}`:                     "2 rules of acls are like this, the second at line 4",
		`{"op":"remove_rule","section":"acls","rule":{"src":["a"]},"line":99}`:                 "no rule like this begins at line 99",
		`{"op":"add_rule","section":"acls","rule":{"src":["b"]},"line":2}`:                     "line is given without after",
		`{"op":"replace_rule","section":"acls","rule":{},"with":{"src":["a"]}}`:                "the rule is not in acls",
		`{"op":"add_rule","section":"acls","rule":{"src":["b"]},"after":"{\"src\": [\"a\"]}"}`: "{\"acls\": [\n{\"src\": [\"a\"]},\n{\"src\": [\"b\"]},\n{\"src\":[\"a\"]},\n{\"src\":[\"a\"]},\n]}",
	} {
		got, err := Apply(text, operations(t, "["+op+"]"))
		if err == nil && got.Text != want || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %q and error %v, want %q", op, got.Text, err, want)
		}
	}
}

// TestWork: however small the steps of a call are, its work has a bound.
func TestWork(t *testing.T) {
	d, err := read(example)
	if err != nil {
		t.Fatal(err)
	}
	d.work = mostWork - 3*len(example)
	op := operations(t, `[{"op":"json_patch","patch":[`+strings.TrimSuffix(strings.Repeat(`{"op":"add","path":"/groups/group:ops/-","value":"x"},`, 3), ",")+`]}]`)
	if err := d.operate(op[0]); err == nil || !strings.Contains(err.Error(), "step 3") || !strings.Contains(err.Error(), "too much work") {
		t.Errorf("got %v", err)
	}
}
