import { Writable } from "node:stream";
import { format, inspect } from "node:util";

/**
 * What a peer's realm cannot make by itself: functions of the main realm of its thread. They are the same
 * for every realm of the thread and keep nothing of it.
 */
export interface HostServices {
  /** One of Node's own modules, with or without `node:`; `undefined` if Node has none of that name. */
  readonly builtinModule: (name: string) => object | undefined;
  /** The globals of the main realm: real timers, `URL`, `Buffer`, ... */
  readonly globals: typeof globalThis;
  /** `util.format`: the text of a line of the console, without colours. */
  readonly format: (...args: unknown[]) => string;
  /** `util.inspect`, without colours. */
  readonly inspect: (value: unknown, options?: object) => string;
  /** The text that `console.table(...args)` prints, without the last line break. */
  readonly table: (...args: unknown[]) => string;
}

const services: HostServices = {
  // A raft.ts may ask for anything.
  builtinModule: (name) => (typeof name === "string" ? process.getBuiltinModule(name) : undefined),
  globals: globalThis,
  format,
  inspect: (value, options) => inspect(value, options),
  table: formatTable,
};

/** The services of this thread. */
export function hostServices(): HostServices {
  return services;
}

/** Node lays tables out in its `Console` only, so a `Console` that writes to a text does it here. */
function formatTable(...args: unknown[]): string {
  let text = "";
  const stdout = new Writable({
    write(chunk: Buffer, _encoding, done) {
      text += chunk.toString();
      done();
    },
  });
  const { Console } = console;
  new Console({ stdout, colorMode: false }).table(...(args as [unknown]));
  return text.trimEnd();
}
