import type { RunError } from "../harness/case.js";
import type { Config } from "../harness/config.js";
import type { Command, StartResult } from "../peer/raft-peer.js";
import { MAX_COMMAND } from "../runtime/random.js";

/** For `one`: the command may be submitted again, and may then stand in the log twice. */
export const RETRY = { retry: true };
/** For `one`: one submission must do. */
export const NO_RETRY = { retry: false };

/** The lab's `rnd63()`. */
export function anyCommand({ random }: Config): number {
  return random.int(0, MAX_COMMAND);
}

/** The numbers of all servers, in order. */
export function allServers({ n }: Config): number[] {
  return Array.from({ length: n }, (_, i) => i);
}

/** Any server. */
export function anyServer({ n, random }: Config): number {
  return random.int(0, n - 1);
}

/** The `k` servers that come after `server`, around the circle. */
export function nextServers({ n }: Config, server: number, k: number): number[] {
  return Array.from({ length: k }, (_, i) => (server + 1 + i) % n);
}

/** The first server after `server`, around the circle. */
export function nextServer({ n }: Config, server: number): number {
  return (server + 1) % n;
}

/**
 * Submits commands to one peer, back to back. In Go that takes microseconds; waiting for each answer here
 * would spread them over many round trips.
 */
export function startAll(cfg: Config, server: number, commands: readonly Command[]): Promise<StartResult[]> {
  return Promise.all(commands.map((command) => cfg.start(server, command)));
}

/**
 * Submits a command to each of `servers`, back to back, each drawn when its turn comes.
 * @returns their answers, in the order of `servers`
 */
export async function startOnEach(
  cfg: Config,
  servers: readonly number[],
  command: () => Command,
): Promise<{ readonly server: number; readonly answer: StartResult }[]> {
  return Promise.all(servers.map(async (server) => ({ server, answer: await cfg.start(server, command()) })));
}

/**
 * Fails the case unless `holds`.
 * @param breaks what is broken then, on whatever machine; left out where a slow one may be to blame
 */
export function check(cfg: Config, holds: boolean, problem: string, breaks?: RunError["breaks"]): void {
  if (!holds) throw cfg.fail({ kind: "check", message: problem, breaks });
}

/** Sleeps at times up to half an election, mostly a few ms: the rhythm of the Figure 8 cases. */
export async function sleepAWhile(cfg: Config): Promise<void> {
  const isLong = cfg.random.percent(10);
  await cfg.sleep(cfg.random.int(0, isLong ? 499 : 12));
}
