// SPDX-License-Identifier: MIT

package brief

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestText(t *testing.T) {
	long := strings.Repeat("x", 500)
	for _, c := range []struct{ name, answer, want string }{
		{"small", `{"deleted":"n1"}`, `{"deleted":"n1"}`},
		{"no object", `[1,2]`, `[1,2]`},
		{"a list", `{"devices":[{"addresses":["100.64.0.1","fd7a::1"],"authorized":true,"name":"web-1\tx\ny","nodeId":"n1","tags":["tag:web"],"clientConnectivity":{"a":"` + long + `"}},` +
			`{"addresses":["100.64.0.2"],"authorized":false,"name":"web-2","nodeId":"n2","updateAvailable":false}],"total":60,"nextCursor":"abc"}`,
			"2 devices\nname\tnodeId\ttags\taddresses\tauthorized\tupdateAvailable\nweb-1 x y\tn1\ttag:web\t100.64.0.1,fd7a::1\ttrue\t\nweb-2\tn2\t\t100.64.0.2\tfalse\tfalse\ntotal: 60\nnextCursor: abc\n" + all},
		{"an object", `{"state":"Running","health":[],"self":{"name":"a","id":"n","note":"` + long + `"},"text":"` + long + `"}`,
			"state: Running\nhealth: \nself: object with name, id, note\ntext: " + long[:4*mostCell-3] + "…\n" + all},
	} {
		if got := Text([]byte(c.answer)); got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}

// However long an answer is, its text is short, and says how much there is besides.
func TestTextIsBounded(t *testing.T) {
	var rows, members []string
	for i := range 500 {
		rows = append(rows, fmt.Sprintf(`{"name":"%s-%d"}`, strings.Repeat("ä", 100), i))
		members = append(members, fmt.Sprintf(`"m%d":"%s"`, i, strings.Repeat("ö", 200)))
	}
	list, object := Text([]byte(`{"things":[`+strings.Join(rows, ",")+`],"total":500}`)), Text([]byte("{"+strings.Join(members, ",")+"}"))
	for _, text := range []string{list, object} {
		if len(text) > mostText+200 || !utf8.ValidString(text) || !strings.HasSuffix(text, all) {
			t.Errorf("%d bytes: %s", len(text), text)
		}
	}
	if !strings.HasPrefix(list, "500 things\nname\n") || !strings.Contains(list, " more\ntotal: 500\n") || !strings.Contains(object, " more members\n") {
		t.Errorf("got %s\nand %s", list, object)
	}
}

func FuzzText(f *testing.F) {
	f.Add(`{"a":[{"b":1},2,[{}]],"c":null}`)
	f.Add(`{"a":[1,{"b":"\u202e"}]}`)
	f.Fuzz(func(t *testing.T, answer string) {
		if !json.Valid([]byte(answer)) {
			t.Skip()
		}
		if text := Text([]byte(answer)); len(text) > max(len(answer), mostText+400) {
			t.Errorf("%d bytes of %d", len(text), len(answer))
		}
	})
}

// The names of members are of others too: none begins a line or a column of its own.
func TestTextOfNames(t *testing.T) {
	text := Text([]byte(`{"devices":[{"a\n9 more\tb":1,"name":"x"}],"x\nAll of it is here.\r":2,"nested":[1,{
"c":
2}],"object":{"y\nz":"` + strings.Repeat("x", 900) + `"}}`))
	if want := "1 devices\nname\ta 9 more b\nx\t1\nx All of it is here. : 2\nnested: 1,{ \"c\": 2}\nobject: object with y z\n" + all; text != want {
		t.Errorf("got %q, want %q", text, want)
	}
}

// Lists in lists are read once, however deep they are.
func TestTextOfDeepLists(t *testing.T) {
	const deep = 9000
	answer := []byte(`{"a":` + strings.Repeat("[", deep) + strings.Repeat("]", deep) + `,"b":"` + strings.Repeat("x", 90_000) + `"}`)
	if n := testing.AllocsPerRun(1, func() { Text(answer) }); n > 1000 {
		t.Errorf("got %v allocations", n)
	}
}
