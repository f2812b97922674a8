import { type CaseOptions, defineCase } from "../cases.js";
import type { CaseDefinition } from "../harness/case.js";
import type { Config } from "../harness/config.js";
import { allServers, anyCommand, RETRY } from "./steps.js";

/** A case beside the lab's. */
export function extraCase(
  name: string,
  what: string,
  options: Pick<CaseOptions, "servers" | "unreliable" | "run">,
): CaseDefinition {
  return defineCase({ name, part: "extra", title: `Test (extra): ${what}`, ...options });
}

/** Voters hardly ever come to stand in so short a life; and not each of a candidate's requests comes amid a restart. */
const SHORT_LIFE_MS = { min: 100, max: 200 };
const LEADS_WITHIN_MS = 10_000;

/**
 * Makes `server` lead: nobody is on the network but it and `voters`, and those are restarted so often that
 * they do not come to stand themselves.
 */
export async function letLead(cfg: Config, server: number, voters: readonly number[]): Promise<void> {
  for (const other of allServers(cfg)) if (other !== server) cfg.disconnect(other);
  cfg.connect(server);
  for (let waitedMs = 0; waitedMs < LEADS_WITHIN_MS; ) {
    for (const voter of voters) cfg.crash1(voter);
    for (const voter of voters) await cfg.start1(voter);
    for (const voter of voters) cfg.connect(voter);
    const lifeMs = cfg.random.int(SHORT_LIFE_MS.min, SHORT_LIFE_MS.max);
    await cfg.sleep(lifeMs);
    waitedMs += lifeMs;
    const { term, isLeader } = await cfg.getState(server);
    const terms = await Promise.all(voters.map(async (voter) => (await cfg.getState(voter)).term));
    if (isLeader && terms.every((other) => other === term)) return;
  }
  throw cfg.fail(
    `server ${server} does not come to lead within ${LEADS_WITHIN_MS} ms, though it alone could stand`,
  );
}

export async function agreeInPeace(cfg: Config): Promise<void> {
  cfg.setLongReordering(false);
  cfg.setUnreliable(false);
  for (const server of allServers(cfg)) cfg.connect(server);
  await cfg.one(anyCommand(cfg), cfg.n, RETRY);
}
