// SPDX-License-Identifier: MIT
//
// The client under test in the suite's client scenarios: it starts the proxy and
// does, over stdio, what a scenario asks of a client.
//
//   node driver.mjs [--unlisted] PROXY URL
//
// --unlisted calls tools without having listed them.
//
// The suite says in the environment which scenario it is, which revision, and what
// to call. It judges by what reaches its server.

import { sample } from "./sample.mjs";
import { Peer } from "./stdio.mjs";

const args = process.argv.slice(2);
const unlisted = args[0] === "--unlisted" && args.shift() !== undefined;
const [proxy, url] = args;
const { MCP_CONFORMANCE_SCENARIO: scenario, MCP_CONFORMANCE_PROTOCOL_VERSION: revision } = process.env;
const { toolCalls } = JSON.parse(process.env.MCP_CONFORMANCE_CONTEXT ?? "{}");

const modern = revision >= "2026-07-28";
const clientInfo = { name: "conformance-driver", version: "1.0.0" };
const capabilities = { elicitation: { form: {} }, roots: {}, sampling: {} };

// The proxy wants the whole endpoint: the path as well, where it is just "/".
const peer = new Peer(proxy, ["--server", new URL(url).href], answer);

// ask sends a request of the revision, with what the newest wants in each.
async function ask(method, params = {}, version = revision) {
  if (!modern) return peer.request(method, params);
  const _meta = {
    "io.modelcontextprotocol/protocolVersion": version,
    "io.modelcontextprotocol/clientInfo": clientInfo,
    "io.modelcontextprotocol/clientCapabilities": capabilities,
  };
  return peer.request(method, { ...params, _meta });
}

// answer is the user who accepts every form with its defaults.
function answer({ method, params }) {
  if (method === "elicitation/create") return { result: { action: "accept", content: sample(params.requestedSchema) } };
  if (method === "roots/list") return { result: { roots: [] } };
  return { error: { code: -32601, message: `the driver does not know ${method}` } };
}

// connect begins as the revision has it and returns the server's capabilities.
async function connect() {
  if (!modern) {
    const result = await ask("initialize", { protocolVersion: revision, capabilities, clientInfo });
    peer.notify("notifications/initialized");
    return result.capabilities;
  }
  try {
    return (await ask("server/discover")).capabilities;
  } catch (error) {
    if (error.code !== -32022) throw error;
    return (await ask("server/discover", {}, error.data.supported[0])).capabilities;
  }
}

// call calls a tool and gives it the input it asks for, until it is done.
async function call(name, input) {
  let result = await ask("tools/call", { name, arguments: input });
  while (result.resultType === "input_required") result = await ask("tools/call", { name, arguments: input, ...inputFor(result) });
  return result;
}

// inputFor answers what a result asks for; the state of the server goes back as it came.
function inputFor({ inputRequests, requestState }) {
  const inputResponses = Object.fromEntries(Object.entries(inputRequests ?? {}).map(([key, request]) => [key, answer(request).result]));
  return requestState === undefined ? { inputResponses } : { inputResponses, requestState };
}

async function useTools() {
  if (unlisted) {
    for (const { name, arguments: input } of toolCalls) await call(name, input);
    return;
  }
  const { tools } = await ask("tools/list");
  if (scenario === "json-schema-ref-no-deref") return; // its server lists and does no more
  if (scenario === "sep-2322-client-request-state") return useToolsAtOnce();
  if (toolCalls) for (const { name, arguments: input } of toolCalls) await call(name, input);
  else for (const tool of tools) await call(tool.name, inputOf(tool, tools));
}

// inputOf is what a tool is called with. json_schema_echo wants back the schema
// that arrived here, of the tool beside it.
function inputOf(tool, tools) {
  if (tool.name !== "json_schema_echo") return sample(tool.inputSchema);
  return { schema: tools.find(({ name }) => name !== tool.name).inputSchema };
}

// useToolsAtOnce calls a tool while another waits for its input.
async function useToolsAtOnce() {
  const waiting = await ask("tools/call", { name: "test_mrtr_echo_state", arguments: {} });
  await call("test_mrtr_unrelated", {});
  await ask("tools/call", { name: "test_mrtr_echo_state", arguments: {}, ...inputFor(waiting) });
  await call("test_mrtr_no_state", {});
  await call("test_mrtr_no_result_type", {});
}

async function useResources() {
  for (const { uri } of (await ask("resources/list")).resources) await ask("resources/read", { uri });
}

async function usePrompts() {
  for (const { name } of (await ask("prompts/list")).prompts) await ask("prompts/get", { name });
}

const offered = await connect();
if (offered.tools) await useTools();
if (offered.resources) await useResources();
if (offered.prompts) await usePrompts();
const status = await peer.close();
if (status !== 0) throw new Error(`the proxy ended with ${status}`);
