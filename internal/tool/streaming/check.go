// SPDX-License-Identifier: MIT

package streaming

import (
	"encoding/json"
	"net/url"
	"strings"

	"tailscale-mcp/internal/tool"
)

// check refuses arguments that a kind of destination does not take or lacks, before anything
// is sent: logs that go nowhere are noticed only when somebody needs them.
func (e endpoint) check() error {
	s3 := map[string]string{
		"s3Bucket": e.S3Bucket, "s3Region": e.S3Region, "s3KeyPrefix": e.S3KeyPrefix, "s3AuthenticationType": e.S3AuthenticationType,
		"s3AccessKeyId": e.S3AccessKeyID, "s3SecretAccessKey": e.S3SecretAccessKey, "s3RoleArn": e.S3RoleArn,
	}
	gcs := map[string]string{
		"gcsBucket": e.GCSBucket, "gcsKeyPrefix": e.GCSKeyPrefix, "gcsScopes": strings.Join(e.GCSScopes, " "), "gcsCredentials": e.GCSCredentials,
	}
	address := map[string]string{"url": e.URL, "user": e.User, "token": e.Token}

	if e.URL != "" {
		// The URL is not repeated: it may have a secret in it.
		u, err := url.Parse(e.URL)
		if err != nil || (u.Scheme != "https" && u.Scheme != "http") || u.Hostname() == "" || u.User != nil || len(e.URL) > 2048 {
			return tool.Invalidf("give a URL such as https://logs.example.com/ingest; user and token have their own arguments", "url is no http or https URL without a password")
		}
	}
	switch e.DestinationType {
	case "s3":
		return first(
			e.lacks(s3, "s3Bucket", "s3Region", "s3AuthenticationType"),
			e.refuses(address, "user", "token"),
			e.refuses(gcs, "gcsBucket", "gcsKeyPrefix", "gcsScopes", "gcsCredentials"),
			e.checkS3(s3),
		)
	case "gcs":
		return first(
			e.lacks(gcs, "gcsBucket", "gcsCredentials"),
			e.refuses(address, "url", "user", "token"),
			e.refusesAll(s3),
			e.checkGCS(),
		)
	}
	needed := []string{"url", "token"}
	if e.DestinationType == "cribl" {
		needed = needed[:1] // its token is optional there
	}
	return first(e.lacks(address, needed...), e.refusesAll(s3), e.refuses(gcs, "gcsBucket", "gcsKeyPrefix", "gcsScopes", "gcsCredentials"))
}

func (e endpoint) refusesAll(s3 map[string]string) error {
	return e.refuses(s3, "s3Bucket", "s3Region", "s3KeyPrefix", "s3AuthenticationType", "s3AccessKeyId", "s3SecretAccessKey", "s3RoleArn")
}

func (e endpoint) checkS3(s3 map[string]string) error {
	if e.S3AuthenticationType == "accesskey" {
		return first(e.lacks(s3, "s3AccessKeyId", "s3SecretAccessKey"), e.refuses(s3, "s3RoleArn"))
	}
	if err := first(e.lacks(s3, "s3RoleArn"), e.refuses(s3, "s3AccessKeyId", "s3SecretAccessKey")); err != nil {
		return err
	}
	return checkRole("s3RoleArn", e.S3RoleArn)
}

func (e endpoint) checkGCS() error {
	var credentials map[string]json.RawMessage
	if json.Unmarshal([]byte(e.GCSCredentials), &credentials) != nil {
		return tool.Invalidf("give the text of the credentials file that Google Cloud makes for the workload identity", "gcsCredentials is not the text of a JSON object")
	}
	return nil
}

// lacks refuses when one of the arguments is missing.
func (e endpoint) lacks(given map[string]string, names ...string) error {
	for _, name := range names {
		if strings.TrimSpace(given[name]) == "" {
			return tool.Invalidf("give "+strings.Join(names, ", "), "a destination of the type %s needs %s", e.DestinationType, name)
		}
	}
	return nil
}

// refuses refuses when one of the arguments is there.
func (e endpoint) refuses(given map[string]string, names ...string) error {
	for _, name := range names {
		if given[name] != "" {
			return tool.Invalidf("leave "+name+" out, or choose another destinationType or s3AuthenticationType", "%s does not go with the rest: the destination is of the type %s", name, e.DestinationType)
		}
	}
	return nil
}

func first(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
