import type { Command, LogIndex } from "../peer/raft-peer.js";
import { ApplyError, type Committed } from "./appliers.js";
import type { Cluster } from "./cluster.js";
import { sameCommand, showCommand } from "./commands.js";

/** All that `one` spends on a command. */
const AGREEMENT_LIMIT_MS = 10_000;
/** What one submission of it may take to be applied. */
const SUBMISSION_LIMIT_MS = 2000;
const COMMIT_POLL_MS = 20;
/** Wait before looking for a leader anew. */
const NO_LEADER_WAIT_MS = 50;

/** Looks of `wait`: with its growing delays at most 30.71 s. */
const WAIT_ROUNDS = 30;
const FIRST_WAIT_MS = 10;
/** A delay is doubled while it is shorter than this. */
const DOUBLED_BELOW_MS = 1000;

/** What came of a `wait`. */
export interface Waited {
  /** A peer is in a later term than the one given: the entry may never be committed. */
  readonly newTerm: boolean;
  /** The command at the index; `undefined` in a new term. */
  readonly command: Command;
}

/**
 * How many servers, running or not, have applied `index`, and what (lab-spec 6.10).
 * @throws {CaseFailure} if servers differ, or a peer has applied what it must not
 */
export function nCommitted({ logs, verdict }: Cluster, index: LogIndex): Committed {
  try {
    return logs.committed(index);
  } catch (error) {
    if (!(error instanceof ApplyError)) throw error;
    throw verdict.fail({ kind: "apply", message: error.message, peer: error.peer, details: error.details });
  }
}

/**
 * Waits until at least `count` servers have applied `index`, for at most 30.71 s (lab-spec 6.10).
 * @param startTerm ends the waiting as soon as a peer is in a later term; -1 for whatever term
 * @throws {CaseFailure} if fewer have applied it by then
 */
export async function wait(
  cluster: Cluster,
  index: LogIndex,
  count: number,
  startTerm: number,
): Promise<Waited> {
  let delayMs = FIRST_WAIT_MS;
  for (let round = 0; round < WAIT_ROUNDS * cluster.patience; round += 1) {
    if (nCommitted(cluster, index).count >= count) break;
    await cluster.verdict.sleep(delayMs);
    if (delayMs < DOUBLED_BELOW_MS) delayMs *= 2;
    if (startTerm > -1 && (await highestTerm(cluster)) > startTerm)
      return { newTerm: true, command: undefined };
  }
  const committed = nCommitted(cluster, index);
  if (committed.count >= count) return { newTerm: false, command: committed.command };
  const message = `only ${committed.count} decided for index ${index}; wanted ${count}`;
  throw cluster.verdict.fail({ kind: "check", message });
}

/**
 * One complete agreement (lab-spec 6.11): submits `command` to whoever leads, until it is applied.
 * @param servers how many must apply it
 * @param retry whether it may be submitted again when 2 s have not sufficed; it may then stand in the log twice
 * @returns the index at which it stands; -1 if the case is over
 * @throws {CaseFailure} if that takes more than 10 s, or 2 s without `retry`
 */
export async function one(
  cluster: Cluster,
  command: Command,
  servers: number,
  retry: boolean,
): Promise<number> {
  const { verdict } = cluster;
  const { clock } = cluster.runtime;
  const endMs = clock.nowMs() + AGREEMENT_LIMIT_MS * cluster.patience;
  const candidates = new Candidates(cluster);
  while (clock.nowMs() < endMs && !verdict.isOver) {
    const index = await candidates.submit(command);
    if (index === undefined) {
      await verdict.sleep(NO_LEADER_WAIT_MS);
      continue;
    }
    if (await isAgreed(cluster, index, command, servers)) return index;
    if (!retry) throw noAgreement(cluster, command);
  }
  if (verdict.isOver) return -1;
  throw noAgreement(cluster, command);
}

/** Takes the servers in turn, on from where it last stood: a new leader is as likely to be any of them. */
class Candidates {
  readonly #cluster: Cluster;
  /** Moved before it is used: the very first candidate is server 1. */
  #server = 0;

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
  }

  /** Offers `command` to each server once, until one leads. @returns its index; `undefined` if none leads */
  async submit(command: Command): Promise<LogIndex | undefined> {
    const cluster = this.#cluster;
    for (let tried = 0; tried < cluster.n; tried += 1) {
      this.#server = (this.#server + 1) % cluster.n;
      // Looked up right before each call: they may have changed during the last one (lab-spec 9.1).
      if (!cluster.isConnected(this.#server) || !cluster.isRunning(this.#server)) continue;
      const { index, isLeader } = await cluster.start(this.#server, command);
      if (isLeader) return index;
    }
    return undefined;
  }
}

async function isAgreed(
  cluster: Cluster,
  index: LogIndex,
  command: Command,
  servers: number,
): Promise<boolean> {
  const { clock } = cluster.runtime;
  const endMs = clock.nowMs() + SUBMISSION_LIMIT_MS * cluster.patience;
  while (clock.nowMs() < endMs) {
    const committed = nCommitted(cluster, index);
    const isEnough = committed.count > 0 && committed.count >= servers;
    if (isEnough && sameCommand(committed.command, command)) return true;
    await cluster.verdict.sleep(COMMIT_POLL_MS);
  }
  return false;
}

function noAgreement({ verdict }: Cluster, command: Command): Error {
  return verdict.fail({ kind: "check", message: `one(${showCommand(command)}) failed to reach agreement` });
}

async function highestTerm(cluster: Cluster): Promise<number> {
  const servers = Array.from({ length: cluster.n }, (_, server) => server);
  const states = await Promise.all(servers.map((server) => cluster.getState(server)));
  return Math.max(...states.map(({ term }) => term));
}
