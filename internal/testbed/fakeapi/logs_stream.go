// SPDX-License-Identifier: MIT

package fakeapi

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
)

// logsState is what the tailnet has of this group: where each type of log is
// streamed to, the external IDs for AWS, and what was done here.
type logsState struct {
	streams     map[string]*logStream
	externalIDs []string
	reusable    string // answered again while everybody asks for a reusable one

	done []auditEntry // what was really done, the oldest first
	last time.Time    // of the last of them

	flows []flowEntry // of the network, as they were set; nil: made up
}

// logStream is what is set; its secrets are never shown, except gcsCredentials,
// which the document does not mark as write-only.
type logStream struct {
	LogType              string   `json:"logType,omitempty"`
	DestinationType      string   `json:"destinationType"`
	URL                  string   `json:"url,omitempty"`
	User                 string   `json:"user,omitempty"`
	Token                string   `json:"token,omitempty"`
	UploadPeriodMinutes  int      `json:"uploadPeriodMinutes,omitempty"`
	CompressionFormat    string   `json:"compressionFormat,omitempty"`
	S3Bucket             string   `json:"s3Bucket,omitempty"`
	S3Region             string   `json:"s3Region,omitempty"`
	S3KeyPrefix          string   `json:"s3KeyPrefix,omitempty"`
	S3AuthenticationType string   `json:"s3AuthenticationType,omitempty"`
	S3AccessKeyID        string   `json:"s3AccessKeyId,omitempty"`
	S3SecretAccessKey    string   `json:"s3SecretAccessKey,omitempty"`
	S3RoleArn            string   `json:"s3RoleArn,omitempty"`
	S3ExternalID         string   `json:"s3ExternalId,omitempty"`
	GCSBucket            string   `json:"gcsBucket,omitempty"`
	GCSKeyPrefix         string   `json:"gcsKeyPrefix,omitempty"`
	GCSScopes            []string `json:"gcsScopes,omitempty"`
	GCSCredentials       string   `json:"gcsCredentials,omitempty"`
}

func newLogsState() logsState {
	return logsState{
		streams: map[string]*logStream{"configuration": {
			LogType: "configuration", DestinationType: "elastic", URL: "http://100.71.134.73:80/config-log-datastream", User: "myusername",
		}},
		externalIDs: []string{"60fe9ce7-7791-4ab3-ab34-4294f5972725"},
		reusable:    "60fe9ce7-7791-4ab3-ab34-4294f5972725",
	}
}

var streamDestinations = []string{"splunk", "elastic", "panther", "cribl", "datadog", "axiom", "s3", "gcs", "crowdstrike"}

func (c *logStream) valid() bool {
	if !slices.Contains(streamDestinations, c.DestinationType) || c.LogType != "" || c.S3ExternalID != "" ||
		c.UploadPeriodMinutes < 0 || c.UploadPeriodMinutes > 1440 || !slices.Contains([]string{"", "zstd", "gzip", "none"}, c.CompressionFormat) {
		return false
	}
	switch c.DestinationType {
	case "s3":
		return c.S3Bucket != "" && c.S3Region != "" &&
			(c.S3AuthenticationType == "accesskey" && c.S3AccessKeyID != "" && c.S3SecretAccessKey != "" ||
				c.S3AuthenticationType == "rolearn" && c.S3RoleArn != "")
	case "gcs":
		return c.GCSBucket != ""
	}
	u, err := url.Parse(c.URL)
	return err == nil && u.Host != ""
}

// private reports whether the endpoint is within the tailnet.
func (c *logStream) private() bool {
	u, err := url.Parse(c.URL)
	if err != nil {
		return false
	}
	addr, err := netip.ParseAddr(u.Hostname())
	return strings.HasSuffix(u.Hostname(), ".ts.net") || err == nil && netip.MustParsePrefix("100.64.0.0/10").Contains(addr)
}

func (s *Server) getStream(r *request) answer {
	c := s.logs.streams[r.params["logType"]]
	if c == nil {
		return fail(http.StatusNotFound)
	}
	shown := *c
	shown.Token, shown.S3SecretAccessKey = "", ""
	return jsonAnswer(shown)
}

func (s *Server) getStreamStatus(r *request) answer {
	if s.logs.streams[r.params["logType"]] == nil {
		return fail(http.StatusNotFound)
	}
	return jsonAnswer(map[string]any{
		"lastActivity": stamp(s.now()), "lastError": "", "maxBodySize": 524288, "numBytesSent": 17238983, "numEntriesSent": 8363,
		"numFailedRequests": 5434, "numSpoofedEntries": 0, "numTotalRequests": 10610, "rateBytesSent": 3.5, "rateEntriesSent": 0.008,
		"rateFailedRequests": 4.1e-157, "rateTotalRequests": 0.0037,
	})
}

func (s *Server) setStream(r *request) answer {
	logType := r.params["logType"]
	if logType != "configuration" && logType != "network" {
		return fail(http.StatusNotFound)
	}
	var c logStream
	d := json.NewDecoder(bytes.NewReader(r.body))
	d.DisallowUnknownFields()
	if d.Decode(&c) != nil || !c.valid() {
		return fail(http.StatusBadRequest)
	}
	if c.private() && !(r.grant.has("device_invites") && r.grant.has("policy_file")) {
		return fail(http.StatusForbidden)
	}
	c.LogType = logType
	if c.S3AuthenticationType == "rolearn" {
		c.S3ExternalID, s.logs.reusable = s.logs.externalIDs[len(s.logs.externalIDs)-1], ""
	}
	s.logs.streams[logType] = &c
	return done()
}

func (s *Server) deleteStream(r *request) answer {
	if s.logs.streams[r.params["logType"]] == nil {
		return fail(http.StatusNotFound)
	}
	delete(s.logs.streams, r.params["logType"])
	return done()
}

func (s *Server) makeExternalID(r *request) answer {
	var body struct{ Reusable bool }
	if len(r.body) > 0 && json.Unmarshal(r.body, &body) != nil {
		return fail(http.StatusBadRequest)
	}
	id := s.logs.reusable
	if id == "" || !body.Reusable {
		sum := sha256.Sum256(fmt.Append(nil, "aws", len(s.logs.externalIDs)))
		id = fmt.Sprintf("%x-%x-%x-%x-%x", sum[:4], sum[4:6], sum[6:8], sum[8:10], sum[10:16])
		s.logs.externalIDs = append(s.logs.externalIDs, id)
		s.logs.reusable = ""
		if body.Reusable {
			s.logs.reusable = id
		}
	}
	return jsonAnswer(map[string]string{"externalId": id, "tailscaleAwsAccountId": "001234567890"})
}

var roleForm = regexp.MustCompile(`^arn:aws:iam::\d{12}:role/\S+$`)

// validateExternalID has roles that trust as they should, and those whose name
// begins with open-, which trust whoever comes.
func (s *Server) validateExternalID(r *request) answer {
	var body struct{ RoleArn string }
	switch {
	case !slices.Contains(s.logs.externalIDs, r.params["id"]):
		return fail(http.StatusNotFound)
	case json.Unmarshal(r.body, &body) != nil:
		return fail(http.StatusBadRequest)
	case !roleForm.MatchString(body.RoleArn):
		return failWith(http.StatusUnprocessableEntity, "the role ARN is malformed")
	case strings.Contains(body.RoleArn, ":role/open-"):
		return failWith(http.StatusUnprocessableEntity, "the role can be assumed without the external ID")
	}
	return done()
}
