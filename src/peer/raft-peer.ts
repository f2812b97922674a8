import type { ClientEnd } from "../labrpc/client-end.js";
import type { Persister } from "../persister/persister.js";

/** What is agreed upon: anything labgob carries. The lab's tester submits whole numbers and strings. */
export type Command = unknown;

/** 1-based as in the paper; 0 is "before the first entry". */
export type LogIndex = number;

/** What a peer hands to the service (here, the tester): a committed command, or (3D) a snapshot. */
export interface ApplyMsg {
  /** True for a command; false for other uses, which the plain tester ignores. */
  readonly commandValid: boolean;
  readonly command: Command;
  readonly commandIndex: LogIndex;
  /** 3D only. */
  readonly snapshotValid?: boolean;
  readonly snapshot?: Uint8Array;
  readonly snapshotTerm?: number;
  readonly snapshotIndex?: LogIndex;
}

/** The sending side of Go's unbuffered channel. */
export interface Channel<Message> {
  /**
   * Hands `message` to the receiver. Sends are taken one at a time, in the order sent.
   * @returns resolves when the receiver has taken the message (not when it has dealt with it)
   */
  send(message: Message): Promise<void>;
}

/** Answer of `start`. */
export interface StartResult {
  /** Where the command will stand in the log if it is ever committed; of no meaning unless `isLeader`. */
  readonly index: LogIndex;
  readonly term: number;
  readonly isLeader: boolean;
}

/** Answer of `getState`. */
export interface RaftState {
  readonly term: number;
  readonly isLeader: boolean;
}

/**
 * What `make` returns: the lab's Raft object. Its RPC handlers are further methods, called by name:
 * `end.call("Raft.requestVote", args)` runs `requestVote(args)` of the peer at the other end. Handlers may
 * be async. Names starting in upper case, as in the Go lab, are found as well.
 */
export interface RaftPeer {
  /** Begins agreement on `command`, if this peer leads; answers at once, without waiting for the commit. */
  start(command: Command): StartResult;
  getState(): RaftState;
  /** The tester is done with this peer. Its thread or isolate ends right after. */
  kill(): void;
  /** 3D: the service holds everything up to `index` in `snapshot`; the log may forget it. */
  snapshot?(index: LogIndex, snapshot: Uint8Array): void;
  /** Further services by name, each an object with handlers; `Raft` is the peer itself. */
  readonly services?: Readonly<Record<string, object>>;
}

/**
 * The one export of a raft.ts: makes a peer, from its saved state where there is one, and returns promptly.
 * @param peers one end per server, in the same order on every peer, one to itself included
 * @param me this peer's place in `peers`
 * @param persister holds what the last incarnation saved; empty at the first boot
 * @param applyCh takes each committed command, in order of index
 */
export type Make = (
  peers: readonly ClientEnd[],
  me: number,
  persister: Persister,
  applyCh: Channel<ApplyMsg>,
) => RaftPeer;
