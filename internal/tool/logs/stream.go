// SPDX-License-Identifier: MIT

package logs

import (
	"cmp"
	"context"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/tailnet"
	"tailscale-mcp/internal/tool"
)

// streamKind never shows a secret. The API document does not mark gcsCredentials
// as write-only.
var streamKind = tool.Kind{
	Documented: []string{
		"logType", "destinationType", "url", "user", "uploadPeriodMinutes", "compressionFormat", "s3Bucket", "s3Region", "s3KeyPrefix",
		"s3AuthenticationType", "s3AccessKeyId", "s3RoleArn", "s3ExternalId", "gcsBucket", "gcsKeyPrefix", "gcsScopes",
	},
	Secret: []string{"token", "s3SecretAccessKey", "gcsCredentials"},
}

type streamInput struct {
	LogType string `json:"logType" jsonschema:"which logs: configuration is the audit log, network are the flow logs" enum:"configuration,network"`
}

type streamOutput struct {
	Stream tool.Object `json:"stream" jsonschema:"where the logs go, without secrets"`
	Status tool.Object `json:"status,omitempty" jsonschema:"how it goes: lastActivity, lastError (empty is none) and counts of what was sent and what failed; absent when the API has none yet"`
}

func (l *logs) stream() tool.Tool {
	return tool.New(tool.Definition{
		Name:       "get_log_streaming",
		Title:      "Show where logs are streamed",
		Group:      group,
		Operations: []string{"getLogStreamingConfiguration", "getLogStreamingStatus"},
		Class:      grant.Read,
		Description: "Shows where the audit log (configuration) or the flow logs (network) are streamed to, and how that goes: the last activity, the last error, what was sent and what failed. " +
			"The answer not_found means that these logs are streamed nowhere, or that the API credential may not see where (the scope log_streaming:read). Secrets are not shown. Two calls to the Tailscale API.",
	}, func(ctx context.Context, _ tool.Call, in streamInput) (streamOutput, error) {
		o, err := l.getStream(ctx, in.LogType)
		if err != nil {
			return streamOutput{}, err
		}
		status, err := l.api.Object(ctx, tailnet.Request{Op: "getLogStreamingStatus", Params: []string{in.LogType}})
		// That it is streamed is known by now, and not_found would say that it is not.
		if err != nil && tailnet.CodeOf(err) != tailnet.CodeNotFound {
			return streamOutput{}, err
		}
		shown, err := streamKind.All(nil, []tailnet.Object{o, status})
		if err != nil {
			return streamOutput{}, err
		}
		return streamOutput{shown[0], shown[1]}, nil
	})
}

type removeInput struct {
	LogType string `json:"logType" jsonschema:"which logs: configuration is the audit log, network are the flow logs" enum:"configuration,network"`
	tool.Confirmation
}

type removeOutput struct {
	Deleted tool.Object `json:"deleted" jsonschema:"where the logs went until now, without secrets"`
}

func (l *logs) removeStream() tool.Tool {
	return tool.New(tool.Definition{
		Name:       "delete_log_streaming",
		Title:      "End the streaming of logs",
		Group:      group,
		Operations: []string{"getLogStreamingConfiguration", "disableLogStreaming"},
		Class:      grant.Destructive,
		Description: "Ends the streaming of the audit log (configuration) or the flow logs (network). Their destination gets nothing more, which can blind whoever watches it, " +
			"and the secrets that are stored for it are gone. Answers with the configuration as it was. The argument confirm is the logType. Two calls to the Tailscale API.",
	}, func(ctx context.Context, call tool.Call, in removeInput) (removeOutput, error) {
		o, err := l.getStream(ctx, in.LogType)
		if err != nil {
			return removeOutput{}, err
		}
		effect := "ends the streaming of the " + in.LogType + " logs to " + destination(o) + ", which gets nothing more; the secrets stored for it are gone"
		if err := call.Confirm(in.Confirmation, in.LogType, effect); err != nil {
			return removeOutput{}, err
		}
		if err := l.api.Do(ctx, tailnet.Request{Op: "disableLogStreaming", Params: []string{in.LogType}}); err != nil {
			return removeOutput{}, err
		}
		was, err := streamKind.One(nil, o)
		return removeOutput{was}, err
	})
}

// destination says where a stream goes.
func destination(o tailnet.Object) string {
	return where(o.Text("destinationType"), o.Text("url"), o.Text("s3Bucket"), o.Text("gcsBucket"))
}

// where is without the query and the password of a URL, which may be secrets.
func where(kind, address, s3Bucket, gcsBucket string) string {
	text := cmp.Or(kind, "an unknown destination")
	if bucket := cmp.Or(s3Bucket, gcsBucket); bucket != "" {
		text += ", bucket " + bucket
	}
	if u, err := url.Parse(address); err == nil && u.Host != "" {
		text += " at " + u.Scheme + "://" + u.Host + u.EscapedPath()
	}
	return text
}

// warning says what is dangerous about a destination.
func warning(address string) string {
	u, err := url.Parse(address)
	switch {
	case err != nil || u.Host == "":
		return ""
	case private(u.Hostname()):
		return "; it is within the tailnet, so Tailscale may be let in to that device by a share and a rule in the policy file"
	case u.Scheme == "http":
		return "; it is not encrypted on its way, and neither is the token"
	}
	return ""
}

// tailnetRanges are the addresses of devices (https://tailscale.com/kb/1033, 1121).
var tailnetRanges = []netip.Prefix{netip.MustParsePrefix("100.64.0.0/10"), netip.MustParsePrefix("fd7a:115c:a1e0::/48")}

func private(host string) bool {
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	if addr, err := netip.ParseAddr(host); err == nil {
		return slices.ContainsFunc(tailnetRanges, func(p netip.Prefix) bool { return p.Contains(addr.Unmap()) })
	}
	return strings.HasSuffix(host, ".ts.net") || !strings.Contains(host, ".")
}
