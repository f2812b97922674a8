import { Command } from "commander";
import { bundleCases } from "../lab/cases-file.js";
import { chosenCases } from "../lab/chosen-cases.js";
import { casesOption, runOption } from "./options.js";

interface ListOptions {
  readonly run: string;
  readonly cases?: string;
}

/** `whitewater list`: the cases, a line each, with part, servers and title. */
export function listCommand(): Command {
  return new Command("list")
    .description("List the cases: name, part, servers, title.")
    .addOption(runOption())
    .addOption(casesOption())
    .action(async ({ run, cases: file }: ListOptions) => {
      const cases = await chosenCases({ run, cases: await bundleCases(file), extra: true });
      const width = Math.max(...cases.map(({ name }) => name.length));
      for (const { name, part, servers, title } of cases) {
        console.log(`${name.padEnd(width)}  ${part.padEnd(5)}  ${servers} servers  ${title}`);
      }
    });
}
