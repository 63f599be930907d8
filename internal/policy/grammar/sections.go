// SPDX-License-Identifier: MIT

package grammar

import (
	"fmt"

	"github.com/tailscale/hujson"
)

// file reads all sections.
func (r *reader) file(f *File, v hujson.Value) {
	object, _ := v.Value.(*hujson.Object)
	for _, m := range object.Members {
		f.Sections = append(f.Sections, Name{nameOf(m), r.at(m.Name.StartOffset, m.Value.EndOffset)})
	}
	r.fields(v, "the policy", func(name string, v hujson.Value) bool {
		return r.definition(f, name, v) || r.rules(f, name, v) || r.settings(name, v)
	})
}

// definition reads a section that defines names.
func (r *reader) definition(f *File, name string, v hujson.Value) bool {
	switch name {
	case "groups":
		f.Groups = r.definitions(v, "groups")
	case "hosts":
		f.Hosts = r.hosts(v)
	case "ipsets":
		f.IPSets = r.definitions(v, "ipsets")
	case "tagowners":
		f.TagOwners = r.definitions(v, "tagOwners")
	case "postures":
		f.Postures = r.definitions(v, "postures")
	case "defaultsrcposture":
		f.DefaultSrcPosture = r.names(v, "defaultSrcPosture")
	default:
		return false
	}
	return true
}

// hosts reads an object of texts.
func (r *reader) hosts(v hujson.Value) []Definition {
	if isNull(v) {
		return nil
	}
	all := []Definition{}
	r.members(v, "hosts", func(name Name, value hujson.Value) {
		all = append(all, Definition{name, []Name{r.name(value, "hosts["+quote(name.Text)+"]")}})
	})
	return all
}

// rules reads a section of rules or tests.
func (r *reader) rules(f *File, name string, v hujson.Value) bool {
	switch name {
	case "acls":
		f.ACLs = listOf(r, v, "acls", r.acl)
	case "grants":
		f.Grants = listOf(r, v, "grants", r.grant)
	case "ssh":
		f.SSH = listOf(r, v, "ssh", r.ssh)
	case "nodeattrs":
		f.NodeAttrs = listOf(r, v, "nodeAttrs", r.nodeAttr)
	case "autoapprovers":
		r.autoApprovers(&f.AutoApprovers, v)
	case "tests":
		f.Tests = listOf(r, v, "tests", r.test)
	case "sshtests":
		f.SSHTests = listOf(r, v, "sshTests", r.sshTest)
	default:
		return false
	}
	return true
}

// listOf reads a list of rules: nil where it is null, not nil where it is empty.
func listOf[T any](r *reader, v hujson.Value, section string, read func(hujson.Value) T) []T {
	array, _ := v.Value.(*hujson.Array)
	if array == nil {
		r.list(v, section, func(hujson.Value) {})
		return nil
	}
	if n := len(array.Elements); n > maxRules {
		r.fail(r.place(array.Elements[maxRules]), fmt.Sprintf("the policy has %d entries in %s; at most %d are read", n, section, maxRules), "join rules, or use groups and ipsets")
		return nil
	}
	all := make([]T, 0, len(array.Elements))
	for _, element := range array.Elements {
		all = append(all, read(element))
	}
	return all
}

func (r *reader) acl(v hujson.Value) ACL {
	a := ACL{Place: r.place(v)}
	r.fields(v, "a rule of acls", func(name string, v hujson.Value) bool {
		switch name {
		case "action":
			a.Action = r.name(v, "action")
		case "proto":
			a.Proto = r.proto(v)
		case "src", "users":
			a.Src = r.either(a.Src, v, name, "src or users")
		case "dst", "ports":
			a.Dst = r.either(a.Dst, v, name, "dst or ports")
		case "srcposture":
			a.SrcPosture = r.names(v, "srcPosture")
		default:
			return false
		}
		return true
	})
	return a
}

// either reads a field that has two names, of which a rule has one.
func (r *reader) either(before []Name, v hujson.Value, name, both string) []Name {
	now := r.names(v, name)
	switch {
	case before == nil:
		return now
	case now == nil:
		return before
	}
	r.fail(r.place(v), "a rule has "+both+" by both names", "write both lists as one")
	return now
}

// proto reads a protocol: a name, or a number as text or as it is.
func (r *reader) proto(v hujson.Value) Name {
	if literal, ok := v.Value.(hujson.Literal); ok && v.Value.Kind() == '0' {
		return Name{string(literal), r.place(v)}
	}
	return r.name(v, "proto")
}

func (r *reader) grant(v hujson.Value) Grant {
	g := Grant{Place: r.place(v)}
	r.fields(v, "a grant", func(name string, v hujson.Value) bool {
		switch name {
		case "src":
			g.Src = r.names(v, "src")
		case "dst":
			g.Dst = r.names(v, "dst")
		case "via":
			g.Via = r.names(v, "via")
		case "srcposture":
			g.SrcPosture = r.names(v, "srcPosture")
		case "ip":
			g.IP = r.names(v, "ip")
		case "app":
			g.App = r.capabilities(v, "app")
		default:
			return false
		}
		return true
	})
	return g
}

func (r *reader) ssh(v hujson.Value) SSH {
	s := SSH{Place: r.place(v)}
	r.fields(v, "a rule of ssh", func(name string, v hujson.Value) bool {
		switch name {
		case "action":
			s.Action = r.name(v, "action")
		case "src":
			s.Src = r.names(v, "src")
		case "dst":
			s.Dst = r.names(v, "dst")
		case "users":
			s.Users = r.names(v, "users")
		case "checkperiod":
			s.CheckPeriod = r.name(v, "checkPeriod")
		case "acceptenv":
			s.AcceptEnv = r.names(v, "acceptEnv")
		case "recorder":
			s.Recorder = r.names(v, "recorder")
		case "enforcerecorder":
			s.EnforceRecorder = r.boolean(v, "enforceRecorder")
		case "srcposture":
			s.SrcPosture = r.names(v, "srcPosture")
		default:
			return false
		}
		return true
	})
	return s
}

func (r *reader) nodeAttr(v hujson.Value) NodeAttr {
	n := NodeAttr{Place: r.place(v)}
	r.fields(v, "an entry of nodeAttrs", func(name string, v hujson.Value) bool {
		switch name {
		case "target":
			n.Target = r.names(v, "target")
		case "attr":
			n.Attr = r.names(v, "attr")
		case "ippool":
			n.IPPool = r.names(v, "ipPool")
		case "app":
			n.App = r.capabilities(v, "app")
		default:
			return false
		}
		return true
	})
	return n
}

func (r *reader) autoApprovers(a *AutoApprovers, v hujson.Value) {
	r.fields(v, "autoApprovers", func(name string, v hujson.Value) bool {
		switch name {
		case "routes":
			a.Routes = r.definitions(v, "routes")
		case "services":
			a.Services = r.definitions(v, "services")
		case "exitnode":
			a.ExitNode = r.names(v, "exitNode")
		default:
			return false
		}
		return true
	})
}
