// SPDX-License-Identifier: MIT
//
// Servers nobody here wrote that speak HTTP+SSE, the transport of 2024-11-05, with the
// proxy in front of them: a client of each era connects, lists the tools, calls one that
// answers, one that tells of its progress, and one by which the server asks the client.

import { createRequire } from "node:module";
import { join } from "node:path";

import { oldUpstreams } from "./upstreams.mjs";

const legacy = "2025-11-25";
const modern = "2026-07-28";

// What each way of a client to find the revision has to arrive at.
const wanted = { legacy, auto: legacy, [modern]: "refused" };
const unsupportedVersion = -32022;
const answerSeconds = 20; // for each step; they take milliseconds

export async function testOldSSE(context) {
  const rows = [];
  const problems = [];
  for (const name of Object.keys(oldUpstreams)) {
    const upstream = await oldUpstreams[name](context);
    for (const [mode, want] of Object.entries(wanted)) {
      const cells = [];
      for (const transport of ["auto", "sse"]) {
        const got = await use(context, upstream.url, mode, transport, name === "supergateway").catch((error) => `failed: ${error.message}`);
        cells.push(got);
        if (got !== want) problems.push(`${mode}, --transport ${transport}, in front of ${name}: ${got}, want ${want}`);
      }
      rows.push([name, mode, ...cells]);
    }
    const http = await use(context, upstream.url, "legacy", "http").then(() => "connected", () => "refused");
    if (http !== "refused") problems.push(`--transport http in front of ${name}: ${http}`);
    await upstream.stop();
  }
  return { head: ["server with HTTP+SSE", "client wants", "--transport auto", "--transport sse"], rows, problems };
}

// use returns the revision that a client has found and used, or "refused".
async function use(context, url, mode, kind, shared) {
  const load = createRequire(join(context.modules, "@modelcontextprotocol", "client", "package.json"));
  const { Client } = load("@modelcontextprotocol/client");
  const { StdioClientTransport } = load("@modelcontextprotocol/client/stdio");
  const client = new Client(
    { name: "oldsse", version: "1.0.0" },
    { capabilities: { elicitation: { form: {} }, roots: {} }, versionNegotiation: { mode: mode === modern ? { pin: modern } : mode } },
  );
  let asked = 0;
  client.setRequestHandler("roots/list", async () => {
    asked++;
    return { roots: [{ uri: "file:///somewhere", name: "a root of the client" }] };
  });
  const limit = { timeout: answerSeconds * 1000 };
  const transport = new StdioClientTransport({ command: context.proxy, args: ["--server", url, "--transport", kind], stderr: "pipe" });
  try {
    await client.connect(transport, limit);
    const { tools } = await client.listTools(undefined, limit);
    if (!tools.some((tool) => tool.name === "echo")) throw new Error(`echo is not among the ${tools.length} tools listed`);
    expect(await client.callTool({ name: "echo", arguments: { message: "hello" } }, limit), "Echo: hello");
    let progress = 0;
    const long = { name: "trigger-long-running-operation", arguments: { duration: 0.2, steps: 4 } };
    expect(await client.callTool(long, { ...limit, onprogress: () => progress++ }), "Long running operation completed");
    // The SDK passes on no progress that comes in one piece with the answer.
    if (progress < 1 || progress > 4) throw new Error(`the client heard of ${progress} steps`);
    expect(await client.callTool({ name: "get-roots-list", arguments: {} }, limit), "a root of the client");
    // The process behind supergateway is one for all, and remembers the roots of the first.
    if (asked === 0 && !shared) throw new Error("the client was not asked for its roots");
    return client.getNegotiatedProtocolVersion();
  } catch (error) {
    if (error.code === unsupportedVersion || error.code === "ERA_NEGOTIATION_FAILED") return "refused";
    throw error;
  } finally {
    await client.close();
  }
}

function expect(result, text) {
  if (result.isError || !result.content?.[0]?.text?.includes(text)) throw new Error(`want ${JSON.stringify(text)}, got ${JSON.stringify(result)}`);
}
