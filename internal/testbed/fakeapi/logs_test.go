// SPDX-License-Identifier: MIT

package fakeapi

import (
	"strings"
	"testing"
	"time"
)

// logsAnswers are answers of the operations that have documented fields. The
// windows are those in which entries have what the document's examples have.
func logsAnswers(t *testing.T, s *Server) map[string][]string {
	hour := s.now().UTC().Truncate(time.Hour)
	day := "?start=" + stamp(hour.Add(-48*time.Hour)) + "&end=" + stamp(hour)
	flows := "?start=" + stamp(hour.Add(-time.Hour)) + "&end=" + stamp(hour.Add(-20*time.Minute))
	return map[string][]string{
		"listConfigurationAuditLogs":   {get(t, s, "/tailnet/-/logging/configuration"+day+"&actor=~alice&event=NODE.CREATE&event=NODE.UPDATE.ALLOWED_IPS")},
		"listNetworkFlowLogs":          {get(t, s, "/tailnet/-/logging/network"+flows)},
		"getLogStreamingStatus":        {get(t, s, "/tailnet/-/logging/configuration/stream/status")},
		"getLogStreamingConfiguration": {get(t, s, "/tailnet/-/logging/configuration/stream")},
		"getAwsExternalId":             {send(t, s, "POST", "/tailnet/-/aws-external-id", `{"reusable":true}`)},
	}
}

func TestLogEntries(t *testing.T) {
	now := time.Date(2026, 11, 3, 12, 30, 0, 0, time.UTC)
	s := start(t, Options{Now: func() time.Time { return now }})
	logsAnswers(t, s)
	const list, month = "/tailnet/-/logging/configuration", "?start=2026-01-01T00:00:00Z&end=2027-01-01T00:00:00Z"
	all := strings.Count(get(t, s, list+month), `"eventTime"`)
	if all != 288 { // eight a day, and every fifth is two
		t.Errorf("got %d audit entries, want 288", all)
	}
	if n := strings.Count(get(t, s, "/tailnet/-/logging/network"+month), `"nodeId"`); n != 30*24*6+1 { // both ends have one
		t.Errorf("got %d flow entries, want %d", n, 30*24*6+1)
	}
	for filter, event := range map[string]string{
		"&actor=uBob2CNTRL": `"loginName":"bob@example.com"`, "&actor=~ALICE": `"loginName":"alice@example.com"`,
		"&target=admin": "ADMIN_CONSOLE", "&event=TAILNET.UPDATE.ACL": `"property":"ACL"`, "&actor=~carol": "",
	} {
		text := get(t, s, list+month+filter)
		if n := strings.Count(text, `"eventTime"`); n >= all || (n > 0) != (event != "") || !strings.Contains(text, event) {
			t.Errorf("%s: got %d entries: %.300s", filter, n, text)
		}
	}
	for _, query := range []string{"", "?start=2026-11-01T00:00:00Z", "?start=24h&end=2026-11-01T00:00:00Z", "?start=2026-11-02T00:00:00Z&end=2026-11-01T00:00:00Z", month + "&event=lunch"} {
		if resp, text := try(t, s, "GET", list+query, ""); resp.StatusCode != 400 {
			t.Errorf("%s: got %d %s, want 400", query, resp.StatusCode, text)
		}
	}
}

func TestLogStreams(t *testing.T) {
	s := start(t, Options{})
	const stream, network, aws = "/tailnet/-/logging/configuration/stream", "/tailnet/-/logging/network/stream", "/tailnet/-/aws-external-id"
	for _, c := range []struct {
		method, path, body string
		status             int
	}{
		{"GET", network, "", 404},
		{"GET", network + "/status", "", 404},
		{"DELETE", network, "", 404},
		{"PUT", "/tailnet/-/logging/lunch/stream", `{}`, 404},
		{"PUT", network, `{"destinationType":"lunch","url":"https://example.com/"}`, 400},
		{"PUT", network, `{"destinationType":"splunk"}`, 400},
		{"PUT", network, `{"destinationType":"splunk","url":"https://example.com/","uploadPeriodMinutes":1441}`, 400},
		{"PUT", network, `{"destinationType":"splunk","url":"https://example.com/","logType":"network"}`, 400},
		{"PUT", network, `{"destinationType":"s3","s3Bucket":"b","s3Region":"eu-west-1"}`, 400},
		{"PUT", network, `{"destinationType":"s3","s3Bucket":"b","s3Region":"eu-west-1","s3AuthenticationType":"rolearn","s3RoleArn":"arn:aws:iam::000000000000:role/w"}`, 200},
		{"GET", network + "/status", "", 200},
		{"DELETE", stream, "", 200},
		{"GET", stream, "", 404},
		{"POST", aws + "/none/validate-aws-trust-policy", `{"roleArn":"arn:aws:iam::000000000000:role/w"}`, 404},
		{"POST", aws + "/60fe9ce7-7791-4ab3-ab34-4294f5972725/validate-aws-trust-policy", `{"roleArn":"arn:aws:iam::000000000000:role/w"}`, 200},
		{"POST", aws + "/60fe9ce7-7791-4ab3-ab34-4294f5972725/validate-aws-trust-policy", `{"roleArn":"arn:aws:iam::000000000000:role/open-w"}`, 422},
	} {
		if resp, text := try(t, s, c.method, c.path, c.body); resp.StatusCode != c.status {
			t.Errorf("%s %s %s: got %d %s, want %d", c.method, c.path, c.body, resp.StatusCode, text, c.status)
		}
	}
	if got := get(t, s, network); !strings.Contains(got, `"s3ExternalId":"60fe9ce7-`) {
		t.Errorf("got %s, want the external ID", got)
	}
	// The first ID is linked now; the next is shared until one is not to be.
	a, b := send(t, s, "POST", aws, `{"reusable":true}`), send(t, s, "POST", aws, `{"reusable":true}`)
	if c := send(t, s, "POST", aws, `{}`); a != b || a == c || strings.Contains(a, "60fe9ce7") {
		t.Errorf("got %s, %s and %s; want two that are the same and another", a, b, c)
	}
	send(t, s, "PUT", network, `{"destinationType":"splunk","url":"https://example.com/","token":"a-secret"}`)
	if got := get(t, s, network); strings.Contains(got, "a-secret") {
		t.Errorf("got %s, want no token", got)
	}
}

// A change of the policy file is in the log, whoever makes it, with the file before
// and after.
func TestPolicyChangesAreLogged(t *testing.T) {
	now := time.Date(2026, 11, 3, 12, 30, 0, 0, time.UTC)
	s := start(t, Options{Now: func() time.Time { return now }, Policy: "{}", QuietLog: true})
	const list = "/tailnet/-/logging/configuration?start=2026-11-03T00:00:00Z&end=2026-11-04T00:00:00Z"
	if err := s.SetPolicyBy("carol@example.com", "// one\n{}"); err != nil {
		t.Fatal(err)
	}
	send(t, s, "POST", "/tailnet/-/acl", "// two\n{}")
	const two = `{"action":"UPDATE","actor":{"displayName":"Alice Example","id":"uZKk3KSfrH11DEVEL","loginName":"alice@example.com","type":"USER"},` +
		`"deferredAt":"0001-01-01T00:00:00Z","eventGroupID":"`
	const rest = `","eventTime":"2026-11-03T12:30:00.000001Z","origin":"CONFIG_API",` +
		`"target":{"id":"example.com","name":"example.com","property":"ACL","type":"TAILNET"},"old":"// one\n{}","new":"// two\n{}","type":"CONFIG"}]`
	text := get(t, s, list+"&event=TAILNET.UPDATE.ACL")
	if strings.Count(text, `"eventTime"`) != 2 || !strings.Contains(text, `"loginName":"carol@example.com"`) || !strings.Contains(text, two) || !strings.Contains(text, rest) {
		t.Errorf("got %s", text)
	}
	if text = get(t, s, list+"&actor=~carol"); strings.Count(text, `"eventTime"`) != 1 || !strings.Contains(text, `"old":"{}","new":"// one\n{}"`) {
		t.Errorf("got %s, want carol's change", text)
	}
	if resp, _ := try(t, s, "POST", "/tailnet/-/acl", "{"); resp.StatusCode != 400 {
		t.Errorf("got %d for what is no policy file", resp.StatusCode)
	}
	if text = get(t, s, list); strings.Count(text, `"eventTime"`) != 2 {
		t.Errorf("got %s, want no entry of what was refused", text)
	}
	s.Reset()
	if text = get(t, s, list); strings.Contains(text, `"eventTime"`) {
		t.Errorf("after Reset: got %s", text)
	}
}
