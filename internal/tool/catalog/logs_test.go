// SPDX-License-Identifier: MIT

package catalog

func init() {
	enter(map[string]string{
		"list_audit_logs":          `{"start":"7d","actor":["~alice"],"event":["NODE.CREATE"]}`,
		"list_flow_logs":           `{"start":"2h","node":"nWeb1CNTRL"}`,
		"get_log_streaming":        `{"logType":"configuration"}`,
		"set_log_streaming":        `{"logType":"configuration","destinationType":"splunk","url":"https://splunk.example.com/services/collector","token":"a-secret","confirm":"configuration"}`,
		"delete_log_streaming":     `{"logType":"configuration","confirm":"configuration"}`,
		"create_aws_external_id":   `{}`,
		"validate_aws_external_id": `{"externalId":"60fe9ce7-7791-4ab3-ab34-4294f5972725","roleArn":"arn:aws:iam::000000000000:role/tailscale-log-writer"}`,
	}, map[string]string{})
}
