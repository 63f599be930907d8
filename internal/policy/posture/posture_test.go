// SPDX-License-Identifier: MIT

package posture

import "testing"

func TestJudge(t *testing.T) {
	have := map[string]any{"node:os": "macos", "node:osVersion": "13.4.0", "node:tsVersion": "1.60.1-t12ab", "custom:tier": float64(3), "custom:managed": true, "node:tsReleaseTrack": "stable"}
	for condition, want := range map[string]Judgement{
		"node:os == 'macos'": Meets, `node:os == "macos"`: Meets, "node:os=='linux'": Fails, "node:os != 'linux'": Meets, "node:os != 'macos'": Fails,
		"node:os IN ['linux', 'macos']": Meets, "node:os in ['linux']": Fails, "node:os NOT IN ['linux']": Meets,
		"node:osVersion >= '13.4'": Meets, "node:osVersion == '13.4'": Meets, "node:osVersion > '13.4.0'": Fails, "node:osVersion < '13.10'": Meets, "node:osVersion >= '14'": Fails,
		"node:tsVersion >= '1.60'": Meets, "node:tsVersion < '1.60.2'": Meets, "node:os > '13'": Unknown,
		"custom:tier == 3": Meets, "custom:tier > 2": Meets, "custom:tier <= 2": Fails, "custom:tier IN [1, 2]": Fails, "custom:tier == '3'": Fails,
		"custom:managed == true": Meets, "custom:managed == false": Fails,
		"custom:x IS SET": Fails, "custom:x NOT SET": Meets, "custom:tier IS SET": Meets, "custom:x == 1": Fails, "custom:x > 1": Fails, "custom:x != 1": Unknown,
		"": Unknown, "node:os": Unknown, "node:os ==": Unknown, "node:os == macos": Unknown, "node:os IN 'macos'": Unknown, "custom:tier IS SET 1": Unknown,
	} {
		if got := Judge([]string{condition}, Attributes{have, true}); got != want {
			t.Errorf("%s: %v, want %v", condition, got, want)
		}
	}
	// What was not read is unknown, what was stays known, and one that fails decides.
	for condition, want := range map[string]Judgement{"custom:x == 1": Unknown, "custom:x NOT SET": Unknown, "node:os == 'macos'": Meets, "node:os == 'linux'": Fails} {
		if got := Judge([]string{condition}, Attributes{have, false}); got != want {
			t.Errorf("of attributes that are not all, %s: %v, want %v", condition, got, want)
		}
	}
	if got := Judge([]string{"custom:x == 1", "node:os == 'linux'"}, Attributes{have, false}); got != Fails {
		t.Errorf("an unknown condition and one that fails: %v", got)
	}
	if got := Judge([]string{"node:os is macos", "node:os == 'linux'"}, Attributes{have, true}); got != Fails {
		t.Errorf("one that cannot be read and one that fails: %v", got)
	}
	if got := Judge(nil, Attributes{}); got != Meets {
		t.Errorf("no conditions: %v", got)
	}
}
