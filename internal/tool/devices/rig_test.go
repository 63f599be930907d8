// SPDX-License-Identifier: MIT

package devices

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/jsonschema-go/jsonschema"
	"go.uber.org/goleak"

	"tailscale-mcp/internal/caller"
	"tailscale-mcp/internal/gate"
	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/testbed/fakeapi"
	"tailscale-mcp/internal/testbed/tooltest"
	"tailscale-mcp/internal/tool"
	"tailscale-mcp/internal/tsapi"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// rig is the tools as callers meet them: behind the dispatcher, before a real
// client and a fake of the Tailscale API.
type rig struct {
	testing.TB
	fake       *fakeapi.Server
	api        *tsapi.API
	log        *tooltest.Log
	dispatcher *gate.Dispatcher
}

// newRig starts all of it. Whatever else than the operations of this
// package is asked of the API fails the test.
func newRig(t testing.TB, devices ...fakeapi.Device) *rig {
	t.Helper()
	return newRigWith(t, tsapi.Options{RetryBudget: -1}, devices...)
}

func newRigWith(t testing.TB, o tsapi.Options, devices ...fakeapi.Device) *rig {
	t.Helper()
	fake, err := fakeapi.Start(fakeapi.Options{})
	if err != nil {
		t.Fatal(err)
	}
	fake.SetDevices(devices)
	api := newAPI(t, fake, o, -1)
	r := &rig{TB: t, fake: fake, api: api, log: &tooltest.Log{}}
	r.dispatcher = r.dispatch(Tools(api, unknownHost), grant.Classes()...)
	t.Cleanup(func() {
		r.onlyOurOperations()
		fake.Close()
	})
	return r
}

// newAPI is a client of the fake, for callers with so many requests a minute.
func newAPI(t testing.TB, fake *fakeapi.Server, o tsapi.Options, rate int) *tsapi.API {
	t.Helper()
	var err error
	if o.BaseURL, err = url.Parse(fake.URL()); err != nil {
		t.Fatal(err)
	}
	o.Credential.APIKey, o.Keep, o.CallerRate = fakeapi.DefaultAPIKey, -1, rate
	api, err := tsapi.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(api.Close)
	return api
}

func unknownHost(context.Context) string { return "" }

func (r *rig) dispatch(set tool.Set, ceiling ...grant.Class) *gate.Dispatcher {
	return gate.NewDispatcher(gate.Options{
		Registry:   tool.NewRegistry(ceiling, set),
		Audit:      r.log,
		Log:        slog.New(slog.DiscardHandler),
		Capability: "jaxxstorm.com/cap/mcp",
		Host:       func() gate.Host { return gate.Host{Name: "tag:mcp", Port: 8080} },
	})
}

func (r *rig) onlyOurOperations() {
	r.Helper()
	for _, u := range r.fake.Unexpected() {
		r.Errorf("the API got an unexpected request: %s %.200s: %s", u.Method, u.Path, u.Why)
	}
	for _, q := range r.fake.Requests() {
		if !slices.Contains([]string{"listTailnetDevices", "getDevice", "setDeviceName",
			"listDeviceRoutes", "getDevicePostureAttributes", "getPolicyFile", "setDeviceRoutes", "authorizeDevice", "setDeviceTags", "updateDeviceKey", "setDeviceIp", "expireDeviceKey", "deleteDevice",
			"setCustomDevicePostureAttributes", "deleteCustomDevicePostureAttributes", "batchUpdateCustomDevicePostureAttributes"}, q.Operation) {
			r.Errorf("the API got a request that is none of ours: %s %.200s", q.Method, q.Path)
		}
	}
}

// requests is how many there were of any kind.
func (r *rig) requests() int { return len(r.fake.Requests()) }

// by is a caller with the rules of one grant entry; "" is no entry.
func by(t testing.TB, login, entry string) caller.Caller {
	t.Helper()
	var entries []string
	if entry != "" {
		entries = []string{entry}
	}
	rules, err := grant.Parse(entries)
	if err != nil {
		t.Fatal(err)
	}
	return caller.Caller{
		Login: login, Node: login + ".tailfe8c.ts.net", NodeID: "n" + login, Rules: rules,
		Addr: netip.MustParseAddrPort("100.64.0.9:40000"),
	}
}

// mayChange may use the tools that want confirming, too.
const mayChange = `{"tools":["*","escalating:*"],"resources":["*"]}`

const mayAll = `{"tools":["*"],"resources":["*"]}`

func (r *rig) call(name, arguments string) (json.RawMessage, error) {
	r.Helper()
	return r.callBy(by(r, "alice@example.com", mayAll), name, arguments)
}

func (r *rig) callBy(c caller.Caller, name, arguments string) (json.RawMessage, error) {
	return tooltest.Confirmed(arguments, func(arguments string) (json.RawMessage, error) {
		out, err := r.dispatcher.Call(r.Context(), c, gate.Request{ID: "1", Method: "tools/call", Name: name, Arguments: json.RawMessage(arguments)})
		return out.Structured, err
	})
}

func (r *rig) read(uri string) (text, mimeType string, err error) {
	r.Helper()
	return r.readBy(by(r, "alice@example.com", mayAll), uri)
}

func (r *rig) readBy(c caller.Caller, uri string) (text, mimeType string, err error) {
	return r.dispatcher.Read(r.Context(), c, gate.Request{ID: "1", Method: "resources/read", Name: uri})
}

// answer is call for what has to succeed.
func (r *rig) answer(name, arguments string, into any) {
	r.Helper()
	text, err := r.call(name, arguments)
	if err != nil {
		r.Fatalf("%s %s: %v", name, arguments, err)
	}
	r.fits(name, text)
	if err := json.Unmarshal(text, into); err != nil {
		r.Fatalf("%s %s: %v in %s", name, arguments, err, text)
	}
}

// fits checks an answer against the schema that clients validate it with.
func (r *rig) fits(name string, text json.RawMessage) {
	r.Helper()
	for _, definition := range r.dispatcher.Snapshot().Tools() {
		if definition.Name != name {
			continue
		}
		var output jsonschema.Schema
		if err := json.Unmarshal(definition.Output, &output); err != nil {
			r.Fatal(err)
		}
		schema, err := output.Resolve(nil)
		if err != nil {
			r.Fatal(err)
		}
		var value any
		if err := json.Unmarshal(text, &value); err != nil {
			r.Fatal(err)
		}
		if err := schema.Validate(value); err != nil {
			r.Errorf("%.500s does not fit the schema of %s: %v", text, name, err)
		}
	}
}

// answered is an answer of list_all_devices, decoded.
type answered struct {
	Devices    []map[string]any
	Total      int
	Returned   int
	NextCursor string
}

func (r *rig) list(arguments string) answered {
	r.Helper()
	var a answered
	r.answer("list_all_devices", arguments, &a)
	if a.Returned != len(a.Devices) {
		r.Errorf("got returned %d of %d devices", a.Returned, len(a.Devices))
	}
	return a
}

// ids are the node IDs of a listing, in its order.
func (a answered) ids() []string {
	ids := make([]string, len(a.Devices))
	for i, device := range a.Devices {
		ids[i], _ = device["nodeId"].(string)
	}
	return ids
}

// told checks that err is what callers are told, with a code and a next step
// that holds next, and returns it.
func told(t testing.TB, err error, code, next string) *tool.Error {
	t.Helper()
	var e *tool.Error
	if !errors.As(err, &e) {
		t.Fatalf("got error %v, want one that is told", err)
	}
	if string(e.Code) != code || e.Message == "" || e.Next == "" || !strings.Contains(e.Next, next) {
		t.Errorf("got %q, want the code %s and a next step with %q", e.Error(), code, next)
	}
	if len(e.Error()) > 2500 || strings.ContainsAny(e.Error(), "\x00\x07\x1b\r") {
		t.Errorf("got an unfit message of %d bytes: %.300q", len(e.Error()), e.Error())
	}
	return e
}

// quoted is s as JSON.
func quoted(t testing.TB, s string) string {
	t.Helper()
	text, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// stub answers with devices that were decoded before.
type stub struct{ devices []tsapi.Device }

func (s stub) ListDevices(context.Context, tsapi.DeviceQuery) ([]tsapi.Device, error) {
	return slices.Clone(s.devices), nil
}

func (s stub) GetDevice(context.Context, string, bool) (tsapi.Device, error) {
	return s.devices[0], nil
}

func (s stub) Policy(context.Context) (tsapi.Policy, error) { return tsapi.Policy{}, nil }

func (s stub) SetDeviceName(context.Context, string, string) error { return nil }

func (s stub) Object(context.Context, tsapi.Request) (tsapi.Object, error) {
	return s.devices[0].Object, nil
}

func (s stub) Do(context.Context, tsapi.Request) error { return nil }
