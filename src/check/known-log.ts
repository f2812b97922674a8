import { type AppendEntries, type Entry, termIn } from "./messages.js";

/**
 * What is known for certain of one peer's log: the terms of a stretch of it, which may go on behind. All
 * before the stretch follows from it, since entries of one index and term have the same before them (Raft
 * §5.3, Log Matching).
 */
export class KnownLog {
  /** Index of the first known entry; index 0, before the first entry, is known of every log. */
  #first = 0;
  #terms = [0];

  get lastIndex(): number {
    return this.#first + this.#terms.length - 1;
  }

  get lastTerm(): number {
    return this.#terms[this.#terms.length - 1] ?? 0;
  }

  /** `undefined` where it is not known. */
  termAt(index: number): number | undefined {
    return this.#terms[index - this.#first];
  }

  /** Nothing is known any more. */
  forget(): void {
    this.#first = 0;
    this.#terms = [0];
  }

  /** Nothing is known of what stands behind `lastIndex`. */
  cutAfter(lastIndex: number): void {
    if (lastIndex < this.#first) this.forget();
    else this.#terms.length = Math.min(this.#terms.length, lastIndex - this.#first + 1);
  }

  /**
   * The last index of what stays if the peer takes these entries over: it keeps what it shares with them
   * (§5.3). All of the known stretch stays where they agree at the last index that both have.
   */
  lastIndexKept(args: AppendEntries): number {
    if (args.prevLogIndex > this.lastIndex) return this.lastIndex;
    const end = Math.min(this.lastIndex, args.lastIndex);
    let index = end;
    while (index >= args.prevLogIndex && termIn(args, index) !== this.termAt(index)) index -= 1;
    return index === end ? this.lastIndex : index;
  }

  /** Where these entries have another term than the known ones; `undefined` where they agree or may agree. */
  contradictedAt(args: AppendEntries): number | undefined {
    const end = Math.min(this.lastIndex, args.lastIndex);
    const known = this.termAt(end);
    const claimed = termIn(args, end);
    return known === undefined || claimed === undefined || known === claimed ? undefined : end;
  }

  /** The peer holds these entries and the one before them. Where they contradict, they are the newer truth. */
  learn(args: AppendEntries): void {
    const { prevLogIndex, prevLogTerm, entries, lastIndex } = args;
    if (prevLogIndex < this.#first && lastIndex < this.lastIndex) return; // nothing new about the end
    if (this.termAt(prevLogIndex) === prevLogTerm) {
      this.cutAfter(this.lastIndexKept(args));
      this.#append(entries, this.lastIndex - prevLogIndex);
    } else {
      this.#first = prevLogIndex;
      this.#terms = [prevLogTerm];
      this.#append(entries, 0);
    }
  }

  #append(entries: readonly Entry[], from: number): void {
    for (let i = from; i < entries.length; i += 1) this.#terms.push(entries[i]?.term ?? 0);
  }
}
