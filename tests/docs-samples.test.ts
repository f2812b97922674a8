/** What README and docs show of runs in virtual time is what the command prints. */
import { readFile } from "node:fs/promises";
import test from "ava";
import { projectFile, whitewater } from "./helpers/cli.js";

/** A command that is shown with its output: in virtual time, from seeds that it names. */
interface Sample {
  readonly command: string;
  readonly output: string;
}

const INDENT = "    ";
const COMMAND = /^ {4}\$ npx whitewater (.*)$/;
const IS_FIXED = /--mode (sim|lockstep)\b.*--seed |^parity .*--seeds /;

/** All samples of a text that its commands fix to the byte. */
function samplesIn(text: string): Sample[] {
  const lines = text.split("\n");
  return lines.flatMap((line, i) => {
    const [, command = ""] = COMMAND.exec(line) ?? [];
    if (!IS_FIXED.test(command)) return [];
    const end = lines.findIndex((next, j) => j > i && !next.startsWith(INDENT));
    const output = lines.slice(i + 1, end).map((shown) => `${shown.slice(INDENT.length)}\n`);
    return [{ command, output: output.join("") }];
  });
}

for (const { path, count } of [
  { path: "README.md", count: 1 },
  { path: "docs/virtual-time.md", count: 3 },
]) {
  test.serial(`${path} shows what its commands print`, async (t) => {
    const samples = samplesIn(await readFile(projectFile(path), "utf8"));
    t.is(samples.length, count);
    for (const { command, output } of samples) {
      const { stdout } = await whitewater(command.split(" "));
      t.is(stdout, output, command);
    }
  });
}
