import { type Config, ELECTION_TIMEOUT_MS } from "../harness/config.js";
import { allServers, check, startAll } from "./steps.js";

/**
 * The two 3B cases that hold within one term only (lab-spec 7.2): if the term changes meanwhile, a try
 * proves nothing and is made again.
 */

/** A try did not hold for the term it began in. */
const TERM_CHANGED = Symbol("the term changed");

const TRIES = 5;
const BETWEEN_TRIES_MS = 3000;

/** `start` may be called while others run; every accepted command is committed. */
export async function concurrentStarts(cfg: Config): Promise<void> {
  await inOneTerm(cfg, async () => {
    const leader = await cfg.checkOneLeader();
    const { term, isLeader } = await cfg.start(leader, 1);
    if (!isLeader) return TERM_CHANGED;

    const commands = [100, 101, 102, 103, 104];
    const answers = await startAll(cfg, leader, commands);
    const accepted = answers.filter((answer) => answer.isLeader && answer.term === term);
    if (!(await areAllInTerm(cfg, term))) return TERM_CHANGED;

    const committed: unknown[] = [];
    for (const { index } of accepted) {
      const waited = await cfg.wait(index, cfg.n, term);
      if (waited.newTerm) return TERM_CHANGED;
      check(
        cfg,
        Number.isInteger(waited.command),
        `value ${String(waited.command)} at index ${index} is not an integer`,
        "safety",
      );
      committed.push(waited.command);
    }
    for (const command of commands) {
      const isCommitted = committed.includes(command);
      check(cfg, isCommitted, `command ${command} missing in ${committed.join(", ")}`, "safety");
    }
    return undefined;
  });
}

/** Neither an election, nor agreement, nor an idle second takes more RPCs than it needs. */
export async function rpcCounts(cfg: Config): Promise<void> {
  const rpcs = (): number => allServers(cfg).reduce((sum, server) => sum + cfg.rpcCount(server), 0);

  await cfg.checkOneLeader();
  const forElection = rpcs();
  check(
    cfg,
    forElection >= 1 && forElection <= 30,
    `too many or few RPCs (${forElection}) to elect the initial leader; expected 1 to 30`,
    "budget",
  );

  const before = await inOneTerm(cfg, () => agreeOnEleven(cfg, rpcs));

  await cfg.sleep(ELECTION_TIMEOUT_MS);
  const idle = rpcs() - before;
  const problem = `too many RPCs (${idle}) for 1 second of idleness; expected at most ${3 * 20}`;
  check(cfg, idle <= 3 * 20, problem, "budget");
}

/** @returns the RPCs counted when ten of the commands were committed */
async function agreeOnEleven(cfg: Config, rpcs: () => number): Promise<number | typeof TERM_CHANGED> {
  const iterations = 10;
  const leader = await cfg.checkOneLeader();
  const before = rpcs();
  const first = await cfg.start(leader, 1);
  if (!first.isLeader) return TERM_CHANGED;

  const commands = Array.from({ length: iterations + 1 }, () => cfg.random.int(0, 0x7fffffff));
  const answers = await startAll(cfg, leader, commands);
  for (const [i, { index, term, isLeader }] of answers.entries()) {
    if (term !== first.term || !isLeader) return TERM_CHANGED;
    const expected = first.index + 1 + i;
    check(cfg, index === expected, `start() gave index ${index}, but expected ${expected}`, "safety");
  }

  for (const [i, command] of commands.slice(0, iterations).entries()) {
    const index = first.index + 1 + i;
    const waited = await cfg.wait(index, cfg.n, first.term);
    if (waited.newTerm) return TERM_CHANGED;
    check(
      cfg,
      waited.command === command,
      `wrong value ${String(waited.command)} committed for index ${index}; expected ${command}`,
      "safety",
    );
  }

  const after = rpcs();
  if (!(await areAllInTerm(cfg, first.term))) return TERM_CHANGED;
  const used = after - before;
  const limit = (iterations + 1 + 3) * 3;
  const problem = `too many RPCs (${used}) for ${iterations} entries; expected at most ${limit}`;
  check(cfg, used <= limit, problem, "budget");
  return after;
}

/** Tries until the term holds, 5 times at most. @returns what the successful try gave */
async function inOneTerm<Result>(
  cfg: Config,
  attempt: () => Promise<Result | typeof TERM_CHANGED>,
): Promise<Result> {
  for (let tried = 0; tried < TRIES; tried += 1) {
    if (tried > 0) await cfg.sleep(BETWEEN_TRIES_MS); // some time for a leader to settle
    const result = await attempt();
    if (result !== TERM_CHANGED) return result;
  }
  throw cfg.fail("term changed too often");
}

async function areAllInTerm(cfg: Config, term: number): Promise<boolean> {
  const states = await Promise.all(allServers(cfg).map((server) => cfg.getState(server)));
  return states.every((state) => state.term === term);
}
