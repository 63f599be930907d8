// SPDX-License-Identifier: MIT

package grammar

import "github.com/tailscale/hujson"

func (r *reader) test(v hujson.Value) Test {
	t := Test{Place: r.place(v)}
	r.fields(v, "an entry of tests", func(name string, v hujson.Value) bool {
		switch name {
		case "src", "user":
			if t.Src.Text != "" && !isNull(v) {
				r.fail(r.place(v), "a test has src or user by both names", "write one of them")
			}
			t.Src = r.name(v, name)
		case "proto":
			t.Proto = r.proto(v)
		case "accept", "allow":
			t.Accept = r.either(t.Accept, v, name, "accept or allow")
		case "deny":
			t.Deny = r.names(v, "deny")
		case "srcposture", "srcpostureattrs":
			t.SrcPosture = r.attributes(v, name)
		default:
			return false
		}
		return true
	})
	return t
}

func (r *reader) sshTest(v hujson.Value) SSHTest {
	t := SSHTest{Place: r.place(v)}
	r.fields(v, "an entry of sshTests", func(name string, v hujson.Value) bool {
		switch name {
		case "src":
			t.Src = r.name(v, "src")
		case "dst":
			t.Dst = r.names(v, "dst")
		case "accept":
			t.Accept = r.names(v, "accept")
		case "deny":
			t.Deny = r.names(v, "deny")
		case "check":
			t.Check = r.names(v, "check")
		case "srcposture", "srcpostureattrs":
			t.SrcPosture = r.attributes(v, name)
		default:
			return false
		}
		return true
	})
	return t
}
