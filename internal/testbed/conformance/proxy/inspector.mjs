// SPDX-License-Identifier: MIT

import { readFileSync } from "node:fs";
import { join } from "node:path";

import { finish, start } from "./children.mjs";

const runSeconds = 60; // for one command line; it takes a second
let runs = 0;

// inspect returns the revision that the command line of the MCP Inspector finds,
// having called a tool, or "refused". It has no user who could be asked anything.
export async function inspect(context, url, mode) {
  const era = { legacy: "legacy", auto: "auto" }[mode] ?? "modern";
  const found = await command(context, url, era, "initialize");
  if (/protocol version/i.test(found.error?.message)) return "refused";
  const called = await command(context, url, era, "tools/call", "--tool-name", "test_simple_text");
  const text = called.result?.content?.[0]?.text;
  if (text !== "This is a simple text response for testing.") throw new Error(`the tool answered ${JSON.stringify(called)}`);
  return found.result?.protocolVersion ?? JSON.stringify(found);
}

// command runs one command line, which starts the proxy for itself, and returns
// what it prints.
async function command(context, url, era, ...method) {
  const program = join(context.modules, "@modelcontextprotocol", "inspector", "clients", "cli", "build", "index.js");
  const log = join(context.results, `inspector-${String(++runs).padStart(2, "0")}.log`);
  // The Inspector has an option --server of its own.
  const target = [context.proxy, "-e", `MCP_SERVER=${url}`, "--transport", "stdio", "--protocol-era", era];
  const output = ["--format", "json", "-q", "--method", ...method];
  const run = start("the Inspector", log, context.node, [program, "--cli", ...target, ...output], { ...process.env, HOME: context.scratch });
  const status = await finish(run, runSeconds);
  try {
    return JSON.parse(readFileSync(log, "utf8"));
  } catch {
    throw new Error(`${method.join(" ")} ended with ${status}: ${readFileSync(log, "utf8")}`);
  }
}
