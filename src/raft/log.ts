import { type Command, type LabDecoder, LabEncoder, type LogIndex } from "../index.js";
import type { LogEntry } from "./messages.js";
import type { Terms } from "./rules.js";

/**
 * The log of Figure 2. Beside the entries it keeps their saved form: the whole log is saved at every
 * change, so each entry is encoded once, when it comes in, and not at every save after that.
 */
export class Log implements Terms {
  /** Its element 0 stands for "before the first entry", so that indexes are the paper's. */
  readonly #entries: LogEntry[] = [{ term: 0, command: null }];
  readonly #encoder = new LabEncoder();

  /** Reads back what `save` has written. */
  static restore(decoder: LabDecoder): Log {
    const log = new Log();
    const length = decoder.decode<number>();
    for (let index = 1; index <= length; index += 1) {
      const [term, command] = decoder.decode<[number, Command]>();
      log.append({ term, command });
    }
    return log;
  }

  /** Writes the whole log. */
  save(encoder: LabEncoder): void {
    encoder.encode(this.lastIndex);
    encoder.append(this.#encoder);
  }

  get lastIndex(): LogIndex {
    return this.#entries.length - 1;
  }

  get lastTerm(): number {
    return this.termAt(this.lastIndex);
  }

  /** @throws {RangeError} if the log does not reach to `index` */
  termAt(index: LogIndex): number {
    return this.#at(index).term;
  }

  /** @throws {RangeError} if the log does not reach to `index` */
  commandAt(index: LogIndex): Command {
    return this.#at(index).command;
  }

  /** Whether an entry of this term stands at `index`: then both logs agree up to here (Log Matching, §5.3). */
  matches(index: LogIndex, term: number): boolean {
    return index <= this.lastIndex && this.termAt(index) === term;
  }

  /** The entries from `index` to the last. */
  from(index: LogIndex): LogEntry[] {
    return this.#entries.slice(index);
  }

  /** @throws {EncodeError} if the command is nothing that can be saved; the log is then as before */
  append(entry: LogEntry): void {
    this.#encoder.encode([entry.term, entry.command]);
    this.#entries.push(entry);
  }

  /**
   * Takes over a leader's entries behind `prevLogIndex`, where both logs agree (Figure 2, AppendEntries,
   * receiver steps 3 and 4). Only an entry that conflicts cuts the log: a late or repeated request, whose
   * entries are all here, must not remove those that came after them.
   * @returns whether the log has changed
   */
  merge(prevLogIndex: LogIndex, entries: readonly LogEntry[]): boolean {
    const known = entries.findIndex((entry, i) => !this.matches(prevLogIndex + 1 + i, entry.term));
    if (known === -1) return false;
    this.#cutAfter(prevLogIndex + known);
    for (const entry of entries.slice(known)) this.append(entry);
    return true;
  }

  #cutAfter(lastIndex: LogIndex): void {
    if (lastIndex === this.lastIndex) return;
    this.#entries.length = lastIndex + 1;
    // An encoder cannot take back what it has written. Conflicts are rare enough to write the rest anew.
    this.#encoder.reset();
    for (const { term, command } of this.from(1)) this.#encoder.encode([term, command]);
  }

  #at(index: LogIndex): LogEntry {
    const entry = this.#entries[index];
    if (!entry) throw new RangeError(`The log ends at index ${this.lastIndex}; there is no ${index}.`);
    return entry;
  }
}
