// SPDX-License-Identifier: MIT

package entry

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"tailscale-mcp/internal/grant"
)

const file = "/etc/tailscale-mcp/servers.d/files.json"

var values = cmp.Options{cmpopts.IgnoreUnexported(Server{}), cmp.Comparer(func(a, b netip.Prefix) bool { return a == b })}

// base is a server that says the least.
func base(change func(*Server)) Server {
	s := Server{
		Name: "files", File: file, Command: "cat", Transport: Streamable,
		Idle: 10 * time.Minute, Timeout: 5 * time.Minute, Max: 32, Memory: 536870912, Tasks: 64,
		Identity: true,
		Allow:    []grant.Class{grant.Read, grant.Write, grant.Destructive, grant.Escalating},
	}
	if change != nil {
		change(&s)
	}
	return s
}

func TestParse(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       Server
	}{
		{"the least", `{"command": "cat"}`, base(nil)},
		{"as a client has it, named otherwise", `{"mcpServers": {"filesystem": {"type": "stdio", "command": "cat", "args": ["-u", ""], "env": {"A": "b"},}}}`,
			base(func(s *Server) { s.Args, s.Env = []string{"-u", ""}, map[string]string{"A": "b"} })},
		{"comments", "// what\n{/* it */ \"command\": \"cat\", // \"}{[[\n \"disabled\": true}", base(func(s *Server) { s.Disabled = true })},
		{"nothing of ours", `{"command": "cat", "tailscale": {}}`, base(nil)},
		{"everything of ours", `{"command": "/usr/bin/cat", "cwd": "/srv/docs", "env": {"T": "x${credential:files.t-1}y${credential:files.u}"},
			"tailscale": {"network": ["10.1.0.0/16", "2001:db8::1", "192.0.2.7"], "read": ["/srv/docs", "/opt/a b%"], "write": ["/home/ann/x"],
			"user": "ann", "groups": ["books"], "instance": "shared", "idle": "90s", "timeout": "1h30m", "max": 1, "memory": "2G", "tasks": 200,
			"identity": true, "pass": ["example.com/cap/files"], "ask": ["sampling", "roots"], "confirm": ["destructive"], "allow": ["read", "write"], "stateful": true}}`,
			base(func(s *Server) {
				s.Command, s.Cwd, s.Env = "/usr/bin/cat", "/srv/docs", map[string]string{"T": "x${credential:files.t-1}y${credential:files.u}"}
				s.Network.Listed = []netip.Prefix{netip.MustParsePrefix("10.1.0.0/16"), netip.MustParsePrefix("2001:db8::1/128"), netip.MustParsePrefix("192.0.2.7/32")}
				s.Read, s.Write, s.User, s.Groups, s.Shared = []string{"/srv/docs", "/opt/a b%"}, []string{"/home/ann/x"}, "ann", []string{"books"}, true
				s.Idle, s.Timeout, s.Max, s.Memory, s.Tasks = 90*time.Second, 90*time.Minute, 1, 2147483648, 200
				s.Pass, s.Ask, s.Stateful = []string{"example.com/cap/files"}, []string{"sampling", "roots"}, true
				s.Confirm, s.Allow = []grant.Class{grant.Destructive}, []grant.Class{grant.Read, grant.Write}
			})},
		{"by URL", `{"url": "https://mcp.example.com/mcp", "headers": {"Authorization": "Bearer ${credential:files.token}"}, "tailscale": {"network": "internet"}}`,
			base(func(s *Server) {
				s.Command, s.URL, s.Identity, s.Network.Internet = "", "https://mcp.example.com/mcp", false, true
				s.Headers = map[string]string{"Authorization": "Bearer ${credential:files.token}"}
			})},
		{"by URL, told who calls by what is passed", `{"type": "sse", "url": "http://10.0.0.5:3000/sse", "tailscale": {"pass": ["example.com/cap/x"], "network": ["10.0.0.0/8"]}}`,
			base(func(s *Server) {
				s.Command, s.URL, s.Transport, s.Pass = "", "http://10.0.0.5:3000/sse", SSE, []string{"example.com/cap/x"}
				s.Network = Network{Listed: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}}
			})},
		{"unconfined, and nothing allowed", `{"command": "cat", "tailscale": {"network": "unconfined", "identity": false, "allow": []}}`,
			base(func(s *Server) { s.Network.Unconfined, s.Identity, s.Allow = true, false, []grant.Class{} })},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := Parse("files", file, []byte(c.text))
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(c.want, got, values); d != "" {
				t.Error(d)
			}
		})
	}
}

// TestMistakes: each is found where it stands, with what to do about it, and all of
// them at once.
func TestMistakes(t *testing.T) {
	const keys = `the keys there are command, args, env, cwd, type, url, headers, disabled, tailscale`
	ours := func(member string) string { return `{"command": "cat", "tailscale": {` + member + `}}` }
	for _, c := range []struct{ name, text, want string }{
		{"no JSON", "{\"command\": \"cat\"\n \"args\": []}", `2:2: it is not JSON (invalid character '"' after object value (expecting ',' or '}')): comments and trailing commas are accepted, all else is JSON`},
		{"empty", "", "1:1: it is not JSON (parsing value: unexpected EOF): comments and trailing commas are accepted, all else is JSON"},
		{"a secret that does not end", "{\"env\": {\"A\": \"s3cret\n\"}}", "1:15: it is not JSON (invalid literal): comments and trailing commas are accepted, all else is JSON"},
		{"list", "[]", "1:1: it is not an object: " + wholeEntry},
		{"neither", "{}", `1:1: it has neither "command" nor "url": ` + wholeEntry},
		{"no UTF-8", "{\"command\": \"\xff\"}", "1:14: this is not UTF-8: save the file as UTF-8"},
		{"deep", strings.Repeat("[", 40), "1:33: more than 32 brackets are open: " + wholeEntry},
		{"deep behind comments", "/* [ */ // [\n" + strings.Repeat("[", 40), "2:33: more than 32 brackets are open: " + wholeEntry},
		{"a comment without end", "{ /* [", "1:3: it is not JSON (parsing comment: unexpected EOF): comments and trailing commas are accepted, all else is JSON"},
		{"large", `{"command": "` + strings.Repeat("x", 1<<20) + `"}`, "the file has 1048591 bytes: a file has 1 MiB at most: keep data in files of their own"},
		{"no server", `{"mcpServers": {}}`, `1:16: "mcpServers" has no server: write {"mcpServers": {"NAME": {"command": "..."}}}`},
		{"two servers", `{"mcpServers": {"a": {"command": "cat"}, "b": {"command": "cat"}}}`, `1:42: "b" is a second server: each server has a file of its own, NAME.json`},
		{"beside", `{"mcpServers": {"a": {"command": "cat"}}, "command": "cat"}`, `1:43: "command" stands beside "mcpServers": keys of a server belong into its object`},
		{"before", `{"inputs": [], "mcpServers": {"a": {"command": "cat"}}}`, `1:2: "inputs" stands beside "mcpServers": keys of a server belong into its object`},
		{"both", `{"command": "cat", "url": "https://x"}`, `1:20: it has "command" and "url": a server is started or reached: leave one out`},
		{"args of a URL", `{"url": "https://x", "args": []}`, `1:22: "args" means nothing beside "url": leave it out`},
		{"headers of a command", `{"command": "cat", "headers": {}}`, `1:20: "headers" means nothing beside "command": leave it out`},
		{"type", `{"command": "cat", "type": "http"}`, `1:20: a server of type http is not described like this: "stdio" has "command", "http" and "sse" have "url"`},
		{"no type", `{"command": "cat", "type": "ws"}`, `1:28: "ws" is no transport: the transports are stdio, http and sse`},
		{"misspelt", `{"comand": "cat", "command": "cat"}`, `1:2: unknown key "comand": did you mean command? ` + keys},
		{"a URL by another name", `{"serverUrl": "https://x", "url": "https://x"}`, `1:2: unknown key "serverUrl": did you mean url? ` + keys},
		{"a URL by a third name", `{"httpUrl": "https://x", "url": "https://x"}`, `1:2: unknown key "httpUrl": did you mean url? ` + keys},
		{"servers by another name", `{"servers": {}, "command": "cat"}`, `1:2: unknown key "servers": did you mean mcpServers? ` + keys},
		{"a variable in a URL", `{"url": "https://x/?key=${KEY}"}`, `1:9: "url" has a variable in it, which nothing here replaces: write "https://host/path"; what proves who you are goes into "headers"`},
		{"a variable in a header", `{"url": "https://x", "headers": {"A": "Bearer ${API_KEY}"}}`, `1:39: a client would replace ${API_KEY}, nothing here does: write the value, or ${credential:files.NAME}`},
		{"http nowhere", `{"url": "http://x", "tailscale": {"network": "none"}}`, `1:46: "network" is "none", and the server is reached over the network: leave it out, which is "internet", or list the addresses of the server`},
		{"http anywhere", `{"url": "http://x", "tailscale": {"network": "lan"}}`, `1:46: "network" says nothing that is known: write "none", "internet", "unconfined", or a list of networks like ["192.0.2.0/24", "2001:db8::1"]`},
		{"a key of some client", `{"command": "cat", "autoApprove": []}`, `1:20: unknown key "autoApprove": ` + keys},
		{"ours, too high", `{"command": "cat", "timeout": 5}`, `1:20: "timeout" is none of the keys that clients know: put it under "tailscale"`},
		{"theirs, too low", ours(`"env": {}`), `1:34: "env" is none of the keys under "tailscale": put it beside "tailscale"`},
		{"ours, misspelt", ours(`"nettwork": "none"`), `1:34: unknown key "nettwork" under "tailscale": did you mean network? the keys there are network, read, write, user, groups, instance, idle, timeout, max, memory, tasks, identity, pass, ask, confirm, allow, stateful, ca`},
		{"twice", `{"command": "cat", "command": "dog"}`, `1:20: "command" stands there twice: give each key once`},
		{"null", `{"command": null}`, `1:13: "command" is not a string: write it in quotes`},
		{"relative command", `{"command": "./run"}`, `1:13: "command" is neither an absolute path nor a name: name the program by its absolute path or by a name in PATH, and give its arguments in "args"`},
		{"no list", `{"command": "cat", "args": "x"}`, `1:28: "args" is not a list: write ["...", "..."]`},
		{"NUL", `{"command": "cat", "args": ["\u0000"]}`, `1:29: an element of "args" has a NUL character: leave it out`},
		{"credential in args", `{"command": "cat", "args": ["${credential:files.x}"]}`, `1:29: a credential in an argument could be read by everybody on the host: put it into "env"`},
		{"name in env", `{"command": "cat", "env": {"A-B": "s3cret"}}`, `1:28: "A-B" is no name for a variable: see how the documentation of the server spells it`},
		{"number in env", `{"command": "cat", "env": {"A": 5}}`, `1:33: the value of "A" is not a string: write it in quotes`},
		{"another's credential", `{"command": "cat", "env": {"A": "${credential:tailscale-mcp.api-key}"}}`, `1:33: a server may have credentials only whose name begins with its own: call it files.NAME, here and in /etc/credstore`},
		{"credential's name", `{"command": "cat", "env": {"A": "${credential:files.../x}"}}`, `1:33: this is no name for a credential: behind files. use up to 64 letters, digits, dots, hyphens and underscores`},
		{"open credential", `{"command": "cat", "env": {"A": "s3cret${credential:files.x"}}`, `1:33: ${credential: has no end: write ${credential:files.NAME}`},
		{"input of a client", `{"command": "cat", "env": {"A": "${input:token}"}}`, `1:33: a client would replace ${input:…} or ${env:…}, nothing here does: write the value, or ${credential:files.NAME}`},
		{"header", `{"url": "https://x", "headers": {"A": "s3cret\r\nB: c"}}`, `1:39: the value of "A" has a line break: leave it out`},
		{"our own header", `{"url": "https://x", "headers": {"mcp-Session-Id": "s3cret"}}`, `1:34: the header "mcp-Session-Id" is set by the gateway itself: leave it out`},
		{"a caller's header", `{"url": "https://x", "headers": {"Tailscale-User-Login": "s3cret"}}`, `1:34: the header "Tailscale-User-Login" is set by the gateway itself: leave it out`},
		{"header twice", `{"url": "https://x", "headers": {"A": "s3cret", "a": "s3cret"}}`, `1:49: the header "a" stands there twice, in other letters: give each header once`},
		{"header in letters", `{"url": "https://x", "headers": {"A": "s3crét"}}`, `1:39: the value of "A" has characters that no header carries: use printable ASCII`},
		{"http to anybody", `{"url": "http://x"}`, `1:2: with http everybody on the way reads what is sent and can answer in the server's place, and "network" is "internet": write https, or list in "network" the addresses at which the server is reached by http: ["192.0.2.7"]`},
		{"by URL without a network", `{"url": "https://x", "tailscale": {"network": "none"}}`, `1:47: "network" is "none", and the server is reached over the network: leave it out, which is "internet", or list the addresses of the server`},
		{"authority of a command", ours(`"ca": "/etc/ca.pem"`), `1:34: "ca" means nothing for a server with "command": leave it out`},
		{"authority", `{"url": "https://x", "tailscale": {"ca": "ca.pem"}}`, `1:42: "ca.pem" is no absolute path: begin it with /`},
		{"a port", `{"url": "https://x.example.com:65536/mcp"}`, `1:9: "url" has a port that there is not: ports are 1 to 65535`},
		{"no port", `{"url": "https://x.example.com:0/mcp"}`, `1:9: "url" has a port that there is not: ports are 1 to 65535`},
		{"ftp", `{"url": "ftp://x"}`, `1:9: "url" is no URL of http or https: write "https://host/path"; what proves who you are goes into "headers"`},
		{"user in URL", `{"url": "https://ann:s3cret@x"}`, `1:9: "url" has a user in it: write "https://host/path"; what proves who you are goes into "headers"`},
		{"network", ours(`"network": "lan"`), `1:45: "network" says nothing that is known: ` + networkRemedy},
		{"no network", ours(`"network": ["lan"]`), `1:46: "lan" is no network: ` + networkRemedy},
		{"bits", ours(`"network": ["10.0.0.1/8"]`), `1:46: "10.0.0.1/8" is an address within a network: write 10.0.0.0/8, or the address without /`},
		{"mapped", ours(`"network": ["::ffff:10.0.0.1"]`), `1:46: "::ffff:10.0.0.1" is an IPv4 address in the form of IPv6: write it as IPv4`},
		{"relative path", ours(`"read": ["docs"]`), `1:43: "docs" is no absolute path: begin it with /`},
		{"dots", ours(`"read": ["/srv/../etc"]`), `1:43: "/srv/../etc" is not in its shortest form: write "/etc"`},
		{"root", ours(`"read": ["/"]`), `1:43: "/" opens /, which no server sees: name a folder with nothing but its data`},
		{"above", ours(`"read": ["/var"]`), `1:43: "/var" opens /var/run, which no server sees: name a folder with nothing but its data`},
		{"our own", ours(`"read": ["/etc/tailscale-mcp/servers.d"]`), `1:43: "/etc/tailscale-mcp/servers.d" opens /etc/tailscale-mcp, which no server sees: name a folder with nothing but its data`},
		{"below proc", ours(`"read": ["/proc/1"]`), `1:43: "/proc/1" opens /proc, which no server sees: name a folder with nothing but its data`},
		{"newline", ours(`"read": ["/srv/a\nUser=root"]`), `1:43: "/srv/a\nUser=root" has a character that cannot be in a path here: use one without line breaks, tabs, colons, quotes, \ and invisible characters`},
		{"path twice", ours(`"read": ["/srv", "/srv"]`), `1:51: "/srv" stands there twice: give each path once`},
		{"write without user", ours(`"write": ["/srv"]`), `1:34: "write" without "user": an account of its own could write nowhere: name with "user" the account that owns these paths`},
		{"root's rights", ours(`"user": "root"`), `1:42: the account root opens what no server may reach: make one for this server`},
		{"a number", ours(`"user": "0"`), `1:42: "0" is no name of an existing account: write its name, not its number`},
		{"a group", ours(`"groups": ["tailscale-mcp-servers"]`), `1:45: the group tailscale-mcp-servers opens what no server may reach: make one for this server`},
		{"instance", ours(`"instance": "session"`), `1:46: "session" is not known here: write caller or shared`},
		{"idle", ours(`"idle": "5"`), `1:42: "idle" is "5": write a time from 10s to 24h, like "90s", "10m" or "1h30m"`},
		{"timeout", ours(`"timeout": "48h"`), `1:45: "timeout" is "48h": write a time from 1s to 24h, like "90s", "10m" or "1h30m"`},
		{"long name", `{"command": "/bin/true", "env": {"` + strings.Repeat("A", 128) + `": "", "` + strings.Repeat("B", 129) + `": ""}}`,
			`1:170: "` + strings.Repeat("B", 60) + `…" is no name for a variable: see how the documentation of the server spells it`},
		{"max", ours(`"max": 129`), `1:41: "max" is not a number from 1 to 128: write such a number, without quotes`},
		{"memory", ours(`"memory": "16M"`), `1:44: "memory" is "16M": write an amount from 32M to 1T, like "512M" or "2G"`},
		{"memory that overflows", ours(`"memory": "99999999999T"`), `1:44: "memory" is "99999999999T": write an amount from 32M to 1T, like "512M" or "2G"`},
		{"tasks", ours(`"tasks": 64.5`), `1:43: "tasks" is not a number from 16 to 4096: write such a number, without quotes`},
		{"identity", ours(`"identity": "yes"`), `1:46: "identity" is neither true nor false: write true or false, without quotes`},
		{"identity and pass", ours(`"identity": false, "pass": ["example.com/cap/x"]`), `1:34: "pass" tells who calls, and "identity" is false: leave one of them out`},
		{"pass", ours(`"pass": ["files"]`), `1:43: "files" is no name of a capability: write it as the policy file does: example.com/cap/files`},
		{"ask", ours(`"ask": ["elicitation"]`), `1:42: "elicitation" is not known here: write sampling or roots`},
		{"allow", ours(`"allow": ["raed"]`), `1:44: "raed" is not known here: write read, write, destructive or escalating`},
		{"started only", `{"url": "https://x", "tailscale": {"memory": "1G"}}`, `1:36: "memory" means nothing for a server with "url": leave it out`},
		{"invisible", ours(`"instance": "ca` + "\u202e" + `ller"`), `1:46: "ca\u202eller" is not known here: write caller or shared`},
		{"all at once", "{\n  \"command\": \"\",\n  \"größe\": 1, \"cwd\": \"x\",\n  \"tailscale\": {\"max\": 0}\n}",
			`2:14: "command" is empty: name the program by its absolute path or by a name in PATH, and give its arguments in "args"` + "\n" +
				`3:3: unknown key "größe": ` + keys + "\n" +
				`3:22: "x" is no absolute path: begin it with /` + "\n" +
				`4:24: "max" is not a number from 1 to 128: write such a number, without quotes`},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, err := Parse("files", file, []byte(c.text))
			if err == nil {
				t.Fatal("accepted")
			}
			got := strings.ReplaceAll(strings.ReplaceAll(err.Error(), file+":", ""), "\n ", "\n")
			if got = strings.TrimPrefix(got, " "); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
			if d := cmp.Diff(Server{}, s, values); d != "" || strings.Contains(err.Error(), "s3cret") {
				t.Errorf("a mistake lets something out: %s", d)
			}
		})
	}
}

func TestNames(t *testing.T) {
	for _, name := range []string{"", "Files", "-a", "mcp", "all", "a_b", "a.lock", strings.Repeat("a", 32)} {
		if _, err := Parse(name, "x.json", []byte(`{"command": "cat"}`)); err == nil || !strings.Contains(err.Error(), "is no name for a server: name the file by") {
			t.Errorf("%q: %v", name, err)
		}
	}
}

func TestFill(t *testing.T) {
	s, err := Parse("files", file, []byte(`{"command": "cat", "env": {"A": "${credential:files.b}", "B": "x${credential:files.a}-${credential:files.b}", "C": "$HOME {}"}}`))
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]string{"files.a", "files.b"}, s.Credentials()); d != "" {
		t.Error(d)
	}
	got, err := Fill(s.Env, func(name string) (string, error) { return "<" + name + ">", nil })
	if d := cmp.Diff(map[string]string{"A": "<files.b>", "B": "x<files.a>-<files.b>", "C": "$HOME {}"}, got); d != "" || err != nil {
		t.Error(d, err)
	}
}
