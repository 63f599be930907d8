// SPDX-License-Identifier: MIT

package streaming

import (
	"strings"
	"testing"

	"tailscale-mcp/internal/failure"
	"tailscale-mcp/internal/testbed/fakeapi"
)

const (
	secret = "a-very-secret-text"
	splunk = `"destinationType":"splunk","url":"https://splunk.example.com/collector?q=hidden","token":"` + secret + `"`
	role   = "arn:aws:iam::000000000000:role/tailscale-log-writer"
	idSeed = "60fe9ce7-7791-4ab3-ab34-4294f5972725"
)

func TestStream(t *testing.T) {
	r := newRig(t)
	r.Answers("get_log_streaming", `{"logType":"configuration"}`, `"destinationType":"elastic"`, `"numEntriesSent":8363`)
	r.Refuses("get_log_streaming", `{"logType":"network"}`, notFound, "these logs are streamed nowhere")
	r.Refuses("get_log_streaming", `{"logType":"lunch"}`, invalid, "")
}

// A stream without a status is one all the same.
func TestStreamWithoutStatus(t *testing.T) {
	r := newRig(t)
	r.Fake.Fail("getLogStreamingStatus", fakeapi.Status(404).Times(1))
	if got := r.Answers("get_log_streaming", `{"logType":"configuration"}`, `"destinationType":"elastic"`); strings.Contains(got, "lastActivity") {
		t.Errorf("got %s, want no status", got)
	}
	r.Fake.Fail("getLogStreamingStatus", fakeapi.Status(403))
	r.Refuses("get_log_streaming", `{"logType":"configuration"}`, string(failure.PermissionDenied), "")
}

func TestWarning(t *testing.T) {
	r := newRig(t)
	for address, part := range map[string]string{
		"https://siem.tailfe8c.ts.net/x":   "within the tailnet",
		"https://SIEM.tailfe8c.TS.net.:88": "within the tailnet",
		"http://100.71.134.73/x":           "within the tailnet",
		"http://[fd7a:115c:a1e0::1]/x":     "within the tailnet",
		"http://siem/x":                    "within the tailnet",
		"http://logs.example.com/x":        "not encrypted",
		"https://logs.example.com/x":       "",
		"https://100.128.0.1/x":            "",
	} {
		said := r.Refuses("set_log_streaming", `{"logType":"network","destinationType":"cribl","url":"`+address+`"}`, needed, part)
		if part == "" && strings.Contains(said, "; it is") {
			t.Errorf("%s: got %s, want no warning", address, said)
		}
	}
}

func TestSet(t *testing.T) {
	r := newRig(t)
	const set = "set_log_streaming"
	r.Refuses(set, `{"logType":"configuration",`+splunk+`}`, needed, "no longer to elastic at http://100.71.134.73:80/config-log-datastream")
	r.Refuses(set, `{"logType":"configuration",`+splunk+`,"confirm":"configuration"}`, needed, "takes the code")
	r.Refuses(set, `{"logType":"network",`+splunk+`}`, needed, "streamed nowhere")
	if _, err := r.Call(set, `{"logType":"network",`+splunk+`}`); err == nil || strings.Contains(err.Error(), secret) || strings.Contains(err.Error(), "hidden") {
		t.Errorf("got %v, want neither the token nor the query", err)
	}
	text := r.Answers(set, `{"logType":"configuration",`+splunk+`,"uploadPeriodMinutes":5,"compressionFormat":"zstd","confirm":"CODE"}`,
		`"previous":{`, `"destinationType":"elastic"`, `"destinationType":"splunk"`, `"uploadPeriodMinutes":5`)
	text += r.Answers(set, `{"logType":"network","destinationType":"gcs","gcsBucket":"b","gcsScopes":["w"],"gcsCredentials":"{\"type\":\"`+secret+`\"}","confirm":"CODE"}`, `"gcsBucket":"b"`)
	text += r.Answers("get_log_streaming", `{"logType":"network"}`, `"gcsScopes":["w"]`)
	text += r.Answers(set, `{"logType":"network","destinationType":"s3","s3Bucket":"b","s3Region":"eu-west-1","s3AuthenticationType":"rolearn","s3RoleArn":"`+role+`","confirm":"CODE"}`,
		`"s3ExternalId":"`+idSeed+`"`)
	text += r.Answers(set, `{"logType":"network","destinationType":"s3","s3Bucket":"b","s3Region":"eu-west-1","s3AuthenticationType":"accesskey","s3AccessKeyId":"AK","s3SecretAccessKey":"`+secret+`","confirm":"CODE"}`)
	if strings.Contains(text, secret) {
		t.Errorf("a secret is in an answer: %s", text)
	}
	// Its own state unread, the change is said to be made.
	r.Fake.Fail("getLogStreamingConfiguration", fakeapi.Status(404).Times(2))
	r.Fake.Fail("getLogStreamingConfiguration", fakeapi.Status(500).Times(1))
	r.Answers(set, `{"logType":"network",`+splunk+`,"confirm":"CODE"}`, setButUnread)
}

func TestSetRefused(t *testing.T) {
	r := newRig(t)
	for arguments, part := range map[string]string{
		`"destinationType":"lunch"`:                                                                                                 "destinationType",
		`"destinationType":"splunk","token":"x"`:                                                                                    "needs url",
		`"destinationType":"splunk","url":"https://example.com/"`:                                                                   "needs token",
		`"destinationType":"cribl"`:                                                                                                 "needs url",
		`"destinationType":"cribl","url":"ftp://example.com/"`:                                                                      "url is no http",
		`"destinationType":"cribl","url":"https://u:p@example.com/"`:                                                                "url is no http",
		`"destinationType":"s3","s3Bucket":"b"`:                                                                                     "needs s3Region",
		`"destinationType":"s3","s3Bucket":"b","s3Region":"r","s3AuthenticationType":"rolearn"`:                                     "needs s3RoleArn",
		`"destinationType":"s3","s3Bucket":"b","s3Region":"r","s3AuthenticationType":"rolearn","s3RoleArn":"role"`:                  "no ARN",
		`"destinationType":"s3","s3Bucket":"b","s3Region":"r","s3AuthenticationType":"rolearn","s3RoleArn":"x","s3AccessKeyId":"k"`: "s3AccessKeyId does not go",
		`"destinationType":"s3","s3Bucket":"b","s3Region":"r","s3AuthenticationType":"accesskey","s3AccessKeyId":"k"`:               "needs s3SecretAccessKey",
		`"destinationType":"s3","s3Bucket":"b","s3Region":"r","s3AuthenticationType":"accesskey","token":"x"`:                       "token does not go",
		`"destinationType":"gcs","gcsBucket":"b"`:                                                                                   "needs gcsCredentials",
		`"destinationType":"gcs","gcsBucket":"b","gcsCredentials":"` + secret + `"`:                                                 "not the text of a JSON",
		`"destinationType":"gcs","gcsBucket":"b","gcsCredentials":"{}","s3Bucket":"b"`:                                              "s3Bucket does not go",
		splunk + `,"gcsBucket":"b"`:                                                                                                 "gcsBucket does not go",
		splunk + `,"uploadPeriodMinutes":1441`:                                                                                      "1440",
	} {
		r.Refuses("set_log_streaming", `{"logType":"network","confirm":"CODE",`+arguments+`}`, invalid, part)
	}
	if n := len(r.Fake.Requests()); n != 0 {
		t.Errorf("%d requests were sent", n)
	}
}

func TestRemove(t *testing.T) {
	r := newRig(t)
	const remove = "delete_log_streaming"
	r.Refuses(remove, `{"logType":"network","confirm":"CODE"}`, notFound, "")
	r.Refuses(remove, `{"logType":"configuration"}`, needed, "gets nothing more")
	r.Refuses(remove, `{"logType":"configuration","confirm":"configuration"}`, needed, "elastic")
	r.Answers(remove, `{"logType":"configuration","confirm":"CODE"}`, `"deleted":"configuration","previous":{`, `"user":"myusername"`)
	if _, err := r.Call("get_log_streaming", `{"logType":"configuration"}`); err == nil || !strings.Contains(err.Error(), notFound) {
		t.Errorf("got %v, want it gone", err)
	}
}

func TestExternalID(t *testing.T) {
	r := newRig(t)
	r.Answers("create_aws_external_id", `{}`, `"externalId":"`+idSeed+`"`, `"tailscaleAwsAccountId":"001234567890"`)
	if got := r.Answers("create_aws_external_id", `{"reusable":false}`); strings.Contains(got, idSeed) {
		t.Errorf("got %s, want another ID", got)
	}
	r.Fake.Fail("getAwsExternalId", fakeapi.Body(200, "application/json", `{}`))
	if _, err := r.Call("create_aws_external_id", `{}`); err == nil || !strings.Contains(err.Error(), string(failure.UpstreamMalformed)) {
		t.Errorf("got %v, want %s", err, failure.UpstreamMalformed)
	}
}

func TestValidate(t *testing.T) {
	r := newRig(t)
	const validate = "validate_aws_external_id"
	r.Answers(validate, `{"externalId":"`+idSeed+`","roleArn":"`+role+`"}`, `"valid":true`)
	r.Answers(validate, `{"externalId":"`+idSeed+`","roleArn":"arn:aws:iam::000000000000:role/open-role"}`, `"valid":false`, "can be assumed without the external ID")
	r.Refuses(validate, `{"externalId":"none","roleArn":"`+role+`"}`, notFound, "")
	for _, bad := range []string{"", "role", "arn:aws:iam::1:role/x", "arn:aws:s3:::bucket"} {
		r.Refuses(validate, `{"externalId":"`+idSeed+`","roleArn":"`+bad+`"}`, invalid, "no ARN")
	}
	for _, bad := range []string{"", "..", "a/b", "%2e"} {
		r.Refuses(validate, `{"externalId":"`+bad+`","roleArn":"`+role+`"}`, invalid, "no external ID")
	}
	r.Fake.Fail("validateAwsExternalId", fakeapi.Status(403))
	r.Refuses(validate, `{"externalId":"`+idSeed+`","roleArn":"`+role+`"}`, string(failure.PermissionDenied), "")
}

// What the API refuses after the reading is told as it is, and not tried again.
func TestUpstream(t *testing.T) {
	for name, c := range map[string]struct{ op, arguments string }{
		"set_log_streaming":      {"setLogStreamingConfiguration", `{"logType":"network",` + splunk + `,"confirm":"CODE"}`},
		"delete_log_streaming":   {"disableLogStreaming", `{"logType":"configuration","confirm":"CODE"}`},
		"create_aws_external_id": {"getAwsExternalId", `{}`},
	} {
		r := newRig(t)
		r.Fake.Fail(c.op, fakeapi.Status(403))
		if _, err := r.Call(name, c.arguments); err == nil || !strings.Contains(err.Error(), string(failure.PermissionDenied)) {
			t.Errorf("%s: got %v, want %s", name, err, failure.PermissionDenied)
		}
		if n := r.Fake.Count(c.op); n != 1 {
			t.Errorf("%s was sent %d times", c.op, n)
		}
	}
}
