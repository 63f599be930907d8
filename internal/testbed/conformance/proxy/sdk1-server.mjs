// SPDX-License-Identifier: MIT
//
// A server of the TypeScript SDK v1, the kind that most servers out there are: it
// has sessions, and does not know that there is a modern request.
//
//   node sdk1-server.mjs NODE_MODULES
//
// It serves on loopback until it is ended.

import { randomUUID } from "node:crypto";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { join } from "node:path";

const load = createRequire(join(process.argv[2], "@modelcontextprotocol", "sdk", "package.json"));
const { McpServer } = load("@modelcontextprotocol/sdk/server/mcp.js");
const { StreamableHTTPServerTransport } = load("@modelcontextprotocol/sdk/server/streamableHttp.js");
const { ElicitResultSchema, isInitializeRequest } = load("@modelcontextprotocol/sdk/types.js");

const text = (text) => ({ content: [{ type: "text", text }] });

// newServer has two fixtures of the suite: one that answers, one that asks first.
function newServer() {
  const server = new McpServer({ name: "sdk1", version: "1.0.0" });
  server.registerTool("test_simple_text", {}, () => text("This is a simple text response for testing."));
  server.registerTool("test_input_required_result_elicitation", {}, async ({ sendRequest }) => {
    const requestedSchema = { type: "object", properties: { name: { type: "string" } }, required: ["name"] };
    const params = { message: "What is your name?", requestedSchema };
    const answer = await sendRequest({ method: "elicitation/create", params }, ElicitResultSchema);
    return text(`Hello, ${answer.content?.name}!`);
  });
  return server;
}

const sessions = new Map();

async function handle(request, response) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const body = chunks.length > 0 ? JSON.parse(Buffer.concat(chunks)) : undefined;
  let transport = sessions.get(request.headers["mcp-session-id"]);
  if (!transport && isInitializeRequest(body)) {
    transport = new StreamableHTTPServerTransport({
      sessionIdGenerator: randomUUID,
      onsessioninitialized: (id) => sessions.set(id, transport),
      onsessionclosed: (id) => sessions.delete(id),
    });
    await newServer().connect(transport);
  }
  if (transport) return transport.handleRequest(request, response, body);
  // As the SDK's examples have it.
  response.writeHead(400, { "Content-Type": "application/json" });
  response.end(JSON.stringify({ jsonrpc: "2.0", error: { code: -32000, message: "Bad Request: No valid session ID provided" }, id: null }));
}

createServer((request, response) => void handle(request, response)).listen(0, "127.0.0.1");
