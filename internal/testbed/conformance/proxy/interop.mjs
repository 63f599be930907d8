// SPDX-License-Identifier: MIT
//
// Clients nobody here wrote, which start the proxy themselves, in front of servers
// of each era: each connects, lists the tools, calls one, and is asked by another.

import { createRequire } from "node:module";
import { join } from "node:path";

import { inspect } from "./inspector.mjs";
import { upstreams } from "./upstreams.mjs";

const legacy = "2025-11-25";
const modern = "2026-07-28";

// What each way of a client to find the revision has to arrive at. A client that
// wants the newest only has to be told at once that the server has it not.
const serverHas = {
  "go-sdk legacy": { legacy, auto: legacy, [modern]: "refused" },
  "TypeScript SDK v1": { legacy, auto: legacy, [modern]: "refused" },
  "go-sdk dual": { legacy, auto: modern, [modern]: modern },
  "go-sdk modern": { legacy, auto: modern, [modern]: modern },
  "go-sdk modern, refusing": { legacy, auto: modern, [modern]: modern },
  "own stack": { legacy, auto: modern, [modern]: modern },
};

const unsupportedVersion = -32022;
const answerSeconds = 20; // for each step; they take milliseconds

export async function testInterop(context) {
  const rows = [];
  const problems = [];
  for (const [name, modes] of Object.entries(serverHas)) {
    for (const [mode, want] of Object.entries(modes)) {
      const upstream = await upstreams[name](context);
      const cells = [];
      for (const [client, use] of Object.entries({ "TypeScript SDK": useSDK, Inspector: inspect })) {
        const got = await use(context, upstream.url, mode).catch((error) => `failed: ${error.message}`);
        cells.push(got);
        if (got !== want) problems.push(`${client}, ${mode}, in front of ${name}: ${got}, want ${want}`);
      }
      await upstream.stop();
      rows.push([name, mode, ...cells]);
    }
  }
  return { head: ["server", "client wants", "TypeScript SDK client", "MCP Inspector"], rows, problems };
}

// useSDK returns the revision that a client of the SDK has found and used, or
// "refused".
async function useSDK(context, url, mode) {
  const load = createRequire(join(context.modules, "@modelcontextprotocol", "client", "package.json"));
  const { Client } = load("@modelcontextprotocol/client");
  const { StdioClientTransport } = load("@modelcontextprotocol/client/stdio");
  const client = new Client(
    { name: "interop", version: "1.0.0" },
    { capabilities: { elicitation: { form: {} } }, versionNegotiation: { mode: mode === modern ? { pin: modern } : mode } },
  );
  const asked = [];
  client.setRequestHandler("elicitation/create", async ({ params }) => {
    asked.push(params.message);
    return { action: "accept", content: { name: "Ada" } };
  });
  const limit = { timeout: answerSeconds * 1000 };
  const transport = new StdioClientTransport({ command: context.proxy, args: ["--server", url], stderr: "pipe" });
  try {
    await client.connect(transport, limit);
    const { tools } = await client.listTools(undefined, limit);
    for (const name of ["test_simple_text", "test_input_required_result_elicitation"]) {
      if (!tools.some((tool) => tool.name === name)) throw new Error(`${name} is not among the ${tools.length} tools listed`);
    }
    expect(await client.callTool({ name: "test_simple_text", arguments: {} }, limit), "This is a simple text response for testing.");
    expect(await client.callTool({ name: "test_input_required_result_elicitation", arguments: {} }, limit), "Hello, Ada!");
    if (asked.length !== 1) throw new Error(`the client was asked ${asked.length} times`);
    return client.getNegotiatedProtocolVersion();
  } catch (error) {
    if (error.code === unsupportedVersion || error.code === "ERA_NEGOTIATION_FAILED") return "refused";
    throw error;
  } finally {
    await client.close();
  }
}

function expect(result, text) {
  if (result.isError || result.content?.[0]?.text !== text) throw new Error(`want ${JSON.stringify(text)}, got ${JSON.stringify(result)}`);
}
