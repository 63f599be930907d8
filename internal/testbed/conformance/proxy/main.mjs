// SPDX-License-Identifier: MIT
//
// Tests the proxy with programs nobody here wrote and exits 1 unless all is well.
// See run, which starts it.

import { copyFileSync, mkdirSync, mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

import { kill, running, stopAll, until } from "./children.mjs";
import { testClients } from "./clients.mjs";
import { testInterop } from "./interop.mjs";
import { testOldSSE } from "./oldsse.mjs";
import { testServers } from "./servers.mjs";
import { table } from "./table.mjs";

const parts = { servers: testServers, clients: testClients, interop: testInterop, sse: testOldSSE };
const leaveSeconds = 5; // for the proxies to end after their clients have

const [modules, proxy, stack, everything, modern, ...only] = process.argv.slice(2);
const unknown = only.find((name) => !(name in parts));
if (unknown) throw new Error(`there is no part "${unknown}"; there are ${Object.keys(parts).join(", ")}`);
const scratch = realpathSync(mkdtempSync(join(tmpdir(), "conformance-proxy-")));
const results = resolve(process.env.CONFORMANCE_RESULTS || join(scratch, "results"));
mkdirSync(results, { recursive: true });

// A copy of the proxy, to know its processes by.
const context = { modules, node: process.execPath, stack: resolve(stack), everything: resolve(everything), modern: resolve(modern) };
Object.assign(context, { scratch, results, proxy: join(scratch, "tailscale-mcp-proxy") });
copyFileSync(proxy, context.proxy);

for (const [signal, status] of [["SIGINT", 130], ["SIGTERM", 143], ["SIGHUP", 129]]) {
  process.once(signal, () => void leave(status));
}

process.once("uncaughtException", (error) => {
  console.error(error);
  void leave(1);
});

async function leave(status) {
  await stopAll();
  kill(running(context.proxy));
  rmSync(scratch, { recursive: true, force: true });
  process.exit(status);
}

let failed = false;
for (const [name, test] of Object.entries(parts)) {
  if (only.length > 0 && !only.includes(name)) continue;
  const began = Date.now();
  const { head, rows, problems, notes = [] } = await test(context).catch((error) => ({ head: [name], rows: [], problems: [error.stack] }));
  await stopAll(); // what a test that broke off has left
  if (!(await until(leaveSeconds, () => running(context.proxy).length === 0))) {
    const left = running(context.proxy);
    problems.push(`${left.length} proxies still ran ${leaveSeconds} s after their clients had ended`);
    kill(left);
  }
  console.log(`\n${table([head, ...rows])}`);
  for (const note of notes) console.log(`  ${note}`);
  for (const problem of problems) console.log(`  FAILED ${problem}`);
  console.log(`  ${problems.length ? `${problems.length} failed` : "all as it has to be"}, in ${((Date.now() - began) / 1000).toFixed(0)} s`);
  failed ||= problems.length > 0;
}
await leave(failed ? 1 : 0);
