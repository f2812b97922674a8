import type { RaftState } from "../peer/raft-peer.js";
import type { Random } from "../runtime/random.js";
import type { Cluster } from "./cluster.js";

/** Rounds in which `checkOneLeader` looks for a leader: 4.5 to 5.5 s in all. */
const LEADER_ROUNDS = 10;

/** What one server told of its state. */
interface Told extends RaftState {
  readonly server: number;
}

/**
 * Waits until a connected peer leads (lab-spec 6.8).
 * @returns the leader of the highest term: leaders of different terms are tolerated
 * @throws {CaseFailure} if there is none within 10 rounds, times the tester's patience, or a term has two
 */
export async function checkOneLeader(cluster: Cluster, random: Random): Promise<number> {
  for (let round = 0; round < LEADER_ROUNDS * cluster.patience; round += 1) {
    await cluster.verdict.sleep(450 + random.int(0, 99));
    const leaders = (await connectedStates(cluster)).filter(({ isLeader }) => isLeader);
    checkOnePerTerm(cluster, leaders);
    const [newest] = leaders.sort((a, b) => b.term - a.term);
    if (newest) return newest.server;
  }
  throw cluster.verdict.fail({ kind: "check", message: "expected one leader, got none" });
}

/**
 * The term that all connected peers are in, looked at once (lab-spec 6.9).
 * @returns -1 if nobody is connected
 * @throws {CaseFailure} if they differ
 */
export async function checkTerms(cluster: Cluster): Promise<number> {
  const [first, ...others] = (await connectedStates(cluster)).filter(({ term }) => term !== -1);
  const differing = others.find(({ term }) => term !== first?.term);
  if (!first || !differing) return first?.term ?? -1;
  const message =
    `servers disagree on term: server ${first.server} is in ${first.term}, ` +
    `server ${differing.server} in ${differing.term}`;
  throw cluster.verdict.fail({ kind: "check", message });
}

/**
 * Looks once whether nobody connected claims to lead (lab-spec 6.9).
 * @throws {CaseFailure} if one does
 */
export async function checkNoLeader(cluster: Cluster): Promise<void> {
  const leader = (await connectedStates(cluster)).find(({ isLeader }) => isLeader);
  if (!leader) return;
  const message = `expected no leader among connected servers, but server ${leader.server} claims to be leader of term ${leader.term}`;
  throw cluster.verdict.fail({ kind: "check", message, peer: leader.server });
}

function checkOnePerTerm({ verdict }: Cluster, leaders: readonly Told[]): void {
  for (const { term } of leaders) {
    const rivals = leaders.filter((leader) => leader.term === term).map(({ server }) => server);
    if (rivals.length < 2) continue;
    const message = `term ${term} has ${rivals.length} (>1) leaders: servers ${rivals.join(", ")}`;
    throw verdict.fail({ kind: "check", message, breaks: "safety" });
  }
}

/** All are asked at one moment, so that their answers differ in age as little as can be (lab-spec 9.1). */
async function connectedStates(cluster: Cluster): Promise<Told[]> {
  const connected = range(cluster.n).filter((server) => cluster.isConnected(server));
  return Promise.all(connected.map(async (server) => ({ server, ...(await cluster.getState(server)) })));
}

function range(n: number): number[] {
  return Array.from({ length: n }, (_, i) => i);
}
