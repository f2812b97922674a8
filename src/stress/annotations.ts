import { counted } from "../text/counted.js";
import { printable } from "../text/printable.js";
import type { Tally } from "./tally.js";

/** One line per kind of failure, in the form that GitHub's runners show beside the change. */
export function githubAnnotations({ groups }: Pick<Tally, "groups">): string[] {
  return groups.map(({ signature, count, example }) => {
    const title = property(`${example.name}: ${counted(count, "run")} failed`);
    return `::error title=${title}::${data(`${signature}\nseed ${example.seed}: ${example.error?.message ?? ""}`)}`;
  });
}

function data(text: string): string {
  return printable(text).replace(/%/g, "%25").replace(/\n/g, "%0A");
}

function property(text: string): string {
  return data(text).replace(/:/g, "%3A").replace(/,/g, "%2C");
}
