import { accessSync, constants, existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { messageOf } from "../text/message.js";
import { copyOfBytes } from "./bytes-argument.js";
import { makeDirectoryDurably, syncDirectory, TEMPORARY_SUFFIX, writeFileDurably } from "./durable-files.js";
import { decodeGeneration, encodeGeneration, type Generation } from "./generation-file.js";
import { MemoryPersister } from "./memory-persister.js";
import type { Persister } from "./persister.js";

export interface FilePersisterOptions {
  /** Told when a generation cannot be read and an older one takes its place. Default: `process.emitWarning`. */
  readonly onWarning?: (message: string) => void;
}

/** The directory cannot serve as a persister's, or a save has failed: the message says why and what to do. */
export class FilePersisterError extends Error {
  override readonly name = "FilePersisterError";
}

/** `00000000000000000012.raft`: numbers of one width, so that names sort as numbers do. */
const GENERATION_NAME = /^(\d{20})\.raft$/;

/**
 * A persister on disk, for a Raft that runs outside the lab: each peer has a directory of its own. A save
 * is durable when the call returns; a crash at any instant leaves either all of a save (state and snapshot
 * together) or nothing of it. The generation before the newest is kept: if the newest is found torn or
 * changed, which only a failing disk or file system can do, the one before is used and a warning says so.
 *
 * A peer that starts from an older state may have forgotten a vote or an entry that it had promised to
 * keep, so a warning is a reason to replace the peer rather than to go on with it (Raft §5.2, §5.4).
 */
export class FilePersister implements Persister {
  readonly #directory: string;
  readonly #onWarning: (message: string) => void;
  /** What the last save that returned wrote, or what was found on disk. */
  #current: Generation;
  /** The highest number that a file had or a save tried: numbers are not used twice. */
  #lastNumber: number;
  /** Numbers of the generations on disk that have to go once the next save is done. */
  #outdated: readonly number[];

  /**
   * Opens the directory, making it if need be, and reads the newest generation that is whole. Removes what
   * a crash left half-written.
   * @throws {FilePersisterError} if the directory cannot be used, or if it has generations and none is whole
   */
  constructor(directory: string, { onWarning = warnOnProcess }: FilePersisterOptions = {}) {
    this.#directory = resolve(directory);
    this.#onWarning = onWarning;
    const numbers = prepare(this.#directory);
    this.#current = this.#newestWhole(numbers) ?? EMPTY;
    this.#lastNumber = numbers[0] ?? 0;
    this.#outdated = numbers.filter((number) => number !== this.#current.number);
  }

  save(state: Uint8Array, snapshot: Uint8Array): void {
    this.#saveBoth(state, snapshot, "persister.save");
  }

  saveStateAndSnapshot(state: Uint8Array, snapshot: Uint8Array): void {
    this.#saveBoth(state, snapshot, "persister.saveStateAndSnapshot");
  }

  /** Writes the snapshot anew as well: one file holds both, so that they cannot get out of step. */
  saveRaftState(state: Uint8Array): void {
    this.#write(copyOfBytes(state, "persister.saveRaftState", "state"), this.#current.snapshot);
  }

  readRaftState(): Uint8Array {
    return this.#current.state.slice();
  }

  readSnapshot(): Uint8Array {
    return this.#current.snapshot.slice();
  }

  raftStateSize(): number {
    return this.#current.state.length;
  }

  snapshotSize(): number {
    return this.#current.snapshot.length;
  }

  /** The same contents in memory: the copy writes no files. */
  copy(): MemoryPersister {
    return new MemoryPersister(this.#current.state, this.#current.snapshot);
  }

  #saveBoth(state: Uint8Array, snapshot: Uint8Array, method: string): void {
    this.#write(copyOfBytes(state, method, "state"), copyOfBytes(snapshot, method, "snapshot"));
  }

  /** @throws {FilePersisterError} if it fails: the old contents stay, as if there had been no save */
  #write(state: Uint8Array, snapshot: Uint8Array): void {
    this.#lastNumber += 1;
    const generation: Generation = { number: this.#lastNumber, state, snapshot };
    const name = fileName(generation.number);
    if (existsSync(join(this.#directory, name))) {
      throw new FilePersisterError(
        `another FilePersister is writing in ${this.#directory} (${name} is there already). ` +
          "Give each peer a directory of its own.",
      );
    }
    try {
      writeFileDurably(this.#directory, name, encodeGeneration(generation));
    } catch (error) {
      // Whether the file has got its name is unknown, so it goes with the next save.
      this.#outdated = [...this.#outdated, generation.number];
      throw new FilePersisterError(
        `the save to ${this.#directory} failed, and the state before it stays: ${textOf(error)}`,
        { cause: error },
      );
    }
    this.#removeOutdated();
    // A file numbered 0 does not exist: `EMPTY` is what there was before the first save.
    this.#outdated = this.#current.number === 0 ? [] : [this.#current.number];
    this.#current = generation;
  }

  /** Keeps two generations: the one just written and the one before. A leftover does no harm. */
  #removeOutdated(): void {
    for (const number of this.#outdated) {
      try {
        rmSync(join(this.#directory, fileName(number)), { force: true });
      } catch (error) {
        this.#onWarning(`${fileName(number)} in ${this.#directory} could not be removed: ${textOf(error)}`);
      }
    }
  }

  /** @param numbers newest first */
  #newestWhole(numbers: readonly number[]): Generation | undefined {
    const faults: string[] = [];
    for (const number of numbers) {
      const generation = readGeneration(this.#directory, number);
      if (typeof generation !== "string") {
        if (faults.length > 0) this.#warnOfFallback(generation, faults);
        return generation;
      }
      faults.push(`${fileName(number)}: ${generation}`);
    }
    if (faults.length === 0) return undefined;
    throw new FilePersisterError(
      `no generation in ${this.#directory} can be read (${faults.join("; ")}). A peer must not come back with ` +
        "its votes and its log forgotten: restore the directory from a copy, or remove it and let a new peer " +
        "take its place.",
    );
  }

  #warnOfFallback({ number }: Generation, faults: readonly string[]): void {
    this.#onWarning(
      `${this.#directory}: the newest state cannot be read (${faults.join("; ")}), so the one before, ` +
        `${fileName(number)}, is used. What was saved after it is lost: this peer may have forgotten a vote or ` +
        "an entry that it had promised to keep.",
    );
  }
}

const EMPTY: Generation = { number: 0, state: new Uint8Array(0), snapshot: new Uint8Array(0) };

function fileName(number: number): string {
  return `${String(number).padStart(20, "0")}.raft`;
}

function numberOf(name: string): number {
  return Number.parseInt(name, 10);
}

/** Makes the directory fit for use and gives the numbers of the generations in it, newest first. */
function prepare(directory: string): number[] {
  try {
    makeDirectoryDurably(directory);
    accessSync(directory, constants.R_OK | constants.W_OK | constants.X_OK);
    const names = readdirSync(directory);
    const leftovers = names.filter((name) => GENERATION_NAME.test(withoutSuffix(name)));
    for (const name of leftovers) rmSync(join(directory, name), { force: true });
    // A generation whose save never returned may stand in a directory that was not synced: from now on it
    // counts, so it must not vanish again.
    syncDirectory(directory);
    return names
      .filter((name) => GENERATION_NAME.test(name))
      .map(numberOf)
      .sort((a, b) => b - a);
  } catch (error) {
    throw new FilePersisterError(
      `${directory} cannot hold a peer's state: ${textOf(error)}. Name a directory that can be read and written; ` +
        "it is made if it is missing.",
      { cause: error },
    );
  }
}

function withoutSuffix(name: string): string {
  return name.endsWith(TEMPORARY_SUFFIX) ? name.slice(0, -TEMPORARY_SUFFIX.length) : "";
}

function readGeneration(directory: string, number: number): Generation | string {
  try {
    return decodeGeneration(readFileSync(join(directory, fileName(number))), number);
  } catch (error) {
    throw new FilePersisterError(`${fileName(number)} in ${directory} cannot be read: ${textOf(error)}`, {
      cause: error,
    });
  }
}

function warnOnProcess(message: string): void {
  process.emitWarning(message, "FilePersisterWarning");
}

function textOf(error: unknown): string {
  return messageOf(error);
}
