// SPDX-License-Identifier: MIT

package local

import (
	"net/netip"
	"reflect"
	"strings"
	"testing"

	"tailscale.com/drive"
	"tailscale.com/ipn"
	"tailscale.com/types/key"
	"tailscale.com/types/persist"
)

// judged says of every field of ipn.Prefs how it is shown, or why it is not.
var judged = map[string]string{
	"ControlURL": "controlURL", "RouteAll": "acceptRoutes", "ExitNodeID": "exitNodeID", "ExitNodeIP": "exitNodeIP",
	"AutoExitNode": "autoExitNode", "ExitNodeAllowLANAccess": "exitNodeAllowLANAccess", "CorpDNS": "acceptDNS",
	"RunSSH": "ssh", "RunWebClient": "webClient", "WantRunning": "wantRunning", "LoggedOut": "loggedOut",
	"ShieldsUp": "shieldsUp", "AdvertiseTags": "advertiseTags", "Hostname": "hostname", "AdvertiseRoutes": "advertiseRoutes",
	"AdvertiseServices": "advertiseServices", "Sync": "sync", "NoSNAT": "snatSubnetRoutes", "NoStatefulFiltering": "statefulFiltering",
	"NetfilterMode": "netfilterMode", "OperatorUser": "operator", "ProfileName": "nickname", "AutoUpdate": "updateCheck",
	"AppConnector": "advertiseConnector", "PostureChecking": "reportPosture", "NetfilterKind": "netfilterKind",
	"RemoteConfig": "remoteConfig", "DriveShares": "driveShares", "RelayServerPort": "relayServerPort",
	"RelayServerStaticEndpoints": "relayServerStaticEndpoints",

	"Persist":               "- node key, old node key, tailnet lock key, attestation key (tailscaled blanks them; here they are not looked at)",
	"InternalExitNodePrior": "- tailscaled's own note, not a setting",
	"NotepadURLs":           "- Windows, for debugging",
	"ForceDaemon":           "- Windows only",
	"Egg":                   "- for debugging",
}

// A field that a later tailscale.com brings fails this test, until somebody has
// decided about it.
func TestEveryPreferenceIsJudged(t *testing.T) {
	shown := map[string]bool{}
	for _, field := range reflect.VisibleFields(reflect.TypeFor[prefsResult]()) {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		shown[name] = true
	}
	prefs := reflect.TypeFor[ipn.Prefs]()
	for _, field := range reflect.VisibleFields(prefs) {
		how := judged[field.Name]
		switch {
		case !field.IsExported():
		case how == "":
			t.Errorf("ipn.Prefs.%s is neither shown nor withheld", field.Name)
		case !strings.HasPrefix(how, "- ") && !shown[how]:
			t.Errorf("ipn.Prefs.%s: there is no %s in the answer", field.Name, how)
		}
	}
	for name := range judged {
		if _, ok := prefs.FieldByName(name); !ok {
			t.Errorf("there is no ipn.Prefs.%s any more", name)
		}
	}
}

// Even a tailscaled that sent its keys would not see them passed on.
func TestPreferencesWithoutSecrets(t *testing.T) {
	f := newFake(t)
	secrets := &persist.Persist{PrivateNodeKey: key.NewNode(), OldPrivateNodeKey: key.NewNode(), NetworkLockKey: key.NewNLPrivate()}
	f.set(func() {
		f.prefs.Persist = secrets
		f.prefs.DriveShares = []*drive.Share{{Name: "docs", Path: "/home/secret-path", As: "secret-user", BookmarkData: []byte("secret")}, nil}
		f.prefs.ExitNodeIP = netip.MustParseAddr("100.64.0.5")
	})
	answer, err := newBench(t, f.node()).call("get_node_preferences", ``)
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range []interface{ MarshalText() ([]byte, error) }{secrets.PrivateNodeKey, secrets.OldPrivateNodeKey, secrets.NetworkLockKey} {
		text, err := k.MarshalText()
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(answer), string(text)) {
			t.Errorf("got a private key in %s", answer)
		}
	}
	for _, word := range []string{"privkey", "nlpriv", "secret", `"Config"`, "Persist"} {
		if strings.Contains(string(answer), word) {
			t.Errorf("got %q in %s", word, answer)
		}
	}
	if !strings.Contains(string(answer), `"driveShares":["docs"]`) || !strings.Contains(string(answer), `"exitNodeIP":"100.64.0.5"`) {
		t.Errorf("got %s, want the name of the share and the exit node", answer)
	}
}

func TestWithoutPassword(t *testing.T) {
	for text, want := range map[string]string{
		"":                                  "",
		"3000":                              "3000",
		"localhost:3000":                    "localhost:3000",
		"unix:/run/app.sock":                "unix:/run/app.sock",
		"http://localhost:3000/a@b":         "http://localhost:3000/a@b",
		"http://u:p@localhost:3000/a@b":     "http://localhost:3000/a@b",
		"https+insecure://u:p@ss@localhost": "https+insecure://localhost",
		"302:https://u:p@example.com/":      "302:https://example.com/",
	} {
		if got := withoutPassword(text); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}
