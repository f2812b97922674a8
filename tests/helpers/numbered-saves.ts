import type { Persister } from "../../src/persister/persister.js";

/** What save `number` (1 and up) holds: up to 20 KB that follow from the number. 0 is "nothing saved yet". */
export function contentsOf(number: number): { state: Uint8Array; snapshot: Uint8Array } {
  if (number === 0) return { state: new Uint8Array(0), snapshot: new Uint8Array(0) };
  const state = new Uint8Array(4 + ((number * 7919) % 20_000)).fill(number);
  new DataView(state.buffer).setUint32(0, number);
  return { state, snapshot: new Uint8Array((number * 31) % 500).fill(number + 1) };
}

/** The number of the save that the persister holds; 0 if it is empty. */
export function numberIn(persister: Persister): number {
  const state = persister.readRaftState();
  return state.length === 0 ? 0 : new DataView(state.buffer).getUint32(0);
}
