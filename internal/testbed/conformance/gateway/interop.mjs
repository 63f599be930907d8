// SPDX-License-Identifier: MIT
//
// Clients nobody here wrote in front of the gate, with servers nobody here wrote behind it:
// each connects in both eras, lists the tools, calls one, and is asked by others for what a
// person, a model or a file system would answer.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

import { finish, start } from "../proxy/children.mjs";
import { behindGate, commands } from "./upstreams.mjs";

const legacy = "2025-11-25";
const modern = "2026-07-28";
const stepSeconds = 10; // for each; they take milliseconds

// Calls and what the answer has in it: one that answers, and three that ask first.
const plain = ["test_simple_text", {}, "This is a simple text response for testing."];
const calls = {
  goSDK: [
    plain,
    ["test_input_required_result_elicitation", {}, "Hello, Ada!"],
    ["test_input_required_result_sampling", {}, "A dream."],
    ["test_input_required_result_list_roots", {}, "file:///home/ada"],
  ],
  everything: [
    ["echo", { message: "hello" }, "Echo: hello"],
    ["trigger-elicitation-request", {}, "User provided"],
    ["trigger-sampling-request", { prompt: "sleep" }, "A dream."],
    ["get-roots-list", {}, "file:///home/ada"],
  ],
};

function servers(context) {
  const { goSDK, everything, supergateway } = commands(context);
  return {
    "go-sdk by stdio": ["stdio", goSDK.stdio, calls.goSDK],
    "go-sdk by http, 2025-11-25": ["http", goSDK.sessions, calls.goSDK],
    "go-sdk by http, 2026-07-28": ["http", goSDK.http, calls.goSDK],
    "server-everything by stdio": ["stdio", everything.stdio, calls.everything],
    "server-everything by http": ["http", everything.http, calls.everything],
    "server-everything by sse": ["sse", everything.sse, calls.everything],
    "supergateway by http": ["http", supergateway.http, calls.goSDK],
    "supergateway by sse": ["sse", supergateway.sse, calls.goSDK],
  };
}

// The clients. supergateway has one process for all its sessions by HTTP+SSE and asks all of
// them, so those of the older era, which end theirs, come first. The Inspector, of which
// nothing can be asked, comes last: a server may show such a client fewer tools, and what a
// server does not show any more is withheld.
const clients = [
  ["TypeScript SDK", legacy, useTypeScript],
  ["Go SDK", legacy, useGo],
  ["TypeScript SDK", modern, useTypeScript],
  ["Go SDK", modern, useGo],
  ["Inspector", legacy, inspect],
  ["Inspector", modern, inspect],
];

export async function testInterop(context) {
  const rows = [];
  const problems = [];
  for (const [name, [way, upstream, wanted]] of Object.entries(servers(context))) {
    const row = [name];
    await behindGate(context, name, way, upstream, async (url, folder) => {
      for (const [client, revision, use] of clients) {
        const where = `${client} ${revision} in front of ${name}`;
        try {
          const { revision: spoken, answers } = await use(context, url, revision, wanted, folder);
          if (spoken !== revision) problems.push(`${where}: they speak ${spoken}`);
          const right = wanted.slice(0, answers.length).filter(([tool, , want], i) => {
            if (answers[i].includes(want)) return true;
            problems.push(`${where}: ${tool} answers ${JSON.stringify(answers[i])}`);
            return false;
          });
          row.push(`${right.length}/${answers.length}`);
        } catch (error) {
          problems.push(`${where}: ${error.message}`);
          row.push("failed");
        }
      }
    });
    rows.push(row);
  }
  const notes = ["figures: calls that answered as they had to; the first asks nothing, the others for a form, a model's word, and roots"];
  return { head: ["server behind the gate", ...clients.map(([client, revision]) => `${client} ${revision}`)], rows, problems, notes };
}

async function useTypeScript({ modules }, url, revision, wanted) {
  const load = createRequire(join(modules, "@modelcontextprotocol", "client", "package.json"));
  const { Client, StreamableHTTPClientTransport } = load("@modelcontextprotocol/client");
  const client = new Client(
    { name: "interop", version: "1.0.0" },
    {
      capabilities: { elicitation: { form: {} }, sampling: {}, roots: {} },
      versionNegotiation: { mode: revision === modern ? { pin: modern } : "legacy" },
    },
  );
  client.setRequestHandler("elicitation/create", async () => ({ action: "accept", content: { name: "Ada" } }));
  client.setRequestHandler("sampling/createMessage", async () => ({ role: "assistant", model: "none", content: { type: "text", text: "A dream." } }));
  client.setRequestHandler("roots/list", async () => ({ roots: [{ uri: "file:///home/ada", name: "home" }] }));
  const limit = { timeout: stepSeconds * 1000 };
  const transport = new StreamableHTTPClientTransport(new URL(url));
  try {
    await client.connect(transport, limit);
    const { tools } = await client.listTools(undefined, limit);
    const answers = [];
    for (const [name, args] of wanted) {
      if (!tools.some((tool) => tool.name === name)) answers.push(`not among the ${tools.length} tools listed`);
      else answers.push(await client.callTool({ name, arguments: args }, limit).then(textOf, (error) => `failed: ${error.message}`));
    }
    return { revision: client.getNegotiatedProtocolVersion(), answers };
  } finally {
    await transport.terminateSession().catch(() => {}); // there is none in the newer era
    await client.close();
  }
}

const textOf = (result) => (result.isError ? "failed: " : "") + (result.content ?? []).map((content) => content.text ?? "").join("\n");

async function useGo({ client }, url, revision, wanted, folder) {
  const args = wanted.flatMap(([tool, args]) => [tool, JSON.stringify(args)]);
  return command(client, ["-url", url, "-revision", revision, ...args], join(folder, `go-${revision}.log`));
}

// inspect runs the command line of the MCP Inspector, which has nobody who could be asked.
async function inspect({ modules, node, scratch }, url, revision, [[tool, args]], folder) {
  const program = join(modules, "@modelcontextprotocol", "inspector", "clients", "cli", "build", "index.js");
  const run = (name, ...method) => {
    const target = [program, "--cli", url, "--transport", "http", "--protocol-era", revision === modern ? "modern" : "legacy"];
    const output = ["--format", "json", "-q", "--method", ...method];
    return command(node, [...target, ...output], join(folder, `inspector-${name}-${revision}.log`), { ...process.env, HOME: scratch });
  };
  const given = Object.entries(args).flatMap(([key, value]) => ["--tool-arg", `${key}=${value}`]);
  const [found, called] = await Promise.all([run("initialize", "initialize"), run("call", "tools/call", "--tool-name", tool, ...given)]);
  return { revision: found.result?.protocolVersion, answers: [textOf(called.result ?? {})] };
}

// command returns what a command prints, as JSON.
async function command(program, args, log, env) {
  const status = await finish(start(program, log, program, args, env), stepSeconds * 3);
  const text = readFileSync(log, "utf8");
  try {
    return JSON.parse(text);
  } catch {
    throw new Error(`${program} ended with ${status}: ${text}`);
  }
}
