// SPDX-License-Identifier: MIT
//
// JSON-RPC over the standard streams of a command, and no more: what the
// specification asks of HTTP is the proxy's work.

import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

const answerSeconds = 20; // for one request; the scenarios answer at once

export class Peer {
  #process;
  #ended;
  #pending = new Map();
  #lastID = 0;

  // answer returns the result for a request of the server.
  constructor(command, args, answer) {
    this.#process = spawn(command, args, { stdio: ["pipe", "pipe", "inherit"] });
    this.#ended = new Promise((resolve) => {
      this.#process.on("error", (error) => resolve(error.message));
      this.#process.on("exit", (code, signal) => resolve(signal ?? code));
    });
    this.#ended.then((status) => {
      for (const { reject } of this.#pending.values()) reject(new Error(`the proxy ended (${status}) before it answered`));
    });
    createInterface({ input: this.#process.stdout }).on("line", (line) => this.#receive(JSON.parse(line), answer));
  }

  // request returns the result, or throws the error of the answer.
  request(method, params) {
    const id = ++this.#lastID;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`${method} was not answered within ${answerSeconds} s`)), answerSeconds * 1000);
      this.#pending.set(id, { resolve, reject, timer });
      this.#send({ id, method, params });
    }).finally(() => {
      clearTimeout(this.#pending.get(id).timer);
      this.#pending.delete(id);
    });
  }

  notify(method, params) {
    this.#send({ method, params });
  }

  // close ends the conversation as the specification has it and returns the status.
  async close() {
    this.#process.stdin.end();
    const kill = setTimeout(() => this.#process.kill("SIGKILL"), 10_000);
    return this.#ended.finally(() => clearTimeout(kill));
  }

  #send(message) {
    this.#process.stdin.write(`${JSON.stringify({ jsonrpc: "2.0", ...message })}\n`);
  }

  #receive(message, answer) {
    if (message.method !== undefined) {
      if (message.id !== undefined) this.#send({ id: message.id, ...answer(message) });
      return;
    }
    const pending = this.#pending.get(message.id);
    if (!pending) throw new Error(`an answer to no request: ${JSON.stringify(message)}`);
    if (message.error) pending.reject(Object.assign(new Error(message.error.message), message.error));
    else pending.resolve(message.result);
  }
}
