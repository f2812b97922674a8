import type { WriteLog } from "./console.js";
import { overlay } from "./define.js";
import type { Callback, Timers } from "./timers.js";

/** Functions that read, and the system's call that fails where there is nothing to read, as Node tells it. */
const READS: Readonly<Record<string, string>> = {
  access: "access",
  lstat: "lstat",
  open: "open",
  opendir: "opendir",
  readFile: "open",
  readdir: "scandir",
  readlink: "readlink",
  realpath: "realpath",
  stat: "stat",
  statfs: "statfs",
};

/** `open` with these only reads. */
const READING_FLAGS: readonly unknown[] = [undefined, null, "r", "rs", "sr", 0];

/** What the empty file system stands on. */
export interface FilesOptions {
  readonly timers: Timers;
  /** Hears what is written to the descriptors of stdout and stderr. */
  readonly write: WriteLog;
}

/**
 * `node:fs` of a machine without a file. Who asks whether something is there, as packages do when they are loaded,
 * hears that it is not; what would change a file stays refused. What is written to the descriptors 1 and 2 is
 * logged.
 * @param refused the module, all of it refused; it is changed
 */
export function emptyFiles(refused: object, options: FilesOptions): object {
  const { timers } = options;
  const own: Record<string, unknown> = {
    existsSync: () => false,
    exists: (_path: unknown, answer: Callback) => later(timers, answer, false),
    fstatSync: (descriptor: number) => {
      throw noDescriptor("fstat", descriptor);
    },
    promises: emptyPromises(Reflect.get(refused, "promises") as object),
    ...writing(refused, options),
  };
  for (const [name, call] of Object.entries(READS)) {
    const readSync = reading(refused, `${name}Sync`, call);
    const throwing = (...args: unknown[]): void => {
      const error = readSync(...args);
      if (!isContent(call, args[1])) throw error;
    };
    const read = reading(refused, name, call);
    const answering = (...args: unknown[]): void => {
      const answer = args.pop() as Callback;
      later(timers, answer, read(...args));
    };
    own[`${name}Sync`] = Object.assign(throwing, name === "realpath" && { native: throwing });
    own[name] = Object.assign(answering, name === "realpath" && { native: answering });
  }
  return overlay(refused, own);
}

/** `node:fs/promises` of the same machine. */
export function emptyPromises(refused: object): object {
  const own: Record<string, unknown> = {};
  for (const [name, call] of Object.entries(READS)) {
    const read = reading(refused, name, call);
    own[name] = async (...args: unknown[]): Promise<never> => {
      throw read(...args);
    };
  }
  return overlay(refused, own);
}

/** What a read comes to: always the error that nothing is there. It is refused if it would do more than read. */
function reading(refused: object, name: string, call: string): (...args: unknown[]) => Error {
  const refuse = Reflect.get(refused, name) as Callback;
  const isOpening = name === "open" || name === "openSync";
  return (path, options, ...rest) => {
    if (isOpening && !READING_FLAGS.includes(options)) refuse(...([path, options, ...rest] as never[]));
    return typeof path === "number" ? noDescriptor("read", path) : noEntry(call, path);
  };
}

/** `statSync(path, { throwIfNoEntry: false })` takes it that nothing is there. */
function isContent(call: string, options: unknown): boolean {
  return (
    call.endsWith("stat") && (options as { throwIfNoEntry?: boolean } | undefined)?.throwIfNoEntry === false
  );
}

/** `write` and `writeSync`, by which loggers write to stdout. */
function writing(refused: object, { timers, write }: FilesOptions): object {
  const refuse = Reflect.get(refused, "writeSync") as Callback;
  const writeSync = (descriptor: unknown, data: string | Uint8Array, ...rest: unknown[]): number => {
    if (descriptor !== 1 && descriptor !== 2) refuse(...([descriptor, data, ...rest] as never[]));
    const bytes = Buffer.from(data as string);
    write(descriptor === 1 ? "info" : "error", bytes.toString().replace(/\n$/, ""));
    return bytes.length;
  };
  return {
    writeSync,
    write: (descriptor: unknown, data: string | Uint8Array, ...rest: unknown[]) => {
      const written = writeSync(descriptor, data);
      later(timers, rest.at(-1) as Callback, null, written, data);
    },
    fsync: (_descriptor: unknown, answer: Callback) => later(timers, answer, null),
    fsyncSync: () => {},
  };
}

/** As Node answers: never before the one who asks has returned. */
function later(timers: Timers, answer: Callback, ...values: unknown[]): void {
  timers.setImmediate(answer, ...values);
}

function noEntry(syscall: string, path: unknown): Error {
  const shown = String(path);
  const message = `ENOENT: no such file or directory, ${syscall} '${shown}' (in sim and lockstep there are no files)`;
  return Object.assign(new Error(message), { errno: -2, code: "ENOENT", syscall, path: shown });
}

function noDescriptor(syscall: string, descriptor: number): Error {
  const error = new Error(`EBADF: bad file descriptor, ${syscall} ${descriptor}`);
  return Object.assign(error, { errno: -9, code: "EBADF", syscall });
}
