// SPDX-License-Identifier: MIT

package policy

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tailscale-mcp/internal/failure"
	"tailscale-mcp/internal/testbed/fakeapi"
	"tailscale-mcp/internal/testbed/tooltest"
	"tailscale-mcp/internal/tool"
)

// verdict is what validate_policy answers, decoded.
func verdict(r *tooltest.API, arguments string) (out validateOutput) {
	r.Helper()
	if err := json.Unmarshal([]byte(r.Answers("validate_policy", arguments)), &out); err != nil {
		r.Fatal(err)
	}
	return out
}

// What is checked is the candidate with its own tests and those given.
func TestValidateSends(t *testing.T) {
	const given = `[{"src":"alice@example.com","accept":["100.64.0.1:22"],"proto":"tcp"}]`
	const reach = `{"src": ["alice@example.com"], "dst": ["100.64.0.1"], "ip": ["tcp:22"]}`
	const candidate = "// New.\n{\"grants\": [" + reach + "], \"Tests\": [{\"src\": \"bob@example.com\", \"deny\": [\"100.64.0.1:22\"]}], // old\n}\n"
	current := file(mine + "," + reach)
	for name, c := range map[string]struct {
		arguments, body string
		reads           int // the present file, and for a candidate devices and users
	}{
		"the current file":           {`{}`, current, 1},
		"no tests of it":             {`{"tests":[]}`, current, 1},
		"tests of it":                {`{"tests":` + given + `}`, strings.Replace(current, "]\n}", "],\"tests\":"+given+"\n}", 1), 1},
		"a candidate":                {`{"policy":` + asJSON(candidate) + `}`, candidate, 3},
		"a candidate with tests":     {`{"policy":` + asJSON(candidate) + `,"tests":` + given + `}`, strings.Replace(candidate, "}], // old", "},"+given[1:]+", // old", 1), 3},
		"a candidate without":        {`{"policy":"{ /* none */ }","tests":` + given + `}`, `{"tests":` + given + ` /* none */ }`, 3},
		"one that ends in a comment": {`{"policy":"{\"tests\": [ // none\n], // yet\n}","tests":` + given + `}`, "{\"tests\": " + given[:len(given)-1] + " // none\n], // yet\n}", 3},
	} {
		t.Run(name, func(t *testing.T) {
			r := start(t)
			if err := r.Fake.SetPolicy(current); err != nil {
				t.Fatal(err)
			}
			if got := verdict(r, c.arguments); !got.Valid || got.Problems != nil || got.Warnings != nil || got.Note != "" {
				t.Errorf("got %+v, want a pass", got)
			}
			if diff := cmp.Diff(c.body, r.Sent("validateAndTestPolicyFile")); diff != "" {
				t.Errorf("body (-want +got):\n%s", diff)
			}
			requests := r.Fake.Requests()
			if got := requests[1].Header.Get("Content-Type"); got != "application/hujson" || len(requests) != 1+c.reads {
				t.Errorf("got the type %s of the second of %d requests", got, len(requests))
			}
			if r.Fake.Policy() != current {
				t.Errorf("a check has set %s", r.Fake.Policy())
			}
		})
	}
}

func TestValidateVerdicts(t *testing.T) {
	failed := fakeapi.Finding{User: "bob@example.com", Errors: []string{"address 100.64.0.1:22: want accept"}}
	warned := fakeapi.Finding{User: "group:ops", Warnings: []string{"is empty"}}
	problem := finding{User: failed.User, Errors: failed.Errors}
	warning := finding{User: warned.User, Warnings: warned.Warnings}
	message := func(text string) []finding { return []finding{{Errors: []string{text}}} }
	for name, c := range map[string]struct {
		message  string
		findings []fakeapi.Finding
		want     Verdict
	}{
		"tests fail":                   {"test(s) failed", []fakeapi.Finding{failed}, Verdict{Problems: []finding{problem}}},
		"warnings":                     {"warning(s) found", []fakeapi.Finding{warned}, Verdict{Valid: true, Warnings: []finding{warning}}},
		"both":                         {"test(s) failed", []fakeapi.Finding{warned, failed}, Verdict{Problems: []finding{problem}, Warnings: []finding{warning}}},
		"nothing says why":             {"test(s) failed", nil, Verdict{Problems: message("test(s) failed")}},
		"a message nobody knows":       {"something odd", []fakeapi.Finding{warned}, Verdict{Problems: message("something odd"), Warnings: []finding{warning}}},
		"warnings of nothing":          {"warning(s) found", nil, Verdict{Problems: message("warning(s) found")}},
		"a warning that hides failure": {"warning(s) found", []fakeapi.Finding{failed}, Verdict{Problems: []finding{problem}}},
	} {
		t.Run(name, func(t *testing.T) {
			r := start(t)
			r.Fake.SetValidation(c.message, c.findings...)
			for _, arguments := range []string{`{}`, `{"policy":"{}"}`, `{"tests":[{"src":"bob@example.com","deny":["100.64.0.1:22"]}]}`} {
				if diff := cmp.Diff(c.want, verdict(r, arguments).Verdict); diff != "" {
					t.Errorf("%s (-want +got):\n%s", arguments, diff)
				}
			}
		})
	}
	r := start(t)
	if got := verdict(r, `{"policy":"{\"nonsense\": 1}"}`); got.Valid || len(got.Problems) != 1 {
		t.Errorf("got %+v, want the problem of the API", got)
	}
	r.Fake.Fail("validateAndTestPolicyFile", fakeapi.Body(200, "application/json", `{"message":"test(s) failed","data":"bob"}`).Times(1))
	if diff := cmp.Diff(Verdict{Problems: message(`"bob"`)}, verdict(r, `{}`).Verdict); diff != "" {
		t.Errorf("findings of another form (-want +got):\n%s", diff)
	}
	r.Fake.Fail("validateAndTestPolicyFile", fakeapi.Status(403))
	r.Refuses("validate_policy", `{"policy":"{}"}`, string(failure.PermissionDenied))
}

func TestValidatePreview(t *testing.T) {
	const candidate = "{\n\"grants\": [\n{\"src\": [\"*\"], \"dst\": [\"*\"], \"ip\": [\"*\"]}]}"
	two := strings.Replace(candidate, "[\n", "[\n{\"src\": [\"bob@example.com\"], \"dst\": [\"*\"], \"ip\": [\"*\"]},\n", 1)
	for name, c := range map[string]struct {
		arguments string
		query     url.Values
		body      string
		line      string
	}{
		"a user":               {`{"previewUser":"alice@example.com"}`, url.Values{"type": {"user"}, "previewFor": {"alice@example.com"}}, fakeapi.DefaultPolicy, "21"},
		"an address":           {`{"previewAddress":"100.64.0.11:22"}`, url.Values{"type": {"ipport"}, "previewFor": {"100.64.0.11:22"}}, fakeapi.DefaultPolicy, "21"},
		"IPv6":                 {`{"previewAddress":"[fd7a::11]:22"}`, url.Values{"type": {"ipport"}, "previewFor": {"[fd7a::11]:22"}}, fakeapi.DefaultPolicy, "21"},
		"in a candidate":       {`{"previewUser":"alice@example.com","policy":` + asJSON(candidate) + `}`, url.Values{"type": {"user"}, "previewFor": {"alice@example.com"}}, candidate, "3"},
		"the second of two":    {`{"previewUser":"alice@example.com","policy":` + asJSON(two) + `}`, url.Values{"type": {"user"}, "previewFor": {"alice@example.com"}}, two, "4"},
		"in one with no match": {`{"previewUser":"alice@example.com","policy":"{\"grants\": []}"}`, url.Values{"type": {"user"}, "previewFor": {"alice@example.com"}}, `{"grants": []}`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			r := start(t)
			r.Fake.SetDevices([]fakeapi.Device{
				{Hostname: "laptop", User: "alice@example.com", Addresses: []string{"100.64.0.10"}},
				{Hostname: "web-1", User: "bob@example.com", Addresses: []string{"100.64.0.11", "fd7a::11"}},
			})
			got := verdict(r, c.arguments)
			if c.line == "" && len(got.Matches) != 0 || c.line != "" && (len(got.Matches) != 1 || string(got.Matches[0]["lineNumber"]) != c.line) || !got.Valid {
				t.Errorf("got %+v, want the line %q", got, c.line)
			}
			if diff := cmp.Diff(c.body, r.Sent("previewRuleMatches")); diff != "" {
				t.Errorf("body (-want +got):\n%s", diff)
			}
			for _, request := range r.Fake.Requests() {
				if request.Operation != "previewRuleMatches" {
					continue
				}
				if diff := cmp.Diff(c.query, request.Query); diff != "" {
					t.Errorf("query (-want +got):\n%s", diff)
				}
			}
		})
	}
	r := start(t)
	r.Fake.SetValidation("test(s) failed")
	if got := verdict(r, `{"previewUser":"alice@example.com"}`); got.Valid || got.Note == "" || r.Fake.Count("previewRuleMatches") != 0 {
		t.Errorf("got %+v, want no preview of what is not valid, and that said", got)
	}
	r.Fake.SetValidation("")
	r.Fake.Fail("previewRuleMatches", fakeapi.Status(403))
	r.Refuses("validate_policy", `{"previewUser":"alice@example.com"}`, string(failure.PermissionDenied))
}

func TestValidateRefusals(t *testing.T) {
	r := start(t)
	for _, c := range []struct{ arguments, part string }{
		{`{"previewUser":"alice@example.com","previewAddress":"100.64.0.1:22"}`, "one preview"},
		{`{"previewAddress":"100.64.0.1"}`, "100.64.0.1:22"},
		{`{"previewAddress":"web-1:22"}`, "100.64.0.1:22"},
		{`{"previewAddress":":22"}`, "100.64.0.1:22"},
		{`{"tests":[{"accept":["100.64.0.1:22"]}]}`, "src"},
		{`{"tests":[{"src":"","accept":["100.64.0.1:22"]}]}`, "src"},
		{`{"tests":[{"src":"alice@example.com"}]}`, "accept or deny"},
		{`{"tests":[{"src":"alice@example.com","allow":["100.64.0.1:22"]}]}`, "accept"},
		{`{"policy":"{\"tests\": {}}","tests":[{"src":"alice@example.com","deny":["100.64.0.1:22"]}]}`, "tests is an object, not a list"},
		{`{"policy":"{"}`, "not readable"},
		{`{"policy":"[]"}`, "no object"},
		{`{"policy":" "}`, "not readable"},
		{`{"candidate":"{}"}`, "policy"},
	} {
		r.Refuses("validate_policy", c.arguments, tool.CodeInvalidArgument, c.part)
	}
	if n := len(r.Fake.Requests()); n != 0 {
		t.Errorf("got %d requests for arguments that are wrong", n)
	}
}

// A million brackets would take the parser's stack, and the daemon with it.
func TestPolicyTooDeep(t *testing.T) {
	r, etag := startWith(t, file(mine))
	for _, text := range []string{strings.Repeat("[", 1<<16), strings.Repeat(`{"a":`, 1<<15)} {
		r.Refuses("validate_policy", `{"policy":`+asJSON(text)+`}`, tool.CodeInvalidArgument, "within each other")
		r.Refuses("set_policy", setting(text, etag, ""), tool.CodeInvalidArgument, "within each other")
		r.Refuses("edit_policy", editing(`{"op":"replace_text","old":"// us","new":`+asJSON(text)+`}`, etag, ""), tool.CodeInvalidArgument, "within each other")
		r.Refuses("edit_policy", editing(`{"op":"add_rule","section":"grants","rule":`+asJSON(text)+`}`, etag, ""), tool.CodeInvalidArgument, "within each other")
	}
}

// A test that was given and fails is no fault of the file: valid is of the file, and the
// answer says what ran.
func TestValidateTestsApart(t *testing.T) {
	text := file(mine + `,{"src": ["alice@example.com"], "dst": ["100.64.0.1"], "ip": ["tcp:22"]}`)
	text = strings.Replace(text, "]\n}", "],\"tests\":[{\"src\":\"alice@example.com\",\"accept\":[\"100.64.0.1:22\"]}]\n}", 1)
	r, _ := startWith(t, text)
	const fails, passes = `{"src":"bob@example.com","accept":["100.64.0.1:22"]}`, `{"src":"bob@example.com","deny":["100.64.0.1:22"]}`
	for arguments, want := range map[string]testRun{
		`{}`:                         {File: 1},
		`{"tests":[` + passes + `]}`: {File: 1, Given: 1, Pass: true},
		`{"tests":[` + passes + `,` + fails + `]}`:                {File: 1, Given: 2},
		`{"policy":` + asJSON(text) + `,"tests":[` + fails + `]}`: {File: 1, Given: 1},
	} {
		got := verdict(r, arguments)
		if !got.Valid || got.Problems != nil || got.Differs != "" || got.Note != "" {
			t.Errorf("%s: got %+v, want the file valid", arguments, got)
		}
		failed := got.Tests.Failed
		got.Tests.Failed = nil
		if diff := cmp.Diff(&want, got.Tests); diff != "" || want.Pass && len(failed) > 0 {
			t.Errorf("%s: failed %+v (-want +got):\n%s", arguments, failed, diff)
		}
		if strings.Contains(arguments, fails) && (len(failed) != 1 || failed[0].User != "bob@example.com") {
			t.Errorf("%s: got %+v", arguments, failed)
		}
	}
	r.Fake.SetValidation("test(s) failed", fakeapi.Finding{User: "alice@example.com", Errors: []string{"no"}})
	if got := verdict(r, `{"tests":[`+passes+`]}`); got.Valid || got.Note == "" || got.Tests.Pass {
		t.Errorf("got %+v of a file that is not valid", got)
	}
}

// A preview of nobody is an error with those who may be meant; of somebody whom no rule is
// about, it says that.
func TestPreviewOfNobody(t *testing.T) {
	r, _ := startWith(t, file(mine))
	r.Refuses("validate_policy", `{"previewUser":"bob"}`, tool.CodeInvalidArgument, "bob@example.com")
	r.Refuses("validate_policy", `{"previewUser":"zoe@example.com"}`, tool.CodeInvalidArgument, "list_users")
	for user, says := range map[string]string{"dave@example.com": "no rule is about this user"} {
		if got := verdict(r, `{"previewUser":"`+user+`"}`); got.Note != says || got.Matches != nil {
			t.Errorf("%s: got %+v", user, got)
		}
	}
	r.Fake.Fail("listUsers", fakeapi.Status(403))
	if got := verdict(r, `{"previewUser":"bob"}`); !strings.Contains(got.Note, "could not be read") {
		t.Errorf("got %+v", got)
	}
}

// The same line in two groups asks two different questions: each names the group, shows
// what stands around, and says who gains what.
func TestQuestionNamesTheGroup(t *testing.T) {
	r, etag := startWith(t, office)
	r.Fake.SetDevices(append(r.Fake.Devices(),
		fakeapi.Device{NodeID: "nWebCNTRL", ID: "21", Hostname: "web", Tags: []string{"tag:web"}, Addresses: []string{"100.64.0.21"}},
		fakeapi.Device{NodeID: "nDaveCNTRL", ID: "22", Hostname: "dave-laptop", User: "dave@example.com", Addresses: []string{"100.64.0.22"}}))
	ask := func(old, now string) string {
		_, err := r.Call("set_policy", `{"policy":`+asJSON(strings.Replace(office, old, now, 1))+`,"etag":`+asJSON(etag)+`}`)
		r.Told("set_policy", "", err, tool.CodeConfirmationRequired)
		return err.Error()
	}
	eng := ask(`// since May`+"\n", "// since May\n\t\t\t\"dave@example.com\",\n")
	ops := ask(`"group:ops": ["alice@example.com", `, `"group:ops": ["alice@example.com", "dave@example.com", `)
	for question, parts := range map[string][]string{
		eng: {`groups "group:eng"`, `"bob@example.com", // since May`, "dave@example.com of group:eng gains port 22 on device web"},
		ops: {`groups "group:ops"`, `"group:contractors"`, `dave@example.com of group:ops gains the tools "*"`},
	} {
		for _, part := range parts {
			if !strings.Contains(question, part) {
				t.Errorf("got %s\nwant %q", question, part)
			}
		}
	}
}
