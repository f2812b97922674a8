import { resolve } from "node:path";
import { Command } from "commander";
import { shellWord } from "../text/shell-word.js";
import { SKELETON_FILES, writeSkeleton } from "./skeleton.js";

/** `whitewater init [dir]`: a folder to begin the lab in. */
export function initCommand(): Command {
  return new Command("init")
    .description(`Writes a folder to begin with: ${SKELETON_FILES.join(", ")}.`)
    .argument("[dir]", "the folder; made if there is none", ".")
    .action(async (dir: string) => {
      await writeSkeleton(dir);
      console.log(nextSteps(dir));
    });
}

/** What to type after the files are there. */
function nextSteps(dir: string): string {
  const here = resolve(dir) === process.cwd();
  const steps = [
    ...(here ? [] : [`cd ${shellWord(dir.startsWith("-") ? `./${dir}` : dir)}`]),
    "npm install",
    "npx whitewater test --run TestInitialElection3A",
  ];
  return [
    `Wrote ${SKELETON_FILES.join(", ")} ${here ? "here" : `into ${dir}`}. Next:`,
    "",
    ...steps.map((step) => `  ${step}`),
    "",
    "That case fails, for want of a leader. Electing one, in raft.ts, is the first task; README.md says how to go on.",
  ].join("\n");
}
