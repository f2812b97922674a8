/** What README and docs show of runs in virtual time is what the command prints. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import test from "ava";
import { emptyFolder, projectFile, whitewater } from "./helpers/cli.js";
import { elections } from "./zoo/bugs/elections.js";
import { mutated, referenceSources, writeSources } from "./zoo/mutate.js";

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

/** The last column of a campaign's table tells the machine's pace. */
function withoutPace(line: string): string {
  return line.replace(/^(\S+ +\d.*?) +\d+$/, "$1");
}

test.serial("README.md shows, in part, what a campaign finds in a voter that compares no logs", async (t) => {
  const readme = (await readFile(projectFile("README.md"), "utf8")).split("\n");
  const begin = readme.findIndex((line) =>
    COMMAND.exec(line)?.[1]?.startsWith("stress --raft votes/raft.ts"),
  );
  const end = readme.findIndex((line, i) => i > begin && line !== "" && !line.startsWith(INDENT));
  const shown = readme.slice(begin + 1, end).map((line) => line.slice(INDENT.length));
  const [, pattern = "", seeds = ""] = /--run '(.*)' --seeds (\S+)$/.exec(readme[begin] ?? "") ?? [];

  const cwd = await emptyFolder(t);
  const bug = elections.find(({ name }) => name === "votes-without-comparing-logs");
  if (bug === undefined) return t.fail("the zoo has this bug no more");
  await writeSources(mutated(bug, await referenceSources()), join(cwd, "votes"));
  const args = ["stress", "--raft", "votes/raft.ts", "--run", pattern, "--seeds", seeds];
  const { exitCode, stdout } = await whitewater(args, { cwd });
  t.is(exitCode, 1);
  const printed = stdout.split("\n").map(withoutPace);
  for (const line of shown.map(withoutPace)) t.true(printed.includes(line), `${line}\n\n${stdout}`);
});
