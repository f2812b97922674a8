/** What the author of a raft.ts imports. */
export { DecodeError, EncodeError, LabDecoder, LabEncoder } from "./labgob/labgob.js";
export type { ClientEnd } from "./labrpc/client-end.js";
export type {
  ApplyMsg,
  Channel,
  Command,
  LogIndex,
  Make,
  RaftPeer,
  RaftState,
  StartResult,
} from "./peer/raft-peer.js";
export type { Persister } from "./persister/persister.js";
