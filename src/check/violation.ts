/** A rule of the paper that a run has broken, and where: the first bad event, not the last symptom. */
export interface Violation {
  /** Short and stable, such as `election-safety`: runs that break the same rule are counted together. */
  readonly rule: string;
  /** Where the paper states the rule, such as `Raft §5.2`. */
  readonly section: string;
  /** A sentence: what happened, with peers, terms, indexes and times. */
  readonly message: string;
  /** Numbers of the peers involved, the one that broke the rule first. */
  readonly peers: readonly number[];
  /** `seq` of the events that together are the proof; the last one is where the rule broke. */
  readonly events: readonly number[];
}

/** Told of a rule that is broken. */
export type Report = (violation: Violation) => void;

/** An event's place in the run's order and its time: every `TraceRecord` is one. */
export interface Moment {
  readonly seq: number;
  /** Whole microseconds since the run began. */
  readonly atUs: number;
}

/** The time of an event as a message shows it: `at 1250.300 ms`. */
export function when({ atUs }: Moment): string {
  return `at ${(atUs / 1000).toFixed(3)} ms`;
}

/**
 * Whether all that the peers have said to each other is known. What was not seen proves something only then:
 * that nobody voted, that no leader sent an entry. What was seen proves what it proves in any case.
 */
export interface Evidence {
  /** False as soon as an event is missing, or a message between peers cannot be read. */
  isWhole: boolean;
}
