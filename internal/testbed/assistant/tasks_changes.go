// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"tailscale-mcp/internal/testbed/assistant/expect"
	"tailscale-mcp/internal/testbed/fakeapi"
)

// changeTasks change devices and what belongs to the tailnet.
func changeTasks() []task {
	return []task{
		{7, "approve the routes of one router", "Approve the routes of lab-router that wait.", figures{"3", "1.2 kB", 3}, 2, approve},
		{8, "rename a device", "Rename build-3 to nightly.", figures{"1", "0.1 kB", 1}, 1, rename},
		{9, "remove three stale devices", "Remove attic-pi, old-mac and nas-old: nobody needs them.", figures{"7", "3.8 kB", 7}, 2, remove},
		{10, "an auth key for CI", "Make an auth key for nightly builds: any number of short-lived runners with tag:ci, for 30 days.", figures{"2", "0.7 kB", 2}, 2, makeKey},
		{18, "rotate the secret of a webhook", "Give the webhook to hooks.example.com a new secret.", figures{"4", "1.2 kB", 4}, 3, rotate},
		{21, "twelve devices get a tag", "Give rack-01 to rack-12 the tag tag:server.", figures{"25", "5.2 kB", 25}, 2, tag},
	}
}

// now is a device as the API has it now.
func (t *try) now(name string) (fakeapi.Device, bool) {
	for _, d := range t.st.api.Devices() {
		if d.Hostname == name {
			return d, true
		}
	}
	return fakeapi.Device{}, false
}

func approve(ctx context.Context, t *try) error {
	const router = "lab-router"
	var waiting []string
	for _, d := range t.company.Devices {
		if len(expect.Waiting(d)) > 0 {
			waiting = append(waiting, d.Name)
		}
	}
	got, err := devicesAre(ctx, t.alice(), object{"unapprovedRoutes": true}, waiting)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(got.Devices, func(d shown) bool { return label(d.Name) == router })
	if i < 0 {
		return fmt.Errorf("%s is not listed", router)
	}
	want, err := t.company.Device(router)
	if err != nil {
		return err
	}
	routes := append(got.Devices[i].EnabledRoutes, got.Devices[i].UnapprovedRoutes...)
	question, err := t.alice().change(ctx, "set_device_routes", object{"device": router, "routes": routes}, &object{})
	if err != nil {
		return err
	}
	d, _ := t.now(router)
	return first(has("the question", question, expect.Waiting(*want)...), same("the approved routes", d.EnabledRoutes, want.Advertised))
}

func rename(ctx context.Context, t *try) error {
	if err := t.alice().read(ctx, "set_device_name", object{"device": "build-3", "name": "nightly"}, &object{}); err != nil {
		return err
	}
	if d, _ := t.now("build-3"); label(d.Name) != "nightly" {
		return fmt.Errorf("the device is called %s", d.Name)
	}
	return nil
}

// remove expects the person to be told what goes: whose it is, and since when it is gone.
func remove(ctx context.Context, t *try) error {
	stale := []string{"attic-pi", "old-mac", "nas-old"}
	before := len(t.st.api.Devices())
	question, err := t.alice().change(ctx, "delete_device", object{"devices": stale}, &object{})
	if err != nil {
		return err
	}
	for _, name := range stale {
		d, err := t.company.Device(name)
		if err != nil {
			return err
		}
		if err := has("the question", question, name, d.Owner, on(d.LastSeen)); err != nil {
			return err
		}
		if _, there := t.now(name); there {
			return fmt.Errorf("%s is still there", name)
		}
	}
	if after := len(t.st.api.Devices()); after != before-len(stale) {
		return fmt.Errorf("%d devices are left of %d", after, before)
	}
	return nil
}

func makeKey(ctx context.Context, t *try) error {
	var made struct{ Secret string }
	question, err := t.alice().change(ctx, "create_auth_key", object{
		"description": "nightly builds", "tags": []string{"tag:ci"}, "reusable": true, "ephemeral": true, "preauthorized": true, "expiryDays": 30,
	}, &made)
	if err != nil {
		return err
	}
	if !strings.HasPrefix(made.Secret, "tskey-auth-") {
		return fmt.Errorf("the answer has no secret of a key: %q", made.Secret)
	}
	return has("the question", question, "nightly builds", "any number of devices", "30 days", "tag:ci")
}

func rotate(ctx context.Context, t *try) error {
	var got struct {
		Webhooks []struct{ EndpointID, EndpointURL string }
	}
	if err := t.alice().read(ctx, "list_webhooks", nil, &got); err != nil {
		return err
	}
	wanted := t.company.Webhooks[0]
	for _, w := range got.Webhooks {
		if !strings.Contains(w.EndpointURL, "hooks.example.com") {
			continue
		}
		var made struct{ Secret string }
		question, err := t.alice().change(ctx, "rotate_webhook_secret", object{"webhook": w.EndpointID}, &made)
		if err != nil {
			return err
		}
		if !strings.HasPrefix(made.Secret, "tskey-webhook-"+wanted.ID) {
			return fmt.Errorf("the answer has no secret of %s: %q", wanted.ID, made.Secret)
		}
		return has("the question", question, wanted.ID)
	}
	return fmt.Errorf("no webhook to hooks.example.com is listed: %+v", got.Webhooks)
}

// tag has the person asked once for all twelve.
func tag(ctx context.Context, t *try) error {
	var rack []string
	for i := range 12 {
		rack = append(rack, fmt.Sprintf("rack-%02d", i+1))
	}
	question, err := t.aliceAsked().change(ctx, "set_device_tags", object{"devices": rack, "tags": []string{"tag:server"}}, &object{})
	if err != nil {
		return err
	}
	for _, name := range rack {
		d, _ := t.now(name)
		if err := same("the tags of "+name, d.Tags, []string{"tag:server"}); err != nil {
			return err
		}
	}
	t.note = "her client asks her, once"
	return has("the question", question, rack...)
}
