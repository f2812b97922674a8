/** Where one of several runs writes its lines. */
export interface Slot {
  write(line: string): void;
  /** Nothing more comes from this one. */
  end(): void;
}

/**
 * Keeps the output of runs that go on at once in the order in which they were listed: the first that has
 * not ended writes straight through, the others wait their turn.
 */
export class OrderedOutput {
  #print: (line: string) => void;
  readonly #slots: { lines: string[]; isEnded: boolean }[] = [];

  constructor(print: (line: string) => void) {
    this.#print = print;
  }

  /** The next place in the order. */
  slot(): Slot {
    const slot = { lines: [] as string[], isEnded: false };
    this.#slots.push(slot);
    return {
      write: (line) => {
        slot.lines.push(line);
        this.#flush();
      },
      end: () => {
        slot.isEnded = true;
        this.#flush();
      },
    };
  }

  /** Prints what waits for its turn, in the order listed; what is written from now on is dropped. */
  close(): void {
    for (const { lines } of this.#slots) for (const line of lines) this.#print(line);
    this.#print = () => {};
  }

  #flush(): void {
    for (let first = this.#slots[0]; first; first = this.#slots[0]) {
      for (const line of first.lines.splice(0)) this.#print(line);
      if (!first.isEnded) return;
      this.#slots.shift();
    }
  }
}
