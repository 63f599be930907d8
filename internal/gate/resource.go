// SPDX-License-Identifier: MIT

package gate

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"tailscale-mcp/internal/caller"
	"tailscale-mcp/internal/grant"
)

// Completion offers values that begin with prefix.
type Completion func(ctx context.Context, call Call, prefix string) ([]string, error)

// Resource is something worth attaching to a conversation: one fixed URI, or a
// family of them (a template with one variable at its end).
type Resource struct {
	// Server is the server behind the gate that it belongs to; empty for our own.
	Server string
	// URI is the URI, or for a family its RFC 6570 template with one variable
	// as the last path segment: tailscale://device/{+id} for one of our own, whose
	// members are spelled with the colons and at signs that their names have.
	URI string
	// Source is the family of tools that it belongs to; empty for what is of the server
	// itself.
	Source string
	// Alias is a fixed URI that a grant may also name the whole family by.
	Alias string
	// Example is a value of a template's variable, for tests and the page of
	// reference.
	Example string

	Name        string
	Title       string
	Description string
	// MIMEType of the text.
	MIMEType string
	// Narrow says how to ask for less when the text is too large.
	Narrow string
	// Devices marks what keeps itself to the devices of its reader's grants, by
	// [Call.Covers].
	Devices bool

	// Read returns the text, as Structured when that is JSON. id is the variable of a
	// template, decoded, and empty for a fixed URI.
	Read func(ctx context.Context, call Call, id string) (Result, error)
	// Complete offers values of the variable; nil when there is nothing to offer.
	Complete Completion
}

// Template reports whether the resource is a family.
func (r Resource) Template() bool { return strings.HasSuffix(r.URI, "}") }

// prefix is the fixed part of a template.
func (r Resource) prefix() string {
	before, _, _ := strings.Cut(r.URI, "{")
	return before
}

// variable returns the part of uri that stands for the template's variable,
// decoded: one path segment, never several in disguise. A member of our own has one
// spelling, that of the template: two would want two grants, and leave two records.
func (r Resource) variable(uri string) (string, bool) {
	encoded, ok := strings.CutPrefix(uri, r.prefix())
	if !ok || strings.ContainsAny(encoded, "/?#") {
		return "", false
	}
	id, err := url.PathUnescape(encoded)
	if r.Server == "" && uri != r.instance(id) {
		return "", false
	}
	return id, err == nil && id != "" && id != "." && id != ".." && !strings.Contains(id, "/") &&
		utf8.ValidString(id) && !strings.ContainsFunc(id, unicode.IsControl)
}

// instance is the member of the family with that id, as a client makes it of the
// template (RFC 6570, 3.2.2 and 3.2.3): only {+id} leaves punctuation as it is. What
// would end the segment is never left, and neither is a percent sign.
func (r Resource) instance(id string) string {
	const unreserved, reserved = "-._~", ":[]@!$&'()*+,;="
	plain := unreserved
	if strings.Contains(r.URI, "{+") {
		plain += reserved
	}
	var uri strings.Builder
	uri.WriteString(r.prefix())
	for i := range len(id) {
		c := id[i]
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && strings.IndexByte(plain, c) < 0 {
			fmt.Fprintf(&uri, "%%%02X", c)
			continue
		}
		uri.WriteByte(c)
	}
	return uri.String()
}

// selector is the URI, or of a family what grants name it by: {id}, however its
// members are spelled.
func (r Resource) selector() string { return strings.Replace(r.URI, "{+", "{", 1) }

// variable is the name of a template's variable, of longestVariable bytes at most.
var variable = regexp.MustCompile(`^[a-z0-9_]+$`)

const longestVariable = 64

// check says what makes the resource impossible to serve or to grant.
func (r Resource) check() error {
	fixed, rest, isTemplate := strings.Cut(r.URI, "{")
	name, closed := strings.CutSuffix(rest, "}")
	if r.Server == "" {
		name = strings.TrimPrefix(name, "+") // elsewhere it may be several segments
	}
	switch {
	case r.Read == nil:
		return errors.New("there is nothing to read it with")
	case isTemplate && (!strings.HasSuffix(fixed, "/") || !closed || len(name) > longestVariable || !variable.MatchString(name)):
		return errors.New("the variable of a template is its whole last segment")
	case !grant.IsURI(fixed):
		return errors.New("this is no URI")
	}
	return nil
}

func (r Resource) granted() grant.Template {
	return grant.Template{Server: r.Server, URI: r.URI, Alias: r.Alias, Devices: r.Devices}
}

// Others are the resources of a server behind the gate, which says itself which there are.
type Others struct {
	// List returns all of them.
	List func(ctx context.Context, call Call) ([]Listed, error)
	// Read returns what is at a URI, whether or not it was listed.
	Read func(ctx context.Context, call Call, uri string) (Result, error)
	// Templates are the families, as they were approved.
	Templates []Listed
	// Subscribe has the server tell of changes of what is at a URI; nil if it does not do
	// that.
	Subscribe func(ctx context.Context, call Call, uri string) error
	// Timeout bounds each of these, and Limit is the largest answer in bytes.
	Timeout time.Duration
	Limit   int
}

// Listed is one thing of a list, with the text that the server has for it.
type Listed struct {
	URI  string
	Text json.RawMessage
}

// ListOthers returns those of a server's own resources that c may read.
func (d *Dispatcher) ListOthers(ctx context.Context, c caller.Caller, r Request) (shown []json.RawMessage, err error) {
	now := d.Snapshot()
	if !d.rules(c).Reads(d.server) {
		d.Listed(ctx, c, r, 0, 0) // and nothing is started to find that out
		return nil, nil
	}
	_, err = d.perform(ctx, c, r, d.other(now, grant.Decision{Allowed: true, By: "listing is filtered by grant"}, nil,
		func(ctx context.Context, call Call) (Result, error) {
			listed, err := now.others.List(ctx, call)
			for _, l := range listed {
				if d.mayReadOther(now, c, l.URI).Allowed {
					shown = append(shown, l.Text)
				}
			}
			return Result{}, err
		}))
	return shown, err
}

// ReadOther returns what a server says of the resource r.Name.
func (d *Dispatcher) ReadOther(ctx context.Context, c caller.Caller, r Request) (Result, error) {
	now := d.Snapshot()
	refusal := func() *Error {
		return d.denied(c, "the resource "+quote(r.Name), grant.Missing{Resources: d.selectors(r.Name)})
	}
	return d.perform(ctx, c, r, d.other(now, d.mayReadOther(now, c, r.Name), refusal, func(ctx context.Context, call Call) (Result, error) {
		return now.others.Read(ctx, call, r.Name)
	}))
}

// Subscribe has a server tell of changes of the resource r.Name.
func (d *Dispatcher) Subscribe(ctx context.Context, c caller.Caller, r Request) error {
	now := d.Snapshot()
	if now.others == nil || now.others.Subscribe == nil {
		return d.unknown(ctx, c, r, "subscription to a resource")
	}
	refusal := func() *Error {
		return d.denied(c, "the resource "+quote(r.Name), grant.Missing{Resources: d.selectors(r.Name)})
	}
	_, err := d.perform(ctx, c, r, d.other(now, d.mayReadOther(now, c, r.Name), refusal, func(ctx context.Context, call Call) (Result, error) {
		return Result{}, now.others.Subscribe(ctx, call, r.Name)
	}))
	return err
}

// MayReadOther reports whether c may be told anything of a resource that a server lists
// itself.
func (d *Dispatcher) MayReadOther(c caller.Caller, uri string) bool {
	now := d.Snapshot()
	return now.Others() && d.mayReadOther(now, c, uri).Allowed
}

// OtherTemplates returns those of a server's templates of which c may read something.
func (d *Dispatcher) OtherTemplates(now *Snapshot, c caller.Caller) (shown []json.RawMessage) {
	for _, l := range now.others.Templates {
		if d.rules(c).Template(grant.Template{Server: d.server, URI: l.URI}).Allowed {
			shown = append(shown, l.Text)
		}
	}
	return shown
}

// mayReadOther decides about a URI of a server that lists its resources itself.
func (d *Dispatcher) mayReadOther(now *Snapshot, c caller.Caller, uri string) grant.Decision {
	decision := d.rules(c).Resource(grant.Resource{Server: d.server, URI: uri})
	for _, l := range now.others.Templates {
		if !decision.Allowed {
			decision = d.rules(c).Instance(grant.Template{Server: d.server, URI: l.URI}, uri)
		}
	}
	return decision
}

// other is a job for a server's own resources.
func (d *Dispatcher) other(now *Snapshot, decision grant.Decision, refusal func() *Error, run func(context.Context, Call) (Result, error)) job {
	return job{snapshot: now, class: grant.Read, decision: decision, refusal: refusal, timeout: now.others.Timeout, limit: now.others.Limit, run: run}
}

// Prompt is a question that administrators ask, written out for the model.
type Prompt struct {
	// Server is the server behind the gate that it belongs to; empty for our own.
	Server      string
	Name        string
	Title       string
	Description string
	Arguments   []Argument
	// Tools are the tools the prompt has the model use. It is offered to a
	// caller who may call every one of them.
	Tools []string
	// Timeout bounds the writing, and Limit is the largest prompt in bytes; zero means
	// DefaultTimeout, and the limit of the dispatcher.
	Timeout time.Duration
	Limit   int
	// Get writes the prompt. Required arguments are present.
	Get func(ctx context.Context, call Call, arguments map[string]string) (Result, error)
}

// Argument is one blank in a prompt.
type Argument struct {
	Name        string
	Description string
	Required    bool
	// Complete offers values; may be nil.
	Complete Completion
}
