/** How often a plain line is printed where no terminal shows a live one, in ms of real time. */
const PLAIN_EVERY_MS = 5000;
/** How often the live line is drawn anew, in ms of real time. */
const LIVE_EVERY_MS = 100;

/**
 * How far a long command has come: one live line on a terminal, a plain line every few seconds elsewhere,
 * on the error stream, so that what is printed can be piped on.
 */
export class Progress {
  readonly #stream: NodeJS.WriteStream;
  readonly #isQuiet: boolean;
  #lastAtMs = performance.now();
  #isLineShown = false;

  constructor({
    quiet = false,
    stream = process.stderr,
  }: { quiet?: boolean; stream?: NodeJS.WriteStream } = {}) {
    this.#isQuiet = quiet;
    this.#stream = stream;
  }

  /** Shows the line, unless the last one is too young. @param line made only if it is shown */
  update(line: () => string): void {
    const nowMs = performance.now();
    const everyMs = this.#stream.isTTY ? LIVE_EVERY_MS : PLAIN_EVERY_MS;
    if (this.#isQuiet || nowMs - this.#lastAtMs < everyMs) return;
    this.#lastAtMs = nowMs;
    if (this.#stream.isTTY) {
      const text = line().slice(0, (this.#stream.columns || 80) - 1);
      this.#stream.write(`\r${text}\u001b[K`);
      this.#isLineShown = true;
    } else {
      this.#stream.write(`${line()}\n`);
    }
  }

  /** Takes the live line off the terminal: to be called before anything else is printed, and at the end. */
  clear(): void {
    if (this.#isLineShown) this.#stream.write("\r\u001b[K");
    this.#isLineShown = false;
  }
}
