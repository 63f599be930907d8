// SPDX-License-Identifier: MIT
//
// The processes that the tests start. Each leads a process group of its own and
// is ended with it; nothing else is ever signalled.

import { spawn } from "node:child_process";
import { createWriteStream, readFileSync, readdirSync, readlinkSync } from "node:fs";
import { join } from "node:path";

const startSeconds = 60; // until a server listens; they take well under a second
const stopSeconds = 15; // from SIGTERM to the end of a group

const children = new Set();

// start runs a command; what it prints goes to the file log.
export function start(name, log, command, args, env = process.env) {
  // Standard input is a pipe that ends with this process: supergateway stops then.
  const started = spawn(command, args, { detached: true, stdio: "pipe", env });
  const output = createWriteStream(log);
  started.stdout.pipe(output, { end: false });
  started.stderr.pipe(output, { end: false });
  started.stdin.on("error", () => {}); // it may end before it has read
  const child = { name, log, pid: started.pid, status: undefined };
  child.ended = new Promise((resolve) => {
    started.on("error", (error) => resolve((child.status = `could not be started: ${error.message}`)));
    started.on("exit", (code, signal) => resolve((child.status = signal ?? code)));
  });
  const closed = new Promise((resolve) => started.on("close", resolve));
  child.stop = () => (child.stopped ??= stop(child, closed, output));
  children.add(child);
  return child;
}

// finish waits until a command has ended by itself and returns its status. What it
// left running is ended.
export async function finish(child, seconds) {
  const status = await Promise.race([child.ended, after(seconds)]);
  await child.stop();
  return status ?? `was ended, since it took more than ${seconds} s`;
}

async function stop(child, closed, output) {
  children.delete(child);
  if (signal(child, "SIGTERM") && !(await until(stopSeconds, () => !signal(child, 0)))) signal(child, "SIGKILL");
  await Promise.race([closed, after(stopSeconds)]);
  await new Promise((resolve) => output.end(resolve));
}

export const stopAll = () => Promise.all([...children].map((child) => child.stop()));

// signal is false when nothing of the child's group is left.
const signal = (child, name) => child.pid !== undefined && send(-child.pid, name);

// kill ends processes at once.
export const kill = (pids) => pids.forEach((pid) => send(Number(pid), "SIGKILL"));

// send is false when there is no such process, or group for a negative number.
function send(pid, name) {
  try {
    return process.kill(pid, name);
  } catch (error) {
    if (error.code === "ESRCH") return false;
    throw error;
  }
}

const after = (seconds) => new Promise((resolve) => setTimeout(resolve, seconds * 1000).unref());

// until waits for a condition, and is false when it has not come true in time.
export async function until(seconds, condition) {
  for (const deadline = Date.now() + seconds * 1000; ; ) {
    const met = await condition();
    if (met) return met;
    if (Date.now() > deadline) return false;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

// listening waits until the child listens and returns the port, which the kernel
// chose: not every server says it, so /proc is asked.
export async function listening(child) {
  const port = await until(startSeconds, () => (child.status === undefined ? portOf(child.pid) : -1));
  if (port > 0) return port;
  const log = readFileSync(child.log, "utf8").trim();
  throw new Error(`${child.name} ${port ? `ended (${child.status}) before it listened` : `did not listen within ${startSeconds} s`}:\n${log}`);
}

function portOf(pid) {
  try {
    const sockets = readdirSync(`/proc/${pid}/fd`).map((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`));
    for (const table of ["tcp", "tcp6"]) {
      for (const line of readFileSync(`/proc/${pid}/net/${table}`, "utf8").split("\n").slice(1)) {
        const [, local, , state, , , , , , inode] = line.trim().split(/\s+/);
        if (state === "0A" && sockets.includes(`socket:[${inode}]`)) return Number.parseInt(local.split(":")[1], 16);
      }
    }
  } catch (error) {
    // It has ended, or closed a descriptor while they were listed.
    if (!["ENOENT", "ESRCH", "EACCES"].includes(error.code)) throw error;
  }
}

// running returns the processes that run the program at this path. The tests run
// the proxy from a copy that nobody else knows, so these are theirs.
export function running(program) {
  return readdirSync("/proc").filter((pid) => {
    if (!/^\d+$/.test(pid)) return false;
    try {
      return readlinkSync(join("/proc", pid, "exe")) === program;
    } catch {
      return false; // it has ended, or is a thread of the kernel
    }
  });
}
