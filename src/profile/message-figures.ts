import type { RecordableHistogram } from "node:perf_hooks";
import type { OpenCalls } from "../harness/details.js";
import { merged, summary } from "./histograms.js";
import type { PeerRecord } from "./peer-record.js";
import { type HandlerProfile, type Measured, type MessageProfile, sum } from "./profile.js";
import type { LinkStages, RouterProbe } from "./router-probe.js";
import type { HandlerFigures, PeerStages } from "./thread-words.js";

/** What the messages of all `records` waited for. */
export function messageProfile(
  records: readonly PeerRecord[],
  lost: RouterProbe["lost"],
  measuredShare: number,
): MessageProfile {
  const inPeer = (stage: keyof PeerStages): RecordableHistogram =>
    merged(records.flatMap(({ stages }) => (stages ? [stages[stage]] : [])));
  const inRouter = (stage: keyof LinkStages): RecordableHistogram =>
    merged(records.map(({ link }) => link.stages[stage]));
  const handled = merged(records.flatMap(({ handlers }) => handlers.map(({ handled }) => handled)));
  const peerCount = Math.max(0, ...records.map(({ spec }) => (spec?.peer ?? 0) + 1));
  return {
    stages: {
      queued: summary(inPeer("queued")),
      toRouter: summary(inRouter("toRouter")),
      atRouter: summary(inRouter("atRouter")),
      held: summary(inRouter("held")),
      asked: summary(inRouter("asked")),
      toPeer: summary(inPeer("toPeer")),
      atPeer: summary(inPeer("atPeer")),
      handled: summary(handled),
      encode: summary(inPeer("encode")),
      decode: summary(inPeer("decode")),
    },
    roundTrip: summary(inPeer("roundTrip")),
    atPeer: Array.from({ length: peerCount }, (_, peer) => {
      const own = records.filter(({ spec }) => spec?.peer === peer);
      return summary(merged(own.flatMap(({ stages }) => (stages ? [stages.atPeer] : []))));
    }),
    lost: { ...lost },
    measuredShare,
  };
}

/**
 * Each handler, over all peers; the one that took longest in all first.
 * @param open what handlers have not answered yet
 */
export function handlerProfiles(
  records: readonly PeerRecord[],
  open: readonly OpenCalls[],
): HandlerProfile[] {
  const byName = new Map<string, HandlerFigures[]>(open.map(({ svcMeth }) => [svcMeth, []]));
  for (const handler of records.flatMap(({ handlers }) => handlers)) {
    byName.set(handler.svcMeth, [...(byName.get(handler.svcMeth) ?? []), handler]);
  }
  return [...byName]
    .map(([svcMeth, figures]) => ({
      svcMeth,
      handled: summary(merged(figures.map(({ handled }) => handled))),
      blocked: summary(merged(figures.map(({ blocked }) => blocked))),
      ...oldestOf(open.filter((one) => one.svcMeth === svcMeth)),
    }))
    .filter(({ handled, open }) => handled.count > 0 || open !== undefined)
    .sort((a, b) => b.handled.count * b.handled.meanMs - a.handled.count * a.handled.meanMs);
}

/** What all peers have not answered, and which of them for longest. */
function oldestOf(open: readonly OpenCalls[]): Pick<HandlerProfile, "open"> {
  if (open.length === 0) return {};
  const { server: peer, oldestMs } = open.reduce((a, b) => (b.oldestMs > a.oldestMs ? b : a));
  return { open: { calls: sum(open, ({ calls }) => calls), oldestMs, peer } };
}

/** Of fewer batches the quickest may have been slow. */
const MANY_BATCHES = 30;

/** The peer whose clock may be furthest off; of those that many messages went to and came from, where there are such. */
export function clockCheck(records: readonly PeerRecord[]): Measured["clock"] {
  const checks = records.flatMap(({ link }) => link.clockOffset() ?? []);
  const sound = checks.filter(({ batches }) => batches >= MANY_BATCHES);
  const [worst] = (sound.length > 0 ? sound : checks).sort(
    (a, b) => Math.abs(b.offsetMs) + b.errorMs - Math.abs(a.offsetMs) - a.errorMs,
  );
  if (!worst) return { unavailable: "no peer has sent and got a message of an RPC" };
  return { offsetMs: worst.offsetMs, errorMs: worst.errorMs };
}
