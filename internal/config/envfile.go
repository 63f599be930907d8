// SPDX-License-Identifier: MIT

package config

import "strings"

// EnvFile is the content of the shipped /etc/tailscale-mcp.env: every variable
// with its description, commented out and set to its default. It is made from
// the same tags the program reads, so it cannot promise anything else.
func EnvFile() string {
	var b strings.Builder
	b.WriteString(`# Configuration of tailscale-mcp.
# The service reads this file when it starts; after a change run:
#   systemctl restart tailscale-mcp.service
#
# This is no shell script: the lines are NAME=value, nothing is expanded. An
# empty value means the default. An unknown TAILSCALE_MCP_ name or a bad value
# stops the start with an explanation: journalctl -u tailscale-mcp.service
#
# If this file holds a secret, only root may be able to read it. Secrets are
# better kept as systemd credentials, which only the service can read and
# which win over this file, for example:
#   install -d -m 0700 /etc/credstore
#   install -m 0600 MY-FILE /etc/credstore/` + CredentialOAuthClientSecret + `
`)
	for _, v := range Reference() {
		b.WriteString("\n" + wrap(v.Description, "# ", 78))
		if v.Credential != "" {
			b.WriteString("# Systemd credential: " + v.Credential + "\n")
		}
		b.WriteString("#" + v.Name + "=" + v.Default + "\n")
	}
	return b.String()
}

// wrap breaks text at blanks into lines of at most width characters, each with
// the prefix.
func wrap(text, prefix string, width int) string {
	var b strings.Builder
	line := prefix
	for _, word := range strings.Fields(text) {
		if line != prefix && len(line)+1+len(word) > width {
			b.WriteString(line + "\n")
			line = prefix
		}
		if line != prefix {
			line += " "
		}
		line += word
	}
	b.WriteString(line + "\n")
	return b.String()
}
