// SPDX-License-Identifier: MIT

package token

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"tailscale-mcp/internal/failure"
	"tailscale-mcp/internal/tsapi/fault"
)

// maxTokenAnswer bounds the answer of a token endpoint, in bytes.
const maxTokenAnswer = 64 << 10

// mint makes one exchange. OAuth clients: RFC 6749 §4.4 with the secret in the
// form, as https://tailscale.com/kb/1215/oauth-clients shows it. Federated
// identities: https://tailscale.com/kb/1581/workload-identity-federation.
func (m *minter) mint(ctx context.Context) (_ Token, _ fileStamp, err error) {
	form := url.Values{"client_id": {m.clientID}}
	var from fileStamp
	if m.idToken != nil {
		jwt, stamp, err := m.idToken.read(m.now())
		if err != nil {
			return Token{}, fileStamp{}, err
		}
		form.Set("jwt", jwt)
		from = stamp
	} else {
		form.Set("grant_type", "client_credentials")
		form.Set("client_secret", m.clientSecret.reveal())
	}

	req, err := http.NewRequestWithContext(ctx, http.MethodPost, m.endpoint.String(), strings.NewReader(form.Encode()))
	if err != nil {
		return Token{}, fileStamp{}, fault.Of("", err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", m.userAgent)

	start, status := time.Now(), 0
	defer func() { m.observe(m.op, status, failure.CodeOf(err), time.Since(start)) }()
	// RoundTrip, not a http.Client: it follows no redirect.
	resp, err := m.transport.RoundTrip(req)
	if err != nil {
		return Token{}, fileStamp{}, fault.Connection(ctx, "asking for an access token", err)
	}
	defer resp.Body.Close()
	status = resp.StatusCode
	body, err := fault.ReadBounded(resp, maxTokenAnswer)
	if err != nil {
		return Token{}, fileStamp{}, fault.Reading(ctx, "asking for an access token", resp.StatusCode, maxTokenAnswer, err)
	}
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		return Token{}, fileStamp{}, m.answerError(resp, body)
	}
	t, err := m.parse(body)
	if err != nil {
		return Token{}, fileStamp{}, &fault.Error{
			Code:    failure.UpstreamMalformed,
			Status:  resp.StatusCode,
			Message: "the Tailscale API gave an access token that cannot be read: " + err.Error(),
			Next:    fault.NextNotTheAPI,
		}
	}
	return t, from, nil
}

// parse reads a token answer. Its errors quote nothing of it.
func (m *minter) parse(body []byte) (Token, error) {
	var answer struct {
		AccessToken string  `json:"access_token"`
		TokenType   string  `json:"token_type"`
		ExpiresIn   float64 `json:"expires_in"` // seconds
		Scope       string  `json:"scope"`      // separated by spaces
	}
	switch err := json.Unmarshal(body, &answer); {
	case err != nil:
		return Token{}, errors.New("it is not the JSON that was expected")
	case answer.AccessToken == "":
		return Token{}, errors.New("access_token is missing")
	case answer.TokenType != "" && !strings.EqualFold(answer.TokenType, "bearer"):
		return Token{}, errors.New("token_type is not Bearer")
	case strings.ContainsFunc(answer.AccessToken, func(r rune) bool { return r <= ' ' || r >= 0x7f }):
		return Token{}, errors.New("access_token holds a space, a control character or a character outside ASCII")
	}
	// The lifetime is an hour; what says nothing, or nonsense, is taken for that.
	life := time.Hour
	if s := answer.ExpiresIn; s > 0 && s < (24*time.Hour).Seconds() {
		life = time.Duration(s * float64(time.Second))
	}
	return Token{
		text:    newSecret(answer.AccessToken),
		expires: m.now().Add(life),
		scopes:  strings.Fields(answer.Scope),
	}, nil
}

// answerError maps a refusal of the token endpoint. Everything that it blames on
// the request is about the credential: there is nothing else in it.
func (m *minter) answerError(resp *http.Response, body []byte) *fault.Error {
	e := fault.Refused(resp, body, m.Secrets()...)
	switch resp.StatusCode {
	case http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound:
		e.Code = failure.Unauthenticated
		e.Message = fmt.Sprintf("no access token: the Tailscale API refused the %s%s", m.kind, fault.Said(body, m.Secrets()...))
		e.Next = fault.NextNewCredential(m.kind, m.place)
	}
	return e
}
