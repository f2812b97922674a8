#!/usr/bin/env node
import { createRequire } from "node:module";
import { Command, CommanderError } from "commander";
import { UsageError } from "../errors.js";
import { BundleError } from "../peer/program.js";
import { initCommand } from "./init.js";
import { listCommand } from "./list.js";
import { mergeCommand } from "./merge.js";
import { parityCommand } from "./parity.js";
import { profileCommand } from "./profile.js";
import { replayCommand } from "./replay.js";
import { stressCommand } from "./stress.js";
import { guardEarlyEnd, leave } from "./terminal.js";
import { testCommand } from "./test.js";

const { version } = createRequire(import.meta.url)("../../package.json") as { version: string };

const program = new Command("whitewater")
  .description("Takes your Raft through the rapids: the Raft lab's cases, every peer on a thread of its own.")
  .version(version)
  .showHelpAfterError("Run `npx whitewater --help`, or `npx whitewater <command> --help`, for what there is.")
  .exitOverride()
  .addCommand(testCommand())
  .addCommand(stressCommand())
  .addCommand(replayCommand())
  .addCommand(mergeCommand())
  .addCommand(parityCommand())
  .addCommand(profileCommand())
  .addCommand(listCommand())
  .addCommand(initCommand());
for (const command of program.commands) command.exitOverride().copyInheritedSettings(program);

guardEarlyEnd();
try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = report(error);
}
await leave(Number(process.exitCode ?? 0));

/** Tells the user what went wrong, never with a stack of ours unless the mistake is ours. @returns the exit code */
function report(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2; // commander has told it already
  if (error instanceof UsageError) {
    console.error(`whitewater: ${error.message}`);
    return 2;
  }
  if (error instanceof BundleError) {
    console.error(`whitewater: raft.ts does not load:\n${error.message}`);
    return 1;
  }
  console.error("whitewater: this is a mistake of Whitewater's own; please report it with the lines below.");
  console.error(error);
  return 1;
}
