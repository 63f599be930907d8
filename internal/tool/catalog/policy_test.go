// SPDX-License-Identifier: MIT

package catalog

import (
	"crypto/sha256"
	"encoding/hex"

	"tailscale-mcp/internal/tailnettest/fakeapi"
)

func init() {
	sum := sha256.Sum256([]byte(fakeapi.DefaultPolicy)) // as the fake makes its ETag
	enter(map[string]string{
		"get_policy":      `{"sections":["grants"]}`,
		"validate_policy": `{"previewUser":"alice@example.com"}`,
		"set_policy":      `{"policy":"// Nobody.\n{\"grants\": []}","etag":"` + hex.EncodeToString(sum[:16]) + `","confirm":"policy"}`,
	}, map[string]string{
		"tailscale://policy":      "tailscale://policy",
		"tailscale://policy-json": "tailscale://policy-json",
	})
}
