#!/usr/bin/env node
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Command, CommanderError } from "commander";
import { UsageError } from "../errors.js";
import { PACKAGE_FOLDER } from "../own-package.js";
import { BundleError } from "../peer/bundler.js";
import { guardEarlyEnd, leave, tellOwnMistake } from "./terminal.js";

const manifest = readFileSync(join(PACKAGE_FOLDER, "package.json"), "utf8");
const { version } = JSON.parse(manifest) as { version: string };

/** In the order of the help. Each is loaded when it is asked for: all of them take a tenth of a second more. */
const COMMANDS: ReadonlyMap<string, () => Promise<Command>> = new Map([
  ["test", async () => (await import("./test.js")).testCommand()],
  ["stress", async () => (await import("./stress.js")).stressCommand()],
  ["replay", async () => (await import("./replay.js")).replayCommand()],
  ["merge", async () => (await import("./merge.js")).mergeCommand()],
  ["parity", async () => (await import("./parity.js")).parityCommand()],
  ["profile", async () => (await import("./profile.js")).profileCommand()],
  ["list", async () => (await import("./list.js")).listCommand()],
  ["init", async () => (await import("./init.js")).initCommand()],
]);

const program = new Command("whitewater")
  .description("Takes your Raft through the rapids: the Raft lab's cases, every peer on a thread of its own.")
  .version(version)
  .showHelpAfterError("Run `npx whitewater --help`, or `npx whitewater <command> --help`, for what there is.")
  .exitOverride();
for (const command of await commandsFor(process.argv[2])) {
  program.addCommand(command.exitOverride().copyInheritedSettings(program));
}

guardEarlyEnd();
try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = report(error);
}
await leave(Number(process.exitCode ?? 0));

/** The command of that name; all of them if there is none, for the help and for errors. */
async function commandsFor(name = ""): Promise<readonly Command[]> {
  const load = COMMANDS.get(name);
  return await Promise.all(load ? [load()] : [...COMMANDS.values()].map((load) => load()));
}

/** Tells the user what went wrong, never with a stack of ours unless the mistake is ours. @returns the exit code */
function report(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2; // commander has told it already
  if (error instanceof UsageError) {
    console.error(`whitewater: ${error.message}`);
    return 2;
  }
  if (error instanceof BundleError) {
    console.error(`whitewater: raft.ts does not load:\n${error.message}`);
    return 2;
  }
  return tellOwnMistake(error);
}
