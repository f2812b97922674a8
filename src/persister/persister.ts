/**
 * The bytes of one peer that survive a crash: its Raft state and its snapshot, both empty at first
 * (lab-spec 5). Each operation is atomic, and a save is done when the call returns. Bytes are copied in
 * and out.
 */
export interface Persister {
  /** Replaces both in one atomic step (the 2024 lab's `Save`). */
  save(state: Uint8Array, snapshot: Uint8Array): void;
  /** The older name of `save`. */
  saveStateAndSnapshot(state: Uint8Array, snapshot: Uint8Array): void;
  /** Replaces the Raft state; the snapshot stays. */
  saveRaftState(state: Uint8Array): void;
  /** The last saved state; length 0 if none. */
  readRaftState(): Uint8Array;
  /** The last saved snapshot; length 0 if none. */
  readSnapshot(): Uint8Array;
  /** Bytes of the state. */
  raftStateSize(): number;
  /** Bytes of the snapshot. */
  snapshotSize(): number;
  /** A new persister with the same contents, independent from now on. */
  copy(): Persister;
}
