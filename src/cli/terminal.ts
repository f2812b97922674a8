import { inspect } from "node:util";
import picocolors from "picocolors";
import { inSources } from "../own-sources.js";

/** Colours on a terminal, none elsewhere: left alone, picocolors colours what a CI writes to a file as well. */
export const colours = picocolors.createColors(process.stdout.isTTY === true && picocolors.isColorSupported);

/** What a shell gives for a program that a signal ended: 128 and the signal's number. */
const EXIT_CODES = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143, SIGPIPE: 141 } as const;

/** The exit code of a mistake of our own, EX_SOFTWARE of `sysexits.h`: 1 says that a run failed. */
const OWN_MISTAKE = 70;

/** Streams whose reader has gone. What is written to one may neither get out nor fail. */
const unread = new Set<NodeJS.WriteStream>();

const ENDING_SIGNALS = ["SIGHUP", "SIGINT", "SIGTERM"] as const;

/** What listens to each signal once `guardEarlyEnd` was called. */
const onSignal = new Map<(typeof ENDING_SIGNALS)[number], () => void>();

let finishEarly = (): void => {};

/** `finish` prints and writes what there is, should the process be told to end before the command is done. */
export function onEarlyEnd(finish: () => void): void {
  finishEarly = finish;
}

/**
 * Ends the process with grace on Ctrl-C, on SIGTERM, when its terminal is closed, and when the reader of its
 * output has gone, as `head` does. At the second Ctrl-C Node ends it on the spot.
 */
export function guardEarlyEnd(): void {
  for (const signal of ENDING_SIGNALS) onSignal.set(signal, () => endEarly(EXIT_CODES[signal]));
  listenToSignals();
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (!isReaderGone(error)) return;
    unread.add(process.stdout);
    endEarly(EXIT_CODES.SIGPIPE);
  });
  process.stderr.on("error", () => unread.add(process.stderr)); // there is nobody left to tell
  printLostOutput();
}

function endEarly(exitCode: number): void {
  const finish = finishEarly;
  finishEarly = () => {};
  finish();
  void leave(exitCode);
}

/**
 * Takes errors that nobody catches for mistakes of our own: they end the process once what was found is printed
 * and written. For a command in whose process neither peers nor cases run.
 */
export function guardOwnMistakes(): void {
  process.on("uncaughtException", (error) => endEarly(tellOwnMistake(error)));
}

/** @returns the exit code of such a mistake */
export function tellOwnMistake(error: unknown): number {
  console.error("whitewater: this is a mistake of Whitewater's own; please report it with the lines below.");
  for (const line of inspect(error).split("\n")) console.error(inSources(line) ?? line);
  return OWN_MISTAKE;
}

function isReaderGone({ code }: NodeJS.ErrnoException): boolean {
  return code === "EPIPE";
}

/**
 * What standard output does not take, because its disk is full or its terminal is gone, goes to standard error
 * instead, text by text: a night's campaign must not end without a word.
 */
function printLostOutput(): void {
  const { stdout, stderr } = process;
  const write = stdout.write.bind(stdout) as Write;
  let isTold = false;
  const printElsewhere = (text: string | Uint8Array, error: NodeJS.ErrnoException): void => {
    if (!isTold)
      stderr.write(`whitewater: the output cannot be written (${error.message}); it follows here.\n`);
    isTold = true;
    stderr.write(text);
  };
  stdout.write = ((text: string | Uint8Array, ...rest: readonly unknown[]): boolean => {
    const encoding = typeof rest[0] === "string" ? (rest[0] as BufferEncoding) : undefined;
    const onWritten = rest.find((one): one is OnWritten => typeof one === "function");
    return write(text, encoding, (error) => {
      if (error && !isReaderGone(error)) printElsewhere(text, error);
      onWritten?.(error);
    });
  }) as typeof stdout.write;
}

type OnWritten = (error?: NodeJS.ErrnoException | null) => void;
type Write = (
  text: string | Uint8Array,
  encoding: BufferEncoding | undefined,
  onWritten: OnWritten,
) => boolean;

/**
 * Calls `block`, which keeps the thread from running any listener, with the signals left to the system, so that
 * Ctrl-C still ends the process.
 */
export function whileBlocked(block: () => void): void {
  for (const [signal, listener] of onSignal) process.off(signal, listener);
  block();
  listenToSignals();
}

function listenToSignals(): void {
  for (const [signal, listener] of onSignal) process.once(signal, listener);
}

/**
 * Ends the process once its output is out, whatever still runs: threads, and timers that a user's file of
 * cases has left behind.
 */
export async function leave(exitCode: number): Promise<never> {
  await written(process.stdout);
  await written(process.stderr); // last: it takes what the other one did not
  process.exit(exitCode);
}

/** Resolves when all that was written to `stream` is out. A pipe may take it later than `write` returns. */
function written(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    if (unread.has(stream)) resolve();
    else stream.write("", () => resolve());
  });
}
