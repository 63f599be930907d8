// SPDX-License-Identifier: MIT
//
// An MCP server behind tailscale-mcp that decides by the tailnet's grants who reads what:
// notes.py in TypeScript. It needs nothing but Node.js 22.18 or later, which runs it as it
// is. Its entry, /etc/tailscale-mcp/servers.d/notes.json:
//
//   {"command": "node", "args": ["/usr/local/lib/notes.ts"],
//    "tailscale": {"pass": ["example.com/cap/notes"]}}
//
// and a grant in the policy file, beside that of jaxxstorm.com/cap/mcp which lets call it at
// all:
//
//   "example.com/cap/notes": [{"topics": ["ops"]}]
import { createInterface } from "node:readline";

// What tailscaled attested and what the policy file grants: nothing of it is the client's own word.
type Caller = { login?: string; node?: string; tags?: string[]; capabilities?: Record<string, { topics?: string[] }[]> };
type Params = { name?: string; _meta?: { "tailscale-mcp/caller"?: Caller } };
type Message = { id?: number | string; method: string; params?: Params };

const capability = "example.com/cap/notes";
const notes = { ops: "The backup runs at 02:00.", sales: "The fair is in May." };
const tools = [{
  name: "read_notes",
  description: "The notes that the tailnet's grants let the caller read, and who that is.",
  inputSchema: { type: "object" },
  annotations: { readOnlyHint: true },
}];

function readNotes(caller: Caller): string {
  const who = caller.login || (caller.tags ?? []).join(", ") || "nobody";
  const topics = (caller.capabilities?.[capability] ?? []).flatMap((value) => value.topics ?? []);
  const lines = Object.entries(notes)
    .filter(([topic]) => topics.includes(topic) || topics.includes("*"))
    .map(([topic, note]) => `${topic}: ${note}`);
  return `${who} on ${caller.node ?? "no node"}:\n` + (lines.join("\n") || `no note: no grant of ${capability} names a topic`);
}

function answer(method: string, params: Params): object | undefined {
  switch (method) {
    case "initialize":
      return { protocolVersion: "2025-11-25", capabilities: { tools: {} }, serverInfo: { name: "notes", version: "1" } };
    case "ping":
      return {};
    case "tools/list":
      return { tools };
    case "tools/call":
      if (params.name !== "read_notes") return undefined;
      return { content: [{ type: "text", text: readNotes(params._meta?.["tailscale-mcp/caller"] ?? {}) }] };
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  const { id, method, params } = JSON.parse(line) as Message;
  if (id === undefined) continue; // a notification
  const result = answer(method, params ?? {});
  const outcome = result ? { result } : { error: { code: -32601, message: "there is no such method or tool" } };
  console.log(JSON.stringify({ jsonrpc: "2.0", id, ...outcome }));
}
