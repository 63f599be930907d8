// SPDX-License-Identifier: MIT
//
// Tests what stands behind the gate with programs nobody here wrote, and exits 1 unless all is
// as it has to be. See run, which starts it.
//
//   node main.mjs NODE_MODULES BEHIND LAUNCHER EVERYTHING STACK CLIENT [PART...]

import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

import { stopAll } from "../proxy/children.mjs";
import { table } from "../proxy/table.mjs";
import { testInterop } from "./interop.mjs";
import { testScores } from "./scores.mjs";

const parts = { scores: testScores, interop: testInterop };

const [modules, behind, launcher, everything, stack, client, ...only] = process.argv.slice(2);
const unknown = only.find((name) => !(name in parts));
if (unknown) throw new Error(`there is no part "${unknown}"; there are ${Object.keys(parts).join(", ")}`);
const scratch = mkdtempSync(join(tmpdir(), "conformance-gateway-"));
const results = resolve(process.env.CONFORMANCE_RESULTS || join(scratch, "results"));
mkdirSync(results, { recursive: true });
const context = { modules, node: process.execPath, scratch, results, more: Boolean(process.env.CONFORMANCE_MORE) };
for (const [name, path] of Object.entries({ behind, launcher, everything, stack, client })) context[name] = resolve(path);

for (const [signal, status] of [["SIGINT", 130], ["SIGTERM", 143], ["SIGHUP", 129]]) {
  process.once(signal, () => void leave(status));
}

process.once("uncaughtException", (error) => {
  console.error(error);
  void leave(1);
});

async function leave(status) {
  await stopAll();
  rmSync(scratch, { recursive: true, force: true });
  process.exit(status);
}

let failed = false;
for (const [name, test] of Object.entries(parts)) {
  if (only.length > 0 && !only.includes(name)) continue;
  const began = Date.now();
  const { head, rows, problems, notes = [] } = await test(context).catch((error) => ({ head: [name], rows: [], problems: [error.stack] }));
  await stopAll(); // what a test that broke off has left
  console.log(`\n${table([head, ...rows])}`);
  for (const note of notes) console.log(`  ${note}`);
  for (const problem of problems) console.log(`  FAILED ${problem}`);
  console.log(`  ${problems.length ? `${problems.length} failed` : "all as it has to be"}, in ${((Date.now() - began) / 1000).toFixed(0)} s`);
  failed ||= problems.length > 0;
}
await leave(failed ? 1 : 0);
