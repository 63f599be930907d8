// SPDX-License-Identifier: MIT

// Package examples holds no code: MCP servers for behind the gateway, which the packages
// install, and their tests.
package examples
