import type { BootSpec } from "../runtime/runtime.js";
import { CompiledProgram } from "./isolate.js";

/** A raft.ts that does nothing, bundled. */
const IDLE_RAFT = {
  raftPath: "idle.ts",
  raftText: "exports.make = () => ({ start() {}, getState() {}, kill() {} });",
  raftMap: '{"version":3,"sources":[],"names":[],"mappings":""}',
};

const NOTHING = new Uint8Array();
const SPEC: BootSpec = { peer: 0, incarnation: 1, ends: [0], state: NOTHING, snapshot: NOTHING, seed: 0 };

/**
 * V8's code for the prelude. V8 compiles a function when it is first called, so a peer that does nothing is
 * booted first, in real time as on threads: all that a boot calls is then in the code.
 */
export function compilePrelude(preludeText: string): Uint8Array {
  const compiled = new CompiledProgram({ ...IDLE_RAFT, preludeText });
  compiled.open({ spec: SPEC, time: "real", say: () => {} }).boot();
  return compiled.preludeCode();
}
