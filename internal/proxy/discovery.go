// SPDX-License-Identifier: MIT

package proxy

import (
	"context"
	"encoding/json"
	"slices"

	"tailscale-mcp/internal/jsonrpc"
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

// settle replies to the initialize c of the client with the answer msg and
// finds out how the server is spoken to from then on.
func (r *relay) settle(c *call, msg []byte) {
	s := c.opened
	switch {
	case s == nil && mayBeModern(msg):
		b := r.discover(c)
		if b == nil {
			break
		}
		s = &session{version: b.spokenWith(c)}
		s.bridge.Store(b)
		r.begin(c, s)
		r.log.Info("the server speaks revision 2026-07-28 only; its client is bridged", "version", s.version)
		msg = b.initialized(c.id, s.version)
	case s != nil && s.id == "" && !s.tasks:
		// The answer need not wait for what only later requests depend on.
		c.reply(msg)
		if b := r.discover(c); b != nil {
			s.bridge.Store(b)
			r.log.Info("the server keeps no sessions; its client is bridged to revision 2026-07-28")
		}
		return
	}
	c.reply(msg)
}

// mayBeModern reports whether an answer to initialize can be that of a server
// that does not know initialize. One that was not reached is not asked again.
func mayBeModern(msg []byte) bool {
	var said struct{ Error struct{ Code int } }
	if json.Unmarshal(msg, &said) != nil {
		return false
	}
	switch said.Error.Code {
	case CodeUnreachable, CodeInterrupted, CodeStopping, CodeTooLarge, CodeInternal:
		return false
	}
	return true
}

// discover asks the server whether it speaks the modern era, for the client
// that sent the initialize c. It is nil when the server does not, or does not
// say so in time.
func (r *relay) discover(c *call) *bridge {
	var said struct {
		Params struct {
			ClientInfo   json.RawMessage
			Capabilities offers
		}
	}
	if err := json.Unmarshal(c.msg, &said); err != nil {
		return nil
	}
	delete(said.Params.Capabilities, "tasks") // which are an extension now
	capabilities := []byte("{}")
	if said.Params.Capabilities != nil {
		capabilities, _ = json.Marshal(said.Params.Capabilities) // of raw messages: cannot fail
	}
	b := &bridge{r: r, offers: said.Params.Capabilities, client: `"` + jsonrpc.ClientCapabilitiesKey + `":` + string(capabilities)}
	if len(said.Params.ClientInfo) > 0 && said.Params.ClientInfo[0] == '{' {
		b.client = `"` + jsonrpc.ClientInfoKey + `":` + string(said.Params.ClientInfo) + `,` + b.client
	}
	ctx, cancel := context.WithTimeout(r.ctx, discoverTimeout)
	defer cancel()
	answer, err := r.askOwn(ctx, ownRequest{
		msg: []byte(`{"jsonrpc":"2.0","id":` + string(r.ownID()) + `,"method":"` + methodDiscover + `","params":{"_meta":{` + b.meta() + `}}}`), quiet: true,
	})
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
func (b *bridge) declares(capability string) bool {
	var has map[string]json.RawMessage
	return json.Unmarshal(b.server.Capabilities, &has) == nil && has[capability] != nil
}

// spokenWith returns the revision to speak with the client that sent c.
func (b *bridge) spokenWith(c *call) string {
	var said struct {
		Params struct{ ProtocolVersion string }
	}
	if json.Unmarshal(c.msg, &said) == nil && slices.Contains(legacyVersions, said.Params.ProtocolVersion) {
		return said.Params.ProtocolVersion
	}
	return legacyVersions[0]
}

// initialized makes the answer to initialize for a server that does not know that
// method.
func (b *bridge) initialized(id []byte, version string) []byte {
	result := `{"protocolVersion":"` + version + `","capabilities":` + orElse(b.server.Capabilities, `{}`) +
		`,"serverInfo":` + orElse(b.server.Meta.ServerInfo, `{"name":"unknown","version":"unknown"}`)
	if len(b.server.Instructions) > 0 && b.server.Instructions[0] == '"' {
		result += `,"instructions":` + string(b.server.Instructions)
	}
	return []byte(`{"jsonrpc":"2.0","id":` + string(id) + `,"result":` + result + `}}`)
}

// orElse returns raw if it is an object, else other.
func orElse(raw json.RawMessage, other string) string {
	if len(raw) > 0 && raw[0] == '{' {
		return string(raw)
	}
	return other
}
