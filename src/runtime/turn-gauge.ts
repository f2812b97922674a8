/**
 * Told of the turns of peers as they go, so that another thread can know of one that never ends: whoever
 * runs it could not tell any more.
 */
export interface TurnGauge {
  /** A turn of `peer` begins, at the virtual time `nowUs`. */
  begins(peer: number, nowUs: number): void;
  /** It has ended: nothing that it set off is left to run. */
  ends(): void;
  /** The peer has said more in this turn than its link bears. */
  floods(): void;
}
