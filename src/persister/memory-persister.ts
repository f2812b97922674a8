import { copyOfBytes, requireBytes } from "./bytes-argument.js";
import { HeldBytes } from "./held-bytes.js";
import type { Persister } from "./persister.js";

/**
 * Hears of each save, once it is done; `snapshot` is `null` where the old one stays. The arrays are the stored ones:
 * nobody may change them, and `state` stands until the next save.
 */
export type SaveListener = (state: Uint8Array, snapshot: Uint8Array | null) => void;

const NOTHING = new Uint8Array(0);

/** A persister whose bytes live as long as the object. */
export class MemoryPersister implements Persister {
  /** Where states that are saved stand, one after the other. */
  readonly #held = new HeldBytes();
  #state: Uint8Array;
  #snapshot: Uint8Array;
  readonly #onSave: SaveListener | undefined;

  /**
   * @param state what it holds at birth; nothing if left out
   * @param snapshot likewise
   * @throws {TypeError} here and in each save, if state or snapshot is no Uint8Array
   */
  constructor(state: Uint8Array = NOTHING, snapshot: Uint8Array = NOTHING, onSave?: SaveListener) {
    this.#state = copyOfBytes(state, "new MemoryPersister", "state");
    this.#snapshot = copyOfBytes(snapshot, "new MemoryPersister", "snapshot");
    this.#onSave = onSave;
  }

  save(state: Uint8Array, snapshot: Uint8Array): void {
    this.#saveBoth(state, snapshot, "persister.save");
  }

  saveStateAndSnapshot(state: Uint8Array, snapshot: Uint8Array): void {
    this.#saveBoth(state, snapshot, "persister.saveStateAndSnapshot");
  }

  saveRaftState(state: Uint8Array): void {
    requireBytes(state, "persister.saveRaftState", "state");
    this.#hold(state);
    this.#onSave?.(this.#state, null);
  }

  /**
   * Saves the arrays themselves, with no copy made of them: nobody may change them before the next save.
   * `snapshot` is `null` where the old one stays.
   */
  adopt(state: Uint8Array, snapshot: Uint8Array | null): void {
    this.#state = state;
    if (snapshot) this.#snapshot = snapshot;
    this.#onSave?.(state, snapshot);
  }

  // What was adopted may be of another realm, and its `slice` would make another of that realm.

  readRaftState(): Uint8Array {
    return new Uint8Array(this.#state);
  }

  readSnapshot(): Uint8Array {
    return new Uint8Array(this.#snapshot);
  }

  raftStateSize(): number {
    return this.#state.length;
  }

  snapshotSize(): number {
    return this.#snapshot.length;
  }

  /** A new persister with the same contents, which no one listens to. */
  copy(): MemoryPersister {
    return new MemoryPersister(this.#state, this.#snapshot);
  }

  /** Both arguments are looked at before anything changes: a wrong one leaves what was saved. */
  #saveBoth(state: Uint8Array, snapshot: Uint8Array, method: string): void {
    requireBytes(state, method, "state");
    this.#snapshot = copyOfBytes(snapshot, method, "snapshot");
    this.#hold(state);
    this.#onSave?.(this.#state, this.#snapshot);
  }

  #hold(state: Uint8Array): void {
    this.#held.replace(state);
    this.#state = this.#held.bytes;
  }
}
