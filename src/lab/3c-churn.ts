import { type Config, ELECTION_TIMEOUT_MS } from "../harness/config.js";
import { allServers, anyCommand, anyServer, check, RETRY, startOnEach } from "./steps.js";

const CLIENTS = [0, 1, 2];
const ROUNDS = 20;

/** How long a client waits, look by look, for its command to be committed; it may never be. */
const COMMIT_WAITS_MS = [10, 20, 50, 100, 200];

/** Clients submit while servers come and go; what was reported as committed must be in the log (lab-spec 7.3). */
export async function churn(cfg: Config): Promise<void> {
  const stop = { isAsked: false };
  const clients = CLIENTS.map((client) => cfg.background(() => submitUntil(cfg, stop, client)));

  for (let round = 0; round < ROUNDS; round += 1) await disturb(cfg);
  await cfg.sleep(ELECTION_TIMEOUT_MS);
  cfg.setUnreliable(false);
  for (const server of allServers(cfg)) await bringBack(cfg, server);

  stop.isAsked = true;
  const reported = (await Promise.all(clients)).flat();
  await cfg.sleep(ELECTION_TIMEOUT_MS);

  const last = await cfg.one(anyCommand(cfg), cfg.n, RETRY);
  const committed = await committedUpTo(cfg, last);
  for (const command of reported)
    check(cfg, committed.has(command), `the committed command ${command} is missing`, "safety");
}

/** One client. @returns the commands that it saw committed */
async function submitUntil(
  cfg: Config,
  stop: { readonly isAsked: boolean },
  client: number,
): Promise<number[]> {
  const committed: number[] = [];
  while (!stop.isAsked) {
    const command = anyCommand(cfg);
    const running = allServers(cfg).filter((server) => cfg.isRunning(server));
    const answers = await startOnEach(cfg, running, () => command);
    const index = answers.findLast(({ answer }) => answer.isLeader)?.answer.index;
    if (index === undefined) await cfg.sleep(79 + 17 * client);
    else if (await isCommittedAt(cfg, index, command)) committed.push(command);
  }
  return committed;
}

async function isCommittedAt(cfg: Config, index: number, command: number): Promise<boolean> {
  for (const waitMs of COMMIT_WAITS_MS) {
    const committed = cfg.nCommitted(index);
    if (committed.count > 0) {
      checkIsInteger(cfg, committed.command, index);
      return committed.command === command;
    }
    await cfg.sleep(waitMs);
  }
  return false;
}

/** One round of trouble: three draws, each with a server of its own. */
async function disturb(cfg: Config): Promise<void> {
  if (cfg.random.percent(20)) cfg.disconnect(anyServer(cfg));
  if (cfg.random.percent(50)) await bringBack(cfg, anyServer(cfg));
  if (cfg.random.percent(20)) crashIfRunning(cfg, anyServer(cfg));
  // Long enough for some to catch up or be elected, and not for all.
  await cfg.sleep(0.7 * ELECTION_TIMEOUT_MS);
}

function crashIfRunning(cfg: Config, server: number): void {
  if (cfg.isRunning(server)) cfg.crash1(server);
}

async function bringBack(cfg: Config, server: number): Promise<void> {
  if (!cfg.isRunning(server)) await cfg.start1(server);
  cfg.connect(server);
}

async function committedUpTo(cfg: Config, last: number): Promise<ReadonlySet<unknown>> {
  const committed = new Set<unknown>();
  for (let index = 1; index <= last; index += 1) {
    const { command } = await cfg.wait(index, cfg.n);
    checkIsInteger(cfg, command, index);
    committed.add(command);
  }
  return committed;
}

function checkIsInteger(cfg: Config, command: unknown, index: number): void {
  check(
    cfg,
    Number.isInteger(command),
    `the command at index ${index} is not an integer: ${String(command)}`,
    "safety",
  );
}
