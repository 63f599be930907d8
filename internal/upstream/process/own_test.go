// SPDX-License-Identifier: MIT

package process

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
)

// What is the gateway's own to write is taken out of what a server writes, wherever a _meta
// may be and however its name is spelled; all else stays, most of it to the byte.
func TestWithoutOwn(t *testing.T) {
	for _, c := range []struct{ msg, want string }{
		{`{"result":{"_meta":{"tailscale-mcp/caller":{"login":"x"},"a":1},"n":9007199254740993}}`, `{"result":{"_meta":{"a":1},"n":9007199254740993}}`},
		{`{"result":{"_meta":{"tailscale\u002dmcp\/caller":1}}}`, `{"result":{"_meta":{}}}`},
		{`{"result":{"\u005fmeta":{"\u0074ailscale-mcp/x":1,"b":[1,2]}}}`, `{"result":{"_meta":{"b":[1,2]}}}`},
		{`{"result":{"content":[{"type":"text","text":"tailscale-mcp/"},{"type":"resource","resource":{"uri":"x:y","_meta":{"tailscale-mcp/z":1}}}]}}`,
			`{"result":{"content":[{"type":"text","text":"tailscale-mcp/"},{"type":"resource","resource":{"uri":"x:y","_meta":{}}}]}}`},
		{`{"method":"notifications/message","params":{"_meta":{"tailscale-mcp/caller":1},"data":"x"}}`, `{"method":"notifications/message","params":{"_meta":{},"data":"x"}}`},
		{`{"result":{"_meta":{"a":{"_meta":{"tailscale-mcp/z":1}}}}}`, `{"result":{"_meta":{"a":{"_meta":{}}}}}`},
	} {
		var got, want any
		if err := json.Unmarshal(WithoutOwn([]byte(c.msg)), &got); err != nil {
			t.Errorf("%s: %v", c.msg, err)
		}
		if err := json.Unmarshal([]byte(c.want), &want); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %v, want %s", c.msg, got, c.want)
		}
	}
	for _, same := range []string{
		``, ` `, `[]`, `{"result": {"_meta": {"a": 1}} }`, `{"result":{"text":"see tailscale-mcp/doc", "structuredContent":{"tailscale-mcp/x": 1}}}`,
		`{"a":"\u00e9\/\\u"} `, `rubbish tailscale-mcp/ rubbish`, `{"_meta":"tailscale-mcp/"}`, `{"a":"\`, `{"a":"\u00`, `{"_meta":{"tailscale-mcp/x":`,
	} {
		if got := string(WithoutOwn([]byte(same))); got != same && got != strings.TrimSpace(same) {
			t.Errorf("%q became %q", same, got)
		}
	}
	deep := strings.Repeat(`{"a":`, 100_000) + `{"_meta":{"tailscale-mcp/x":1}}` + strings.Repeat(`}`, 100_000)
	if got := string(WithoutOwn([]byte(deep))); got != deep {
		t.Error("what is too deep was changed")
	}
}
