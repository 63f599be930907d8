// SPDX-License-Identifier: MIT

package bridge

import (
	"context"
	"encoding/json"
	"slices"

	"tailscale-mcp/internal/jsonrpc"
)

// Methods of the modern era.
const (
	methodDiscover     = "server/discover"
	methodListen       = "subscriptions/listen"
	methodAcknowledged = "notifications/subscriptions/acknowledged"
)

// modernVersion is the revision that a bridge speaks to the server.
const modernVersion = "2026-07-28"

// legacyVersions are the revisions that a client of a bridge may speak, the
// newest first.
var legacyVersions = []string{"2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"}

// discovery is the result of server/discover (2026-07-28).
type discovery struct {
	SupportedVersions []string
	Capabilities      json.RawMessage
	Instructions      json.RawMessage
	Meta              struct {
		ServerInfo json.RawMessage `json:"io.modelcontextprotocol/serverInfo"`
	} `json:"_meta"`
}

// Discover asks the server whether it speaks the modern era, for the client that sent
// initialize, and returns a bridge to it. It returns nil when the server does not, or
// does not say so before ctx ends.
func Discover(ctx context.Context, ends Ends, initialize []byte) *Bridge {
	var said struct {
		Params struct {
			ClientInfo   json.RawMessage
			Capabilities Offers
		}
	}
	if err := json.Unmarshal(initialize, &said); err != nil {
		return nil
	}
	delete(said.Params.Capabilities, "tasks") // which are an extension now
	capabilities := []byte("{}")
	if said.Params.Capabilities != nil {
		capabilities, _ = json.Marshal(said.Params.Capabilities) // of raw messages: cannot fail
	}
	b := &Bridge{ends: ends, offers: said.Params.Capabilities, client: `"` + jsonrpc.ClientCapabilitiesKey + `":` + string(capabilities)}
	if len(said.Params.ClientInfo) > 0 && said.Params.ClientInfo[0] == '{' {
		b.client = `"` + jsonrpc.ClientInfoKey + `":` + string(said.Params.ClientInfo) + `,` + b.client
	}
	answer, err := ends.Ask(ctx, []byte(`{"jsonrpc":"2.0","id":`+string(ends.NewID())+`,"method":"`+methodDiscover+`","params":{"_meta":{`+b.meta()+`}}}`))
	if err != nil {
		return nil
	}
	var found struct{ Result discovery }
	if err := json.Unmarshal(answer, &found); err != nil || !slices.Contains(found.Result.SupportedVersions, modernVersion) {
		return nil
	}
	b.server = found.Result
	if b.declares("logging") {
		b.level = "info" // until the client says otherwise
	}
	return b
}

// declares reports whether the server has a capability.
func (b *Bridge) declares(capability string) bool {
	var has map[string]json.RawMessage
	return json.Unmarshal(b.server.Capabilities, &has) == nil && has[capability] != nil
}

// InitializeResponse returns the response to initialize, a request with this id, for a server
// that does not know that method, and the revision that the client is to speak.
func (b *Bridge) InitializeResponse(id, initialize []byte) (msg []byte, version string) {
	version = versionFor(initialize)
	result := `{"protocolVersion":"` + version + `","capabilities":` + orElse(b.server.Capabilities, `{}`) +
		`,"serverInfo":` + orElse(b.server.Meta.ServerInfo, `{"name":"unknown","version":"unknown"}`)
	if len(b.server.Instructions) > 0 && b.server.Instructions[0] == '"' {
		result += `,"instructions":` + string(b.server.Instructions)
	}
	return []byte(`{"jsonrpc":"2.0","id":` + string(id) + `,"result":` + result + `}}`), version
}

// versionFor returns the revision to speak with the client that sent initialize: the
// one it asks for, if there is such a legacy one, else the newest.
func versionFor(initialize []byte) string {
	var said struct {
		Params struct{ ProtocolVersion string }
	}
	if json.Unmarshal(initialize, &said) == nil && slices.Contains(legacyVersions, said.Params.ProtocolVersion) {
		return said.Params.ProtocolVersion
	}
	return legacyVersions[0]
}

// orElse returns raw if it is an object, else other.
func orElse(raw json.RawMessage, other string) string {
	if len(raw) > 0 && raw[0] == '{' {
		return string(raw)
	}
	return other
}
