import { Script } from "node:vm";

export interface ScriptOptions {
  /** The name under which stacks and debuggers know the script. */
  readonly filename: string;
  /** The comment by which a debugger finds the user's own lines; none costs nothing. */
  readonly sourceMap?: string | undefined;
  /** What V8 made of the same text before; where it cannot use that, it compiles the text. */
  readonly code?: Uint8Array | undefined;
}

const HEAD = "(function (exports, module, require) {";
const FOOT = "})";

/**
 * A CommonJS module as a script: its value is the function that runs the module. It begins on the first line,
 * which esbuild leaves to "use strict", so lines keep their numbers.
 */
export function moduleText(text: string, sourceMap = ""): string {
  return `${HEAD}${text}\n${FOOT}\n${sourceMap}`;
}

/** What makes a bundle such a script as it is written: to put a long text together takes V8 a millisecond. */
export const AS_MODULE = {
  banner: { js: `${HEAD}"use strict";` },
  footer: { js: FOOT },
};

/** Compiles a CommonJS module. */
export function compileModule(text: string, options: ScriptOptions): Script {
  return compileScript(moduleText(text, options.sourceMap), options);
}

/** Compiles a text that is a script already. */
export function compileScript(text: string, { filename, code }: Omit<ScriptOptions, "sourceMap">): Script {
  return new Script(text, { filename, ...(code && { cachedData: code }) });
}
