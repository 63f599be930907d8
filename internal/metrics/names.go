// SPDX-License-Identifier: MIT

package metrics

import (
	"maps"
	"strings"

	"tailscale-mcp/internal/audit"
)

// names are what one method may name. They are our own texts: a label must not
// keep the body of a request in memory for the sake of a name in it.
type names struct {
	method string
	// fixed are names as they are; nil where a method names nothing.
	fixed map[string]string
	// families are templates by the part before their variable.
	families map[string]string
}

// methods are those that come to be recorded, with what each names. The last
// three are no protocol methods: so the requests are recorded that are refused before
// their message is read, and those to /metrics.
func methods(o Offered) map[string]names {
	tools, prompts, resources := namesOf(o.Tools), namesOf(o.Prompts), namesOf(o.Resources)
	either := names{fixed: maps.Clone(prompts.fixed), families: resources.families}
	maps.Copy(either.fixed, resources.fixed)
	none := names{}
	all := map[string]names{
		"tools/call":               tools,
		"resources/read":           resources,
		"prompts/get":              prompts,
		"completion/complete":      either,
		"tools/list":               none,
		"resources/list":           none,
		"resources/templates/list": none,
		"prompts/list":             none,
		"subscriptions/listen":     none,
		"POST /mcp":                none,
		"GET /metrics":             resources,
		"HEAD /metrics":            resources,
	}
	for method, n := range all {
		n.method = method
		all[method] = n
	}
	return all
}

func namesOf(list []string) names {
	n := names{fixed: map[string]string{}, families: map[string]string{}}
	for _, name := range list {
		name = clean(name)
		if before, _, template := strings.Cut(name, "{"); template {
			n.families[before] = name
		} else {
			n.fixed[name] = name
		}
	}
	return n
}

// labels are the method and the name that a record is counted by.
func (l *log) labels(r audit.Record) (method, name string) {
	offered, known := l.methods[r.Method]
	if !known {
		return other, ""
	}
	if offered.fixed == nil {
		return offered.method, ""
	}
	if name, ok := offered.fixed[r.Name]; ok {
		return offered.method, name
	}
	// A member of a family is counted as the family: its variable is the last segment.
	segment := strings.LastIndexByte(r.Name, '/') + 1
	if template, ok := offered.families[r.Name[:segment]]; ok && segment < len(r.Name) {
		return offered.method, template
	}
	return offered.method, unknown
}
