import type { BootSpec } from "../../src/runtime/runtime.js";

/** A first boot of `peer` in a cluster of `peerCount`. */
export function bootSpec(peer: number, peerCount: number): BootSpec {
  const nothing = new Uint8Array();
  const ends = Array.from({ length: peerCount }, (_, server) => endName(peer, server));
  return { peer, incarnation: 1, ends, state: nothing, snapshot: nothing, seed: peer };
}

/** The end by which `peer` calls `server`; of 20 characters, as the tester's. */
export function endName(peer: number, server: number): string {
  return `end ${peer} to ${server}`.padEnd(20, ".");
}
