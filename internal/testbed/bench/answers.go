// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/testbed"
	"tailscale-mcp/internal/testbed/fakeapi"
	"tailscale-mcp/internal/testbed/load"
	"tailscale-mcp/internal/testbed/measure"
	"tailscale-mcp/internal/tool/catalog"
	"tailscale-mcp/internal/tsapi"
	"tailscale-mcp/internal/tsapi/credential"
)

// tokens estimates how many of a model's tokens a text takes: JSON in English has
// about four bytes for each.
func tokens(bytes int) int { return bytes / 4 }

// toolRows is what a client pays for the list of tools, by what it may use.
func toolRows(ctx context.Context, tn *testbed.Tailnet, server, alice *testbed.Node, each time.Duration) error {
	fmt.Println("\ntools/list of a host that offers everything, by who asks. Most clients show the model names, descriptions and input schemas, and keep the rest.")
	fmt.Println()
	for _, who := range []struct{ what, grants string }{
		{"a reader", `{"tools":["read:*"],"resources":["*"]}`},
		{"an administrator", `{"tools":["*","escalating:*"],"resources":["*"]}`},
	} {
		if err := tn.SetGrants(ctx, server, testbed.Grant{Src: []*testbed.Node{alice}, Cap: capability, Values: []string{who.grants}}); err != nil {
			return err
		}
		row, err := serveAndLoad(ctx, everything(server, &tsapi.API{}), alice, load.List(load.Modern), each)
		if err != nil {
			return err
		}
		n, shown, err := shownToModels(row.one.Body)
		if err != nil {
			return err
		}
		fmt.Printf("%-20s %d tools, %d bytes (about %d tokens), of them %d (about %d tokens) for the model; p50 %v\n",
			who.what, n, len(row.one.Body), tokens(len(row.one.Body)), shown, tokens(shown), row.one.P50.Round(time.Microsecond))
	}
	return nil
}

// shownToModels is how many tools a list has, and how many bytes of it models read.
func shownToModels(body []byte) (n, bytes int, err error) {
	var list struct {
		Result struct {
			Tools []struct {
				Name, Description string
				InputSchema       json.RawMessage
			}
		}
	}
	if err := json.Unmarshal(body, &list); err != nil {
		return 0, 0, err
	}
	for _, t := range list.Result.Tools {
		bytes += len(t.Name) + len(t.Description) + len(t.InputSchema)
	}
	return len(list.Result.Tools), bytes, nil
}

// answerRows compares the default answer about all devices, asked of the whole
// stack, with the least that anybody does for it: to decode what the API sends.
func answerRows(ctx context.Context, server, alice *testbed.Node, each time.Duration) error {
	fmt.Println("\nlist_all_devices without arguments, through the whole stack and a fake of the Tailscale API over loopback; nothing is kept between calls.")
	fmt.Println("The ratio is p50 against decoding the API's answer with encoding/json, into maps of undecoded fields.")
	fmt.Println()
	fmt.Printf("%-14s %14s %14s %14s %12s %12s %8s\n", "", "API's bytes", "answer's bytes", "tokens, about", "decoding", "p50 at 1", "ratio")
	for _, n := range []int{10, 500, 5000} {
		if err := answerRow(ctx, server, alice, n, each); err != nil {
			return err
		}
	}
	return nil
}

func answerRow(ctx context.Context, server, alice *testbed.Node, n int, each time.Duration) error {
	fake, err := fakeapi.Start(fakeapi.Options{})
	if err != nil {
		return err
	}
	defer fake.Close()
	fake.AddDevices(n)
	base, err := url.Parse(fake.URL())
	if err != nil {
		return err
	}
	api, err := tsapi.New(tsapi.Options{BaseURL: base, Credential: credential.Credential{APIKey: fakeapi.DefaultAPIKey}, Keep: -1, CallerRate: -1})
	if err != nil {
		return err
	}
	defer api.Close()
	body, err := devicesBody(ctx, fake)
	if err != nil {
		return err
	}
	decoding, err := decodingTime(ctx, body, each)
	if err != nil {
		return err
	}
	row, err := serveAndLoad(ctx, everything(server, api), alice, load.Call(load.Modern, "list_all_devices", `{}`), each)
	if err != nil {
		return err
	}
	size, err := textSize(row.one.Body)
	if err != nil {
		return err
	}
	fmt.Printf("%-14s %14d %14d %14d %12s %12s %8.2f\n", fmt.Sprint(n, " devices"), len(body), size, tokens(size),
		decoding.Round(time.Microsecond), row.one.P50.Round(time.Microsecond), float64(row.one.P50)/float64(decoding))
	return nil
}

// devicesBody is the API's answer about all devices.
func devicesBody(ctx context.Context, fake *fakeapi.Server) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, fake.URL()+"/api/v2/tailnet/-/devices", nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+fakeapi.DefaultAPIKey)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	return io.ReadAll(resp.Body)
}

// decodingTime is the median time of decoding the API's answer, measured for a while.
func decodingTime(ctx context.Context, body []byte, each time.Duration) (time.Duration, error) {
	var took []time.Duration
	for began := time.Now(); time.Since(began) < each; {
		at := time.Now()
		var v map[string][]map[string]json.RawMessage
		if err := errors.Join(json.Unmarshal(body, &v), ctx.Err()); err != nil {
			return 0, err
		}
		took = append(took, time.Since(at))
	}
	return measure.Median(took), nil
}

// textSize is how many bytes of an answer the model reads.
func textSize(body []byte) (int, error) {
	var answer struct {
		Result struct{ Content []struct{ Text string } }
	}
	if err := json.Unmarshal(body, &answer); err != nil || len(answer.Result.Content) != 1 {
		return 0, fmt.Errorf("no answer of a tool: %w: %.200s", err, body)
	}
	return len(answer.Result.Content[0].Text), nil
}

// everything serves what the daemon does, with every class and the API's tools.
func everything(server *testbed.Node, api *tsapi.API) *http.Server {
	return served(resolver(server, time.Second), catalog.New(catalog.Options{
		Local: server.LocalClient(), API: api, Ceiling: grant.Classes(), Version: "bench",
	}))
}
