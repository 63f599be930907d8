// SPDX-License-Identifier: MIT

package fault

import (
	"encoding/json"
	"fmt"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"

	"tailscale-mcp/internal/failure"
	"tailscale-mcp/internal/redact"
	"tailscale-mcp/internal/tsapi/credential"
)

// Places a person is sent to.
const (
	adminKeys = "https://login.tailscale.com/admin/settings/keys"
	// AdminCredentials is where OAuth clients and federated identities are kept.
	AdminCredentials = "https://login.tailscale.com/admin/settings/trust-credentials"
	adminBilling     = "https://login.tailscale.com/admin/settings/billing"
	statusPage       = "https://status.tailscale.com"
)

const (
	// NextNotTheAPI is the next step when what answered is not the API.
	NextNotTheAPI = "see whether TAILSCALE_API_URL names the Tailscale API (https://api.tailscale.com) and whether a proxy answers in its place"
	// NextNarrow is the next step when an answer is too large.
	NextNarrow     = "narrow the request with filters, or ask for fewer fields"
	nextTryAgain   = "try again in a moment; if it lasts, see " + statusPage
	nextConnection = "see whether this host reaches the Tailscale API (TAILSCALE_API_URL, DNS, firewall, HTTPS_PROXY), and " + statusPage
)

// NextNewCredential sends the administrator to where a refused credential is
// replaced. place is where this host keeps it.
func NextNewCredential(k credential.Kind, place string) string {
	switch k {
	case credential.OAuthClient:
		return "an administrator creates a new OAuth client at " + AdminCredentials + ", puts its ID and secret into " + place + " and restarts tailscale-mcp"
	case credential.Federated:
		return "an administrator compares issuer, subject and audience of the federated identity at " + AdminCredentials + " with the ID token, and the client ID with " + place
	}
	return "an administrator creates a new API access token at " + adminKeys + ", puts it into " + place + " and restarts tailscale-mcp"
}

// Refused maps an HTTP status that is not 2xx. It knows nothing of the
// operation; what that adds, package tsapi knows.
func Refused(resp *http.Response, body []byte, secrets ...string) *Error {
	status := resp.StatusCode
	e := &Error{Status: status}
	why := Said(body, secrets...)
	set := func(code failure.Code, message, next string) {
		e.Code, e.Message, e.Next = code, message+why+odd(resp, body), next
	}
	switch status {
	case http.StatusBadRequest, http.StatusUnprocessableEntity:
		set(failure.InvalidArgument, "the Tailscale API refused the request", "correct the arguments and call again")
	case http.StatusUnauthorized:
		set(failure.Unauthenticated, "the Tailscale API refused the credential", "")
	case http.StatusPaymentRequired:
		set(failure.PlanLimit, "the plan of the tailnet does not allow this", "an administrator changes the plan at "+adminBilling+", or makes room in it")
	case http.StatusForbidden:
		set(failure.PermissionDenied, "the Tailscale API does not let this credential do that", "")
	case http.StatusNotFound:
		set(failure.NotFound, "the Tailscale API knows nothing of that name", "check the ID that was given")
	case http.StatusConflict:
		set(failure.Conflict, "the Tailscale API refused the change: it conflicts with what is there", "read the current state and call again")
	case http.StatusPreconditionFailed:
		set(failure.Conflict, "nothing was changed: somebody else has changed it since it was read", "read it again and repeat the change on what is there now")
	case http.StatusTooManyRequests:
		set(failure.RateLimited, "the Tailscale API asks for fewer requests", NextWait(FirstHold))
		e.RetryAfter = retryAfter(resp.Header.Get("Retry-After"), time.Now())
	case http.StatusNotImplemented:
		set(failure.Unsupported, "the Tailscale API does not do this here", "see whether the device belongs to another tailnet, and is only shared with this one")
	case http.StatusBadGateway, http.StatusServiceUnavailable:
		set(failure.UpstreamUnavailable, fmt.Sprintf("the Tailscale API is not available (HTTP %d)", status), nextTryAgain)
		e.Transient = true
	case http.StatusGatewayTimeout, http.StatusRequestTimeout:
		set(failure.UpstreamTimeout, fmt.Sprintf("the Tailscale API did not answer in time (HTTP %d)", status), "try again in a moment, or ask for less at once")
		e.Transient = status == http.StatusGatewayTimeout
	default:
		switch {
		case status >= 500:
			set(failure.UpstreamUnavailable, fmt.Sprintf("the Tailscale API failed (HTTP %d)", status), nextTryAgain)
		case status >= 400:
			set(failure.InvalidArgument, fmt.Sprintf("the Tailscale API refused the request (HTTP %d)", status), "correct the arguments and call again; if they are right, "+NextNotTheAPI)
		case status >= 300:
			set(failure.UpstreamMalformed, fmt.Sprintf("the answer is a redirect (HTTP %d); it was not followed, because the credential would go along", status), NextNotTheAPI)
		default:
			set(failure.UpstreamMalformed, fmt.Sprintf("the answer has the unexpected status HTTP %d", status), NextNotTheAPI)
		}
	}
	if e.Transient {
		e.RetryAfter = retryAfter(resp.Header.Get("Retry-After"), time.Now())
	}
	return e
}

// Said quotes the API's own explanation of an error, as what follows a message of
// ours: whoever the API repeats there, it is not this program that speaks. It is
// nothing when the body is not the API's error object. The policy file's errors come
// with details per user or test.
func Said(body []byte, secrets ...string) string {
	var answer struct {
		Message          string `json:"message"`
		ErrorDescription string `json:"error_description"` // RFC 6749 §5.2, token endpoints
		Error            string `json:"error"`
		Data             []struct {
			User   string   `json:"user"`
			Errors []string `json:"errors"`
		} `json:"data"`
	}
	// Fields of another type leave the others readable.
	_ = json.Unmarshal(body, &answer)
	text := answer.Message
	if text == "" {
		text = answer.ErrorDescription
	}
	if text == "" {
		text = answer.Error
	}
	for _, d := range answer.Data {
		if len(d.Errors) > 0 {
			text += "; " + strings.TrimPrefix(d.User+": ", ": ") + strings.Join(d.Errors, ", ")
		}
	}
	if text = redact.Quoted(strings.TrimPrefix(text, "; "), secrets...); text == `""` {
		return ""
	}
	return "; the Tailscale API says: " + text
}

// odd remarks on an error that does not look like one of the API's, since then
// something in between may have answered. The body itself is never repeated.
func odd(resp *http.Response, body []byte) string {
	switch {
	case len(body) == 0:
		return " (the answer is empty)"
	case IsHTML(resp.Header.Get("Content-Type"), body):
		return " (the answer is a web page, not the API's; something in between may have answered)"
	case !json.Valid(body):
		return " (the answer is not the JSON of the API; something in between may have answered)"
	}
	return ""
}

// IsHTML reports whether a body is a web page. It goes by the content too: not every
// page is labelled.
func IsHTML(contentType string, body []byte) bool {
	// A type that cannot be read is no HTML; the content decides then.
	if media, _, err := mime.ParseMediaType(contentType); err == nil && (media == "text/html" || media == "application/xhtml+xml") {
		return true
	}
	start := strings.ToLower(strings.TrimSpace(string(body[:min(len(body), 64)])))
	return strings.HasPrefix(start, "<!doctype html") || strings.HasPrefix(start, "<html")
}

// maxRetryAfter bounds what a Retry-After header may make us say.
const maxRetryAfter = time.Hour

// retryAfter reads the header's two forms (RFC 9110 §10.2.3): seconds, or a date.
// What cannot be read, or is past, is 0.
func retryAfter(value string, now time.Time) time.Duration {
	value = strings.TrimSpace(value)
	if value == "" {
		return 0
	}
	var d time.Duration
	if seconds, err := strconv.ParseInt(value, 10, 64); err == nil {
		d = time.Duration(min(max(seconds, 0), int64(maxRetryAfter/time.Second))) * time.Second
	} else if date, err := http.ParseTime(value); err == nil {
		d = date.Sub(now)
	}
	return min(max(d, 0), maxRetryAfter)
}
