// SPDX-License-Identifier: MIT

package install

import (
	"tailscale-mcp/internal/install/format"
)

// Client is what has to be known about an MCP client to enter a server in its
// configuration of the user, that is for all projects.
type Client struct {
	// ID is what a person types.
	ID string
	// Product is the client's own name.
	Product string
	// Paths lists where the configuration can be: in the first file that is
	// there, else in the last.
	Paths func(System) []string
	// Format is how the file is written.
	Format format.Format
	// Keys leads from the top of the file to the table of servers.
	Keys []string
	// Newer, if set, leads there in files that already have it.
	Newer []string
	// Shape is how a server that is started as a command is described.
	Shape Shape
	// Add, if set, is the client's own command that does the same, up to the name
	// of the server and the command that follows "--".
	Add string
	// SplitsArgs says that on Windows the client breaks arguments at spaces.
	SplitsArgs bool
	// After is what the person does next, a sentence.
	After string
	// Sources are the documents that say all this.
	Sources []string
}

// clients is the table. A client is in it when a public document says where its
// file is and what stands in it.
var clients = []Client{
	{
		ID: "claude-desktop", Product: "Claude Desktop",
		// The package for Windows, which since February 2026 is what the vendor ships,
		// sees another folder under the name of %APPDATA%\Claude.
		Paths: func(s System) []string {
			dir := s.join(s.config(), "Claude")
			if packaged := s.join(s.localAppData(), "Packages", "Claude_pzs8sxrjxfjjc", "LocalCache", "Roaming", "Claude"); s.OS == windows && s.Exists(packaged) {
				dir = packaged
			}
			return []string{s.join(dir, "claude_desktop_config.json")}
		},
		Format: format.JSON, Keys: []string{"mcpServers"}, Shape: commandArgs, SplitsArgs: true,
		After: "Quit Claude Desktop, not just its window, and start it again.",
		Sources: []string{
			"https://modelcontextprotocol.io/docs/develop/connect-local-servers",
			"https://github.com/anthropics/claude-code/issues/26073",
			"https://github.com/geelen/mcp-remote#readme",
		},
	},
	{
		ID: "claude-code", Product: "Claude Code",
		Paths:  func(s System) []string { return []string{s.join(s.or("CLAUDE_CONFIG_DIR"), ".claude.json")} },
		Format: format.JSON, Keys: []string{"mcpServers"}, Shape: typed("stdio"),
		Add:   "claude mcp add --scope user",
		After: "Start Claude Code again. It writes this file while it runs: if the entry is gone afterwards, quit it and install again, or use its own command (claude mcp add).",
		Sources: []string{
			"https://code.claude.com/docs/en/mcp",
			"https://code.claude.com/docs/en/env-vars",
		},
	},
	{
		ID: "cursor", Product: "Cursor",
		Paths:  home(".cursor", "mcp.json"),
		Format: format.JSONC, Keys: []string{"mcpServers"}, Shape: commandArgs, SplitsArgs: true,
		After: "Restart Cursor, and see Customize > MCPs whether the server is switched on.",
		Sources: []string{
			"https://cursor.com/docs/mcp",
			"https://github.com/geelen/mcp-remote#readme",
		},
	},
	{
		ID: "vscode", Product: "VS Code",
		Paths:  func(s System) []string { return []string{s.join(s.config(), "Code", "User", "mcp.json")} },
		Format: format.JSONC, Keys: []string{"servers"}, Shape: typed("stdio"),
		After:   `Run "MCP: List Servers" from the command palette and start the server.`,
		Sources: vscodeSources,
	},
	{
		ID: "vscode-insiders", Product: "VS Code Insiders",
		Paths:  func(s System) []string { return []string{s.join(s.config(), "Code - Insiders", "User", "mcp.json")} },
		Format: format.JSONC, Keys: []string{"servers"}, Shape: typed("stdio"),
		After:   `Run "MCP: List Servers" from the command palette and start the server.`,
		Sources: vscodeSources,
	},
	{
		ID: "zed", Product: "Zed",
		Paths: func(s System) []string {
			switch {
			case s.OS == windows:
				return []string{s.join(s.config(), "Zed", "settings.json")}
			case s.OS == darwin:
				return []string{s.join(s.Home, ".config", "zed", "settings.json")}
			case s.env("FLATPAK_XDG_CONFIG_HOME") != "":
				return []string{s.join(s.env("FLATPAK_XDG_CONFIG_HOME"), "zed", "settings.json")}
			}
			return []string{s.join(s.xdgConfig(), "zed", "settings.json")}
		},
		Format: format.JSONC, Keys: []string{"context_servers"}, Shape: commandArgs,
		After: "Zed takes it at once: the agent panel's settings show a green dot beside the server.",
		Sources: []string{
			"https://zed.dev/docs/ai/mcp",
			"https://zed.dev/docs/configuring-zed",
		},
	},
	{
		ID: "windsurf", Product: "Windsurf",
		Paths:  home(".codeium", "windsurf", "mcp_config.json"),
		Format: format.JSONC, Keys: []string{"mcpServers"}, Shape: commandArgs,
		After:   "Refresh the list of MCP servers in Cascade.",
		Sources: []string{"https://docs.windsurf.com/windsurf/cascade/mcp"},
	},
	{
		ID: "codex", Product: "Codex",
		Paths: func(s System) []string {
			return []string{s.join(s.or("CODEX_HOME", ".codex"), "config.toml")}
		},
		Format: format.TOML, Keys: []string{"mcp_servers"}, Shape: commandArgs,
		Add:     "codex mcp add",
		After:   "Start Codex again; /mcp lists the server. The command line, the IDE extension and the app share this file.",
		Sources: []string{"https://developers.openai.com/codex/mcp"},
	},
	{
		ID: "gemini-cli", Product: "Gemini CLI",
		Paths: func(s System) []string {
			return []string{s.join(s.or("GEMINI_CLI_HOME"), ".gemini", "settings.json")}
		},
		Format: format.JSONC, Keys: []string{"mcpServers"}, Shape: commandArgs,
		After: "Start Gemini CLI again; /mcp lists the server.",
		Sources: []string{
			"https://geminicli.com/docs/tools/mcp-server",
			"https://geminicli.com/docs/cli/configuration",
		},
	},
	{
		ID: "cline", Product: "Cline",
		Paths: func(s System) []string {
			if file := s.env("CLINE_MCP_SETTINGS_PATH"); file != "" {
				return []string{file}
			}
			return []string{s.join(s.or("CLINE_DATA_DIR", ".cline", "data"), "settings", "cline_mcp_settings.json")}
		},
		Format: format.JSON, Keys: []string{"mcpServers"}, Shape: commandArgs,
		After:   "Cline takes it at once: MCP Servers > Configure shows the server.",
		Sources: []string{"https://docs.cline.bot/mcp/mcp-overview"},
	},
	{
		ID: "copilot-cli", Product: "GitHub Copilot CLI",
		Paths: func(s System) []string {
			return []string{s.join(s.or("COPILOT_HOME", ".copilot"), "mcp-config.json")}
		},
		Format: format.JSON, Keys: []string{"mcpServers"}, Shape: allTools,
		After: "Start Copilot CLI again; /mcp show lists the server.",
		Sources: []string{
			"https://docs.github.com/en/copilot/how-tos/copilot-cli/customize-copilot/add-mcp-servers",
			"https://code.visualstudio.com/docs/agents/reference/mcp-configuration",
		},
	},
	{
		ID: "opencode", Product: "opencode",
		Paths: func(s System) []string {
			return []string{
				s.join(s.xdgConfig(), "opencode", "opencode.jsonc"),
				s.join(s.xdgConfig(), "opencode", "opencode.json"),
			}
		},
		Format: format.JSONC, Keys: []string{"mcp"}, Newer: []string{"mcp", "servers"}, Shape: commandList,
		After: "Start opencode again.",
		Sources: []string{
			"https://opencode.ai/docs/mcp-servers",
			"https://opencode.ai/docs/config",
			"https://opencode.ai/docs/migrate-v1",
		},
	},
	{
		ID: "kiro", Product: "Kiro",
		Paths:  home(".kiro", "settings", "mcp.json"),
		Format: format.JSON, Keys: []string{"mcpServers"}, Shape: commandArgs,
		After: "Kiro takes it at once; Kiro CLI when it starts again.",
		Sources: []string{
			"https://kiro.dev/docs/mcp/configuration",
			"https://kiro.dev/docs/cli/mcp/configuration",
		},
	},
	{
		ID: "lm-studio", Product: "LM Studio",
		Paths:  home(".lmstudio", "mcp.json"),
		Format: format.JSON, Keys: []string{"mcpServers"}, Shape: commandArgs,
		After: "Open Program > Install > Edit mcp.json and see that the entry is there. An old installation has the file elsewhere: name it with --config.",
		Sources: []string{
			"https://lmstudio.ai/docs/app/mcp",
			"https://github.com/lmstudio-ai/lmstudio-bug-tracker/issues/1371",
		},
	},
	{
		ID: "junie", Product: "JetBrains Junie",
		Paths:  home(".junie", "mcp", "mcp.json"),
		Format: format.JSON, Keys: []string{"mcpServers"}, Shape: commandArgs,
		After:   "Start Junie again.",
		Sources: []string{"https://junie.jetbrains.com/docs/junie-cli-mcp-configuration.html"},
	},
	{
		ID: "warp", Product: "Warp",
		Paths:  home(".warp", ".mcp.json"),
		Format: format.JSON, Keys: []string{"mcpServers"}, Shape: commandArgs,
		After:   "Warp starts it by itself: see Settings > Agents > MCP servers.",
		Sources: []string{"https://docs.warp.dev/agents/capabilities/mcp"},
	},
}

var vscodeSources = []string{
	"https://code.visualstudio.com/docs/agents/reference/mcp-configuration",
	"https://code.visualstudio.com/docs/configure/settings",
}
