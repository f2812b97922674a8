import type { HostServices } from "../host-services.js";
import type { Refusals } from "./forbidden.js";

/** Modules that are plain functions of their arguments: given as Node has them. */
const PURE = [
  "assert",
  "assert/strict",
  "constants",
  "events",
  "punycode",
  "querystring",
  "stream", // built on nextTick alone, so it keeps virtual order
  "stream/consumers",
  "stream/promises",
  "string_decoder",
  "util/types",
];

/** Why a module is refused. Those not named here would show or change the real machine. */
const WHY_REFUSED = {
  files: "files live outside the run, and what must survive a crash belongs in the Persister",
  network: "sockets live in real time, and peers talk through their ClientEnds",
  processes: "another thread or process runs in real time",
  other: "it shows or changes the real machine, which no replay can repeat",
};

const REFUSED: Readonly<Record<keyof typeof WHY_REFUSED, readonly string[]>> = {
  files: ["fs", "fs/promises"],
  network: ["dgram", "dns", "dns/promises", "http", "http2", "https", "net", "tls"],
  processes: ["child_process", "cluster", "worker_threads"],
  other: [],
};

/** Gives a realm Node's modules: `require` for the `node:` modules of a bundle. */
export class NodeModules {
  readonly #host: HostServices;
  readonly #own: Readonly<Record<string, () => object>>;
  readonly #refusals: Refusals | undefined;
  readonly #loaded: () => Map<string, object>;

  /**
   * @param loaded gives what the peer whose turn it is has required so far
   * @param own modules that the realm makes itself, by name without `node:`
   * @param refusals makes stand-ins for what is forbidden; `undefined` in real time, where nothing is
   */
  constructor(
    host: HostServices,
    own: Readonly<Record<string, () => object>>,
    refusals: Refusals | undefined,
    loaded: () => Map<string, object>,
  ) {
    this.#host = host;
    this.#own = own;
    this.#refusals = refusals;
    this.#loaded = loaded;
  }

  /**
   * @param specifier with or without `node:`
   * @throws {Error} if Node has no such module
   */
  require(specifier: string): object {
    const name = specifier.replace(/^node:/, "");
    const loaded = this.#loaded();
    const module = loaded.get(name) ?? this.#load(name, specifier);
    loaded.set(name, module);
    return module;
  }

  /** Whether Node has a module of this name. */
  has(specifier: string): boolean {
    return this.#host.builtinModule(specifier) !== undefined;
  }

  #load(name: string, specifier: string): object {
    const own = this.#own[name];
    if (own) return own();
    const module = this.#host.builtinModule(specifier);
    if (!module) {
      throw notFound(specifier);
    }
    if (!this.#refusals || PURE.includes(name)) return module;
    return this.#refusals.copyOf(module, name, whyRefused(name));
  }
}

/** Node's error, with the code by which packages tell that what they could do without is not there. */
function notFound(specifier: string): Error {
  const isFile = /^(?:[./]|file:)/.test(specifier);
  const error = new Error(
    `Cannot find module "${specifier}". ${isFile ? 'A file is bundled where its name is written out, as in import("./log.js"), not where it is computed' : "A raft.ts may import its own files, npm packages that can be bundled (no native add-ons), and Node's modules"}.`,
  );
  return Object.assign(error, { code: "MODULE_NOT_FOUND", requireStack: [] });
}

/** Why the module `name` is not to be had in virtual time, as the middle of a sentence. */
export function whyRefused(name: string): string {
  for (const kind of ["files", "network", "processes"] as const) {
    if (REFUSED[kind].includes(name)) return WHY_REFUSED[kind];
  }
  return WHY_REFUSED.other;
}
