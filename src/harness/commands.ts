import { inspect } from "node:util";
import { encode } from "../labgob/labgob.js";
import type { Command } from "../peer/raft-peer.js";

/** Longest text of a command in a message. */
const SHOWN_CHARS_MAX = 40;

/** Equality by type and value (lab-spec 9.6): the number 5 and the string "5" differ; objects by their bytes. */
export function sameCommand(a: Command, b: Command): boolean {
  return a === b || (isObject(a) && isObject(b) && bytesKey(a) === bytesKey(b));
}

/** A command as a message shows it, cut where it is long. */
export function showCommand(command: Command): string {
  const text = inspect(command, {
    depth: 2,
    breakLength: Number.POSITIVE_INFINITY,
    maxStringLength: SHOWN_CHARS_MAX,
  });
  return text.length > 2 * SHOWN_CHARS_MAX ? `${text.slice(0, 2 * SHOWN_CHARS_MAX)}…` : text;
}

/** All commands that the tester has handed to some peer's `start`. A peer must not apply any other. */
export class SubmittedCommands {
  readonly #values = new Set<Command>();
  readonly #objects = new Set<string>();

  add(command: Command): void {
    if (isObject(command)) this.#objects.add(bytesKey(command));
    else this.#values.add(command);
  }

  has(command: Command): boolean {
    return isObject(command) ? this.#objects.has(bytesKey(command)) : this.#values.has(command);
  }
}

function isObject(command: Command): command is object {
  return typeof command === "object" && command !== null;
}

function bytesKey(command: object): string {
  return Buffer.from(encode(command)).toString("latin1");
}
